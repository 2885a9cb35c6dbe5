import t from 'tap'
import { OptionError } from '../lib/errors.ts'
import { resolveOptions } from '../lib/options/resolve.ts'
import type { RealtimeGatewayOptions } from '../types/index.ts'

const models = [{ model: 'm', target: 'xai/m' }, { model: 'n', target: 'xai/n' }, { model: 'a.B#c', target: 'xai/n' }]
const good: RealtimeGatewayOptions = { deployments: models, masterKey: 'sk-master-key-0001' }
const resolve = (change: object) => resolveOptions({ ...good, ...change } as RealtimeGatewayOptions, ['openai', 'xai'])
const routing = (change: object): object => ({ routing: change })
const deployment = (change: object): object => ({ deployments: [{ model: 'm', target: 'xai/m', ...change }] })
const key = (change: object): object => ({ keys: [{ key: 'sk-12345678', ...change }] })
const group = (change: unknown): object => routing({ groups: { 'a.B#c': change } })

const strategyNames = "must be 'simple-shuffle', 'round-robin', 'least-busy', 'latency', 'cost' or 'usage'"
const notNegative = 'must be a number that is not negative'

const numbers: ReadonlyArray<readonly [name: string, least: number, most: number]> = [
  ['maxCandidates', 1, 100],
  ['latencyBuffer', 0, 100],
  ['outputShare', 0, 1],
  ['allowedFails', 1, 1e6],
  ['cooldownMs', 0, 2 ** 31 - 1],
  ['credentialsCooldownMs', 0, 2 ** 31 - 1],
  ['probeIntervalMs', 100, 2 ** 30]
]

const bad: ReadonlyArray<readonly [change: object, option: string, rule: string]> = [
  ...[null, [], 'latency', 3].map(value => [{ routing: value }, 'routing', 'must be an object'] as const),
  [routing({ startegy: 'cost' }), 'routing.startegy', 'is not an option of the router; did you mean strategy?'],
  [routing({ constructor: 1 }), 'routing.constructor', 'is not an option of the router'],
  [{ ...routing({}), router: { candidates: () => [] } }, 'routing', 'is for the built-in router, which the option router replaces'],
  ...numbers.flatMap(([name, least, most]) => [least - 1, most + 1, NaN, Infinity, String(least), null].map(value =>
    [routing({ [name]: value }), `routing.${name}`, `must be a ${name === 'maxCandidates' ? 'whole ' : ''}number from ${least} to ${most}`] as const)),
  ...['priority', 'toString', '', 3, null].flatMap(value => [
    [routing({ strategy: value }), 'routing.strategy', strategyNames],
    [group({ strategy: value }), 'routing.groups.a.B#c.strategy', strategyNames]
  ] as const),
  ...['session', true, null].flatMap(value => [
    [routing({ sticky: value }), 'routing.sticky', "must be 'key' or 'user'"],
    [group({ sticky: value }), 'routing.groups.a.B#c.sticky', "must be 'key' or 'user'"]
  ] as const),
  ...[null, [], 'm'].map(value => [routing({ groups: value }), 'routing.groups', 'must be an object'] as const),
  ...[null, [], 'cost'].map(value => [group(value), 'routing.groups.a.B#c', 'must be an object'] as const),
  [group({ weight: 1 }), 'routing.groups.a.B#c.weight', 'is not a field of a group'],
  ...[null, ['m'], 'm'].map(value => [routing({ aliases: value }), 'routing.aliases', 'must be an object'] as const),
  ...['nobody', '', 3, null, ['m'], 'constructor'].map(value => [routing({ aliases: { x: value } }), 'routing.aliases.x', 'must be a model that a deployment has'] as const),
  [routing({ aliases: { x: 'm', y: 'x' } }), 'routing.aliases.y', 'must be a model that a deployment has'],
  ...[null, ['m'], 'm'].map(value => [routing({ fallbacks: value }), 'routing.fallbacks', 'must be an object'] as const),
  ...['n', null, [3], { n: 'm' }].flatMap(value => [
    [routing({ fallbacks: { 'a.B#c': value } }), 'routing.fallbacks.a.B#c', 'must be a list of texts'],
    [routing({ defaultFallbacks: value }), 'routing.defaultFallbacks', 'must be a list of texts']
  ] as const),
  [routing({ fallbacks: { m: ['n', 'nobody'] } }), 'routing.fallbacks.m', 'must be models that a deployment has'],
  [routing({ fallbacks: { m: [''] } }), 'routing.fallbacks.m', 'must be models that a deployment has'],
  [routing({ defaultFallbacks: ['nobody'] }), 'routing.defaultFallbacks', 'must be models that a deployment has'],
  ...['yes', 1, null].map(value => [routing({ tagFiltering: value }), 'routing.tagFiltering', 'must be true or false'] as const),
  ...[0, -1, NaN, Infinity, 'p99', '100', null].map(value => [routing({ hedgeAfterMs: value }), 'routing.hedgeAfterMs', "must be a number above 0, or 'p95'"] as const),

  ...[null, {}, 'memory', { until () {}, start () {} }].map(value => [{ cooldowns: value }, 'cooldowns', 'must have the functions until, start and clear'] as const),

  ...['tpm', 'allowedFails', 'cooldownMs'].flatMap(name => [-1, NaN, '1', Infinity].map(value => [deployment({ [name]: value }), `deployments[0].${name}`, notNegative] as const)),
  ...[null, 3, [1, 2]].map(value => [deployment({ price: value }), 'deployments[0].price', 'must be an object'] as const),
  [deployment({ price: { inputPerMinute: 1, outputPerMinute: 1, currency: 'EUR' } }), 'deployments[0].price.currency', 'is not a field of price'],
  ...[{}, { outputPerMinute: 1 }, { inputPerMinute: -1, outputPerMinute: 1 }, { inputPerMinute: '1', outputPerMinute: 1 }].map(value => [deployment({ price: value }), 'deployments[0].price.inputPerMinute', notNegative] as const),
  ...[{ inputPerMinute: 1 }, { inputPerMinute: 1, outputPerMinute: NaN }].map(value => [deployment({ price: value }), 'deployments[0].price.outputPerMinute', notNegative] as const),
  ...[null, 4, []].map(value => [deployment({ warm: value }), 'deployments[0].warm', 'must be an object'] as const),
  [deployment({ warm: { size: 1, maxIdlMs: 2 } }), 'deployments[0].warm.maxIdlMs', 'is not a field of warm; did you mean maxIdleMs?'],
  ...[{}, { size: -1 }, { size: 1.5 }, { size: 1001 }, { size: '1' }].map(value => [deployment({ warm: value }), 'deployments[0].warm.size', 'must be a whole number from 0 to 1000'] as const),
  [deployment({ maxSessions: 2, warm: { size: 3 } }), 'deployments[0].warm.size', 'must not be above maxSessions'],
  ...[0, -1, NaN, 2 ** 31].map(value => [deployment({ warm: { size: 1, maxIdleMs: value } }), 'deployments[0].warm.maxIdleMs', 'must be a number above 0'] as const),
  [deployment({ model: 'm*', warm: { size: 1 } }), 'deployments[0].warm', 'cannot be kept for a model with *, which names no one model'],
  ...['eu', [1], {}].map(value => [deployment({ tags: value }), 'deployments[0].tags', 'must be a list of texts'] as const),

  ...['no', 0, null].map(value => [key({ fallbacks: value }), 'keys[0].fallbacks', 'must be true or false'] as const),
  ...['eu', [1], {}].map(value => [key({ tags: value }), 'keys[0].tags', 'must be a list of texts'] as const)
]

