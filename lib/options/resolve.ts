import { successorOf } from '../catalogue.ts'
import { hashKey } from '../keys/hash.ts'
import { resolveDeployments } from './deployments.ts'
import { checkDialects } from './dialects.ts'
import { checkKeys } from './keys.ts'
import { checkRouting } from './routing.ts'
import { isName, maxNumber, rule, texts } from './rule.ts'
import type { Deployment, RealtimeGatewayOptions } from '../../types/index.ts'

/** Defaults of the options that are numbers; times in milliseconds, sizes in bytes. */
export const defaults = {
  connectTimeout: 10_000,
  upgradeTimeout: 20_000,
  maxUpgrades: 1_000,
  maxSessions: 10_000,
  maxMessageBytes: 16 * 1024 * 1024,
  maxFragments: 16_384,
  maxUnfinishedBytes: 64 * 1024 * 1024,
  messageRate: 500,
  messageBurst: 5_000,
  controlRate: 10,
  controlBurst: 100,
  highWaterMark: 1024 * 1024,
  lowWaterMark: 256 * 1024,
  stallTimeout: 30_000,
  pingInterval: 15_000,
  pongTimeout: 15_000,
  idleTimeout: 0,
  maxSessionDuration: 0,
  closeTimeout: 5_000,
  lingerTimeout: 10_000,
  drainTimeout: 10_000
} as const satisfies Partial<Record<keyof RealtimeGatewayOptions, number>>

/** Lengths of `masterKey`: the shortest that is taken, and the shortest that nobody guesses. */
export const masterKeyLength = { least: 4, safe: 16 } as const

const zeroMeansOff = new Set<string>(['idleTimeout', 'maxSessionDuration', 'lingerTimeout', 'drainTimeout'])

type NumberOption = keyof typeof defaults

/** Options after validation: numbers filled in, secrets hashed, deployments with ids. */
export interface ResolvedOptions extends Readonly<Record<NumberOption, number>>, Omit<RealtimeGatewayOptions, NumberOption | 'deployments' | 'masterKey'> {
  readonly deployments: readonly Deployment[]
  readonly masterKeyHash: string | undefined
  readonly paths: readonly string[]
  readonly refusal: 'auto' | 'http' | 'event'
}

const known = new Set<string>([
  ...Object.keys(defaults), 'prefix', 'deployments', 'router', 'routing', 'cooldowns', 'adapters', 'dialects', 'keys', 'keyStore', 'masterKey', 'authenticate', 'path', 'aliases',
  'defaultModel', 'allowedOrigins', 'refusal', 'onSessionOpen', 'onTurn', 'onSessionClose', 'logLevel', 'logSerializers'
])

/**
 * Checks the options and returns them resolved, in a new object.
 * @param providers the provider names that have an adapter, beside those of `options.adapters`
 * @throws OptionError naming the option and its rule
 */
export function resolveOptions (options: RealtimeGatewayOptions, providers: readonly string[]): ResolvedOptions {
  for (const name of Object.keys(options)) rule(known.has(name), name, 'is not an option of the realtime gateway')

  const numbers = Object.fromEntries(Object.entries(defaults).map(([name, fallback]) => {
    const value = options[name as NumberOption] ?? fallback
    const least = zeroMeansOff.has(name) ? 0 : 1
    rule(Number.isInteger(value) && value >= least && value <= maxNumber, name, `must be a whole number from ${least} to ${maxNumber}`)
    return [name, value]
  })) as Record<NumberOption, number>
  rule(numbers.lowWaterMark <= numbers.highWaterMark, 'lowWaterMark', 'must not be above highWaterMark')

  const { adapters = [], path = '/v1/realtime', aliases = [], refusal = 'auto', masterKey, keys = [] } = options
  rule(Array.isArray(adapters), 'adapters', 'must be a list')
  adapters.forEach((adapter, i) => {
    rule(isName(adapter?.provider) && !adapter.provider.includes('/'), `adapters[${i}].provider`, 'must be a name without a slash')
    rule(typeof adapter.request === 'function', `adapters[${i}].request`, 'must be a function')
    rule(adapter.dialect === undefined || typeof adapter.dialect === 'function', `adapters[${i}].dialect`, 'must be a function')
  })
  rule(options.router === undefined || typeof options.router?.candidates === 'function', 'router', 'must have a function candidates')
  rule(options.deployments !== undefined || options.router !== undefined, 'deployments', 'is required where no router is given')
  checkDialects(options.dialects)
  const deployments = resolveDeployments(options.deployments ?? [], new Set([...providers, ...adapters.map(({ provider }) => provider)]))
    .map(deployment => options.dialects?.successors === true ? Object.freeze({ ...deployment, target: successorOf(deployment.target) ?? deployment.target }) : deployment)

  if (options.routing !== undefined) {
    rule(options.router === undefined, 'routing', 'is for the built-in router, which the option router replaces')
    checkRouting(options.routing, deployments)
  }
  const { cooldowns } = options
  rule(cooldowns === undefined || (['until', 'start', 'clear'] as const).every(name => typeof cooldowns?.[name] === 'function'), 'cooldowns', 'must have the functions until, start and clear')
  for (const name of ['authenticate', 'onSessionOpen', 'onTurn', 'onSessionClose'] as const) {
    rule(options[name] === undefined || typeof options[name] === 'function', name, 'must be a function')
  }
  rule(options.keyStore === undefined || typeof options.keyStore?.findByHash === 'function', 'keyStore', 'must have a function findByHash')
  rule(Array.isArray(keys), 'keys', 'must be a list')
  checkKeys(keys)
  rule(masterKey === undefined || (typeof masterKey === 'string' && masterKey.length >= masterKeyLength.least), 'masterKey', `must be a text of at least ${masterKeyLength.least} characters`)
  rule(keys.length > 0 || (options.keyStore ?? masterKey ?? options.authenticate) !== undefined, 'keys',
    'or keyStore, masterKey or authenticate is required: the gateway is never open')

  const paths = [path, ...texts(aliases, 'aliases')]
  for (const item of paths) rule(typeof item === 'string' && /^\/[^?#*]*$/.test(item), item === path ? 'path' : 'aliases', 'must start with a slash and hold no ?, # or *')
  rule(new Set(paths).size === paths.length, 'aliases', 'must differ from each other and from path')
  rule(['auto', 'http', 'event'].includes(refusal), 'refusal', "must be 'auto', 'http' or 'event'")
  rule(options.defaultModel === undefined || isName(options.defaultModel), 'defaultModel', 'must be a model name')
  if (options.allowedOrigins !== undefined) texts(options.allowedOrigins, 'allowedOrigins')

  const { masterKey: secret, ...rest } = options
  return Object.freeze({
    ...rest,
    ...numbers,
    deployments,
    keys: keys.map(({ key, ...rest }) => key === undefined ? rest : { ...rest, hash: hashKey(key) }),
    masterKeyHash: secret === undefined ? undefined : hashKey(secret),
    paths,
    refusal
  })
}