t.test('a bad value is refused with a message that names the option and its rule', async t => {
  for (const [change, option, rule] of bad) {
    t.throws(() => resolve(change), { constructor: OptionError, code: 'RTG_ERR_OPTION', message: `realtime gateway: option ${option} ${rule}` },
      `${option}: ${JSON.stringify(change).slice(0, 80)}`)
  }
})

t.test('the least and the greatest legal numbers are taken', async t => {
  for (const [name, least, most] of numbers) {
    for (const value of [least, most]) t.doesNotThrow(() => resolve(routing({ [name]: value })), `${name} ${value}`)
  }
})

t.test('everything at once is taken, and stays as it is', async t => {
  const all = {
    strategy: 'latency',
    sticky: 'user',
    groups: { 'a.B#c': { strategy: 'cost' }, nobody: { sticky: 'key' }, m: {} },
    aliases: { x: 'm', 'y.Z': 'a.B#c' },
    fallbacks: { m: ['n', 'x'], nobody: [], x: ['y.Z'] },
    defaultFallbacks: ['n', 'y.Z'],
    hedgeAfterMs: 'p95',
    tagFiltering: true
  } as const
  const before = structuredClone(all)
  t.strictSame(resolve(routing(all)).routing, before)
  t.strictSame(all, before)
  t.doesNotThrow(() => resolve(routing({ hedgeAfterMs: 0.5 })))
  t.doesNotThrow(() => resolve({ ...routing({ fallbacks: { m: ['xai/anything'] }, aliases: { x: 'xai/y' } }), deployments: [...models, { model: 'xai/*', target: 'xai/*' }] }), 'a wildcard serves them')
})

t.test('a deployment takes all that routing goes by', async t => {
  const all = { weight: 0, rpm: 0, tpm: 0, order: 0, allowedFails: 0, cooldownMs: 0, price: { inputPerMinute: 0, outputPerMinute: 2 }, tags: [], maxSessions: 3, warm: { size: 3, maxIdleMs: 1 } }
  t.match(resolve(deployment(all)).deployments[0], all)
  t.doesNotThrow(() => resolve(deployment({ model: 'm*', warm: { size: 0 } })), 'none kept warm is no pool')
})
