import t from 'tap'
import { Ajv } from 'ajv'
import { createHash } from 'node:crypto'
import { OptionError } from '../lib/errors.ts'
import { ajvOptions } from '../lib/options/check.ts'
import { defaults } from '../lib/options/defaults.ts'
import { resolveOptions } from '../lib/options/resolve.ts'
import { gateway } from '../lib/options/schema/gateway.ts'
import type { DeploymentOptions, RealtimeGatewayOptions, VirtualKeyOptions } from '../types/index.ts'

const good: RealtimeGatewayOptions = { deployments: [{ model: 'm', target: 'xai/m', apiKey: 'xai-1' }], masterKey: 'sk-master-key-0001' }
const resolve = (options: object) => resolveOptions(options as RealtimeGatewayOptions, ['openai', 'xai', 'azure'])
const deployment = (change: object): object => ({ deployments: [{ model: 'm', target: 'xai/m', ...change }] })
const azure = (change: object): object => deployment({ target: 'azure/m', baseUrl: 'https://res.openai.azure.com', ...change })
const key = (change: object): object => ({ keys: [{ key: 'sk-12345678', ...change }] })

t.test('the defaults are these', async t => {
  t.strictSame(defaults, {
    connectTimeout: 10_000,
    upgradeTimeout: 20_000,
    maxUpgrades: 1_000,
    maxUnauthenticated: 500,
    maxUnauthenticatedPerAddress: 250,
    maxSessions: 10_000,
    openRate: 100,
    openBurst: 1_000,
    evictIdleAfter: 1_800_000,
    maxMessageBytes: 16_777_216,
    maxFragments: 16_384,
    maxBufferedBytes: 268_435_456,
    slowMessageTimeout: 15_000,
    maxEventValues: 20_000,
    byteRate: 16_777_216,
    byteBurst: 67_108_864,
    messageRate: 500,
    messageBurst: 5_000,
    controlRate: 10,
    controlBurst: 100,
    highWaterMark: 262_144,
    lowWaterMark: 65_536,
    stallTimeout: 30_000,
    pingInterval: 15_000,
    pongTimeout: 15_000,
    idleTimeout: 0,
    maxSessionDuration: 0,
    closeTimeout: 5_000,
    lingerTimeout: 10_000,
    drainTimeout: 10_000
  })
  const { paths, refusal, ...rest } = resolve(good)
  t.match(rest, defaults)
  t.strictSame(paths, ['/v1/realtime'])
  t.equal(refusal, 'auto')
})

const number = 'must be a whole number from 1 to 2147483647'
const numberOrZero = 'must be a whole number from 0 to 2147483647'
const inTheClear = 'must be a wss:// or https:// URL, for ws:// and http:// carry key and voice in the clear; say insecure: true where the way there is safe'
const reference = 'must be the secret itself: os.environ/ means something in a config file only; in code, give process.env.NAME'
const bad: ReadonlyArray<readonly [change: object, option: string, rule: string]> = [
  [{ maxSession: 1 }, 'maxSession', 'is not an option of the realtime gateway; did you mean maxSessions?'],
  [{ maxSession: undefined }, 'maxSession', 'is not an option of the realtime gateway; did you mean maxSessions?'],
  [{ constructor: 1 }, 'constructor', 'is not an option of the realtime gateway'],
  ...Object.keys(defaults).flatMap(name => {
    const zero = ['evictIdleAfter', 'idleTimeout', 'maxSessionDuration', 'lingerTimeout', 'drainTimeout'].includes(name)
    return [-1, 1.5, NaN, Infinity, '5', 2 ** 31, ...zero ? [] : [0]].map(value => [{ [name]: value }, name, zero ? numberOrZero : number] as const)
  }),
  [{ lowWaterMark: 2 ** 21 }, 'lowWaterMark', 'must not be above highWaterMark'],
  [{ adapters: {} }, 'adapters', 'must be a list'],
  [{ adapters: [null] }, 'adapters[0]', 'must be an object'],
  [{ adapters: [{ request () {} }] }, 'adapters[0].provider', 'must be a name without a slash'],
  [{ adapters: [{ provider: 'a/b', request () {} }] }, 'adapters[0].provider', 'must be a name without a slash'],
  [{ adapters: [{ provider: 'a' }] }, 'adapters[0].request', 'must be a function'],
  [{ router: null }, 'router', 'must have the function candidates'],
  [{ router: {} }, 'router', 'must have the function candidates'],
  [{ deployments: undefined }, 'deployments', 'is required where no router is given'],
  [{ deployments: [] }, 'deployments', 'must hold at least one deployment where no router is given'],
  [deployment({ apiKey: undefined }), 'deployments[0].apiKey', 'is undefined: is the variable set that it comes from? Leave apiKey out where the provider needs none'],
  [azure({ apiKey: undefined, token: undefined }), 'deployments[0].apiKey', 'is undefined: is the variable set that it comes from? Leave apiKey out where the provider needs none'],
  [deployment({ apiKey: 'os.environ/XAI_API_KEY' }), 'deployments[0].apiKey', reference],
  [key({ key: 'os.environ/CLIENT_KEY' }), 'keys[0].key', reference],
  [{ masterKey: 'os.environ/MASTER_KEY' }, 'masterKey', reference],
  ...[1_795_000_000, 0, -1, Date.UTC(2026, 10, 26) / 1000].map(expiresAt => [key({ expiresAt }), 'keys[0].expiresAt', 'must be Unix time in milliseconds, not in seconds'] as const),
  ...['https://app.example/', 'https://App.example', 'app.example', 'https://app.example:443', 'http://app.example:80', 'https://*.app.example', 'https://app.example/path', 'https://bücher.example', '', 'ftp://x/']
    .map(origin => [{ allowedOrigins: ['https://a', origin] }, 'allowedOrigins[1]', 'must be an origin as browsers send it, in lower case and without a slash at the end: https://app.example, http://localhost:5173; or * for all'] as const),
  [{ deployments: {} }, 'deployments', 'must be a list'],
  [{ deployments: [null] }, 'deployments[0]', 'must be an object'],
  [{ deployments: [{}] }, 'deployments[0].model', 'must be a model name'],
  [deployment({ model: '' }), 'deployments[0].model', 'must be a model name'],
  [deployment({ model: 'x'.repeat(257) }), 'deployments[0].model', 'must be a model name'],
  [deployment({ target: 'm' }), 'deployments[0].target', "must be 'provider/model'"],
  [deployment({ target: 'xai/a b' }), 'deployments[0].target', "must be 'provider/model'"],
  [deployment({ target: 'groq/m' }), 'deployments[0].target', "names the provider 'groq', which has no adapter; known are openai, xai, azure"],
  [deployment({ model: 'a', target: 'xai/*' }), 'deployments[0].target', 'must not hold more * than model'],
  [deployment({ baseUrl: 'ftp://x' }), 'deployments[0].baseUrl', 'must be a ws(s):// or http(s):// URL'],
  [deployment({ baseUrl: 'api.x.ai' }), 'deployments[0].baseUrl', 'must be a ws(s):// or http(s):// URL'],
  [deployment({ baseUrl: 'https://me:secret@api.x.ai' }), 'deployments[0].baseUrl', 'must not hold a user or a password'],
  [deployment({ apiKey: '' }), 'deployments[0].apiKey', 'must be a text of visible ASCII characters'],
  [deployment({ apiKey: 'a\r\nX: y' }), 'deployments[0].apiKey', 'must be a text of visible ASCII characters'],
  ...['ws://h', 'http://vllm.internal:8000/v1', 'http://10.0.0.1', 'http://[::2]:1', 'http://127.0.0.1.evil.example', 'http://localhost.evil.example'].flatMap(baseUrl =>
    [{}, { insecure: false }, { insecure: undefined }].map(more => [deployment({ baseUrl, ...more }), 'deployments[0].baseUrl', inTheClear] as const)),
  ...[1, 'true', null].map(insecure => [deployment({ insecure }), 'deployments[0].insecure', 'must be true or false'] as const),
  ...['token', 5, null, {}].map(token => [deployment({ token }), 'deployments[0].token', 'must be a function'] as const),
  [deployment({ token: () => 'x', apiKey: 'y' }), 'deployments[0].token', 'must not be given beside apiKey'],
  [azure({ baseUrl: undefined }), 'deployments[0].baseUrl', 'is required for azure: the address of its resource, https://<resource>.openai.azure.com'],
  [azure({ baseUrl: 'http://res.openai.azure.com' }), 'deployments[0].baseUrl', inTheClear],
  ...['GA', 'beta', 'v1', '', null].map(realtimeProtocol => [azure({ realtimeProtocol }), 'deployments[0].realtimeProtocol', "must be 'ga' or 'preview'"] as const),
  ...['2025-04', 'latest', '2025-04-01-Preview', '2025-04-01-preview&x=1', '', null, 20250401].map(apiVersion =>
    [azure({ apiVersion }), 'deployments[0].apiVersion', 'must be YYYY-MM-DD or YYYY-MM-DD-preview'] as const),
  [deployment({ realtimeProtocol: 'ga' }), 'deployments[0].realtimeProtocol', 'is for azure only'],
  [deployment({ apiVersion: '2025-04-01-preview' }), 'deployments[0].apiVersion', 'is for azure only'],
  ...['xai', 'beta', '', null].map(dialect => [deployment({ dialect }), 'deployments[0].dialect', "must be 'openai' or 'native'"] as const),
  ...['weight', 'rpm', 'order', 'maxSessions'].flatMap(name => [-1, NaN, '1', Infinity].map(value =>
    [deployment({ [name]: value }), `deployments[0].${name}`, 'must be a number that is not negative'] as const)),
  [deployment({ headers: null }), 'deployments[0].headers', 'must be an object'],
  [deployment({ headers: 'a: b' }), 'deployments[0].headers', 'must be an object'],
  [deployment({ headers: { 'a b': 'c' } }), 'deployments[0].headers.a b', 'must have a legal header name'],
  ...['Host', 'connection', 'Upgrade', 'Sec-WebSocket-Protocol', 'OpenAI-Beta', 'Content-Length'].map(name =>
    [deployment({ headers: { [name]: 'x' } }), `deployments[0].headers.${name}`, 'is a header that may not be set'] as const),
  [deployment({ headers: { 'X-A': 'b\r\nX-C: d' } }), 'deployments[0].headers.X-A', 'must be a legal header value'],
  [deployment({ headers: { 'X-A': 1 } }), 'deployments[0].headers.X-A', 'must be a legal header value'],
  [deployment({ id: '' }), 'deployments[0].id', 'must be a text that no other deployment has'],
  [{ deployments: [{ model: 'a', target: 'xai/a', id: 'x' }, { model: 'b', target: 'xai/b', id: 'x' }] }, 'deployments[1].id', 'must be a text that no other deployment has'],
  [deployment({ wieght: 1 }), 'deployments[0].wieght', 'is not a field of a deployment; did you mean weight?'],
  [{ authenticate: true }, 'authenticate', 'must be a function'],
  [{ onSessionOpen: {} }, 'onSessionOpen', 'must be a function'],
  [{ onSessionClose: 'x' }, 'onSessionClose', 'must be a function'],
  [{ keyStore: {} }, 'keyStore', 'must have the function findByHash'],
  [{ keyStore: null }, 'keyStore', 'must have the function findByHash'],
  [{ keys: {} }, 'keys', 'must be a list'],
  [{ keys: [null] }, 'keys[0]', 'must be an object'],
  [{ keys: [{}] }, 'keys[0]', 'must have either key or hash'],
  [key({ hash: 'a'.repeat(64) }), 'keys[0]', 'must have either key or hash'],
  [key({ key: 'short' }), 'keys[0].key', 'must be a text of at least 8 characters'],
  [key({ key: 12345678 }), 'keys[0].key', 'must be a text of at least 8 characters'],
  [{ keys: [{ hash: 'g'.repeat(64) }] }, 'keys[0].hash', 'must be a SHA-256 in 64 hex digits'],
  [{ keys: [{ hash: 'a'.repeat(63) }] }, 'keys[0].hash', 'must be a SHA-256 in 64 hex digits'],
  [key({ name: '' }), 'keys[0].name', 'must be a text'],
  [key({ models: 'xai/*' }), 'keys[0].models', 'must be a list of texts'],
  [key({ models: [1] }), 'keys[0].models', 'must be a list of texts'],
  [key({ expiresAt: 'tomorrow' }), 'keys[0].expiresAt', 'must be a date, an ISO 8601 text or Unix time in milliseconds'],
  [key({ expiresAt: new Date(NaN) }), 'keys[0].expiresAt', 'must be a date, an ISO 8601 text or Unix time in milliseconds'],
  [key({ blocked: 'no' }), 'keys[0].blocked', 'must be true or false'],
  ...['native', 'OpenAI', '', null, 5].map(dialect => [key({ dialect }), 'keys[0].dialect', "must be 'openai', 'beta' or 'xai'"] as const),
  [key({ model: ['xai/*'] }), 'keys[0].model', 'is not a field of a key; did you mean models?'],
  [{ keys: [{ key: 'sk-12345678' }, { hash: createHash('sha256').update('sk-12345678').digest('hex').toUpperCase() }] }, 'keys[1]', 'must not repeat an earlier key'],
  [{ masterKey: 'sk-' }, 'masterKey', 'must be a text of at least 4 characters'],
  [{ masterKey: 'sk-12345678-012' }, 'masterKey', 'must have at least 16 characters, for a shorter one can be guessed; allowWeakMasterKey takes it nevertheless'],
  [{ masterKey: 'sk-', allowWeakMasterKey: true }, 'masterKey', 'must be a text of at least 4 characters'],
  [{ masterKey: '' }, 'masterKey', 'must be a text of at least 4 characters'],
  [{ masterKey: undefined }, 'keys', 'or keyStore, masterKey or authenticate is required: the gateway is never open'],
  [{ path: 'v1/realtime' }, 'path', 'must start with a slash and hold no ?, # or *'],
  [{ path: '/v1/*' }, 'path', 'must start with a slash and hold no ?, # or *'],
  [{ aliases: '/v1' }, 'aliases', 'must be a list of texts'],
  [{ aliases: ['/b', '/a?b'] }, 'aliases[1]', 'must start with a slash and hold no ?, # or *'],
  [{ aliases: ['/v1/realtime'] }, 'aliases', 'must differ from each other and from path'],
  [{ refusal: 'json' }, 'refusal', "must be 'auto', 'http' or 'event'"],
  [{ defaultModel: '' }, 'defaultModel', 'must be a model name'],
  [{ allowedOrigins: 'https://a' }, 'allowedOrigins', 'must be a list of texts']
]

t.test('a bad option is refused with a message that names it and its rule', async t => {
  for (const [change, option, rule] of bad) {
    t.throws(() => resolve({ ...good, ...change }), { constructor: OptionError, code: 'RTG_ERR_OPTION', message: `realtime gateway: option ${option} ${rule}` },
      `${option}: ${JSON.stringify(change).slice(0, 80)}`)
  }
})

t.test('an error carries the option and its rule', async t => {
  const error = t.throws(() => resolve({ ...good, ...key({ expiresAt: 'tomorrow' }) }))
  t.ok(error instanceof OptionError)
  t.match(error, { option: 'keys[0].expiresAt', rule: 'must be a date, an ISO 8601 text or Unix time in milliseconds' })
})

t.test('a misspelt name is told before what is missing because of it, with the name that was meant', async t => {
  for (const [change, option, meant] of [
    [deployment({ target: undefined, taget: 'xai/m' }), 'deployments[0].taget', 'target'],
    [key({ expiresat: 1 }), 'keys[0].expiresat', 'expiresAt'],
    [{ connectTimout: 'x', maxSessions: 'y' }, 'connectTimout', 'connectTimeout'],
    [{ dialects: { strickt: true } }, 'dialects.strickt', 'strict'],
    [{ routing: { groups: { m: { stiky: 'key' } } } }, 'routing.groups.m.stiky', 'sticky']
  ] as const) {
    t.match(t.throws(() => resolve({ ...good, ...change })), { option, rule: new RegExp(`did you mean ${meant}\\?$`) }, option)
  }
  t.match(t.throws(() => resolve({ ...good, banana: 1 })), { rule: /^is not an option of the realtime gateway$/ }, 'nothing is guessed where nothing is near')
})

t.test('origins as browsers, apps and extensions send them are taken', async t => {
  const allowedOrigins = ['https://app.example', 'http://localhost:5173', 'https://xn--bcher-kva.example', 'https://[::1]:8443', 'null', 'chrome-extension://abcdefghijklmnop', 'capacitor://localhost', 'app://.', '*']
  t.strictSame(resolve({ ...good, allowedOrigins }).allowedOrigins, allowedOrigins)
})

t.test('a key that is written and undefined is no fault beside a token', async t => {
  t.doesNotThrow(() => resolve({ ...good, ...deployment({ apiKey: undefined, token: () => 'x' }) }))
})

t.test('what is undefined is left out', async t => {
  const resolved = resolve({ ...good, ...deployment({ weight: undefined, tags: undefined }), connectTimeout: undefined, path: undefined, dialects: undefined, routing: { cooldownMs: undefined } })
  t.equal(resolved.connectTimeout, defaults.connectTimeout)
  t.strictSame(resolved.paths, ['/v1/realtime'])
  t.strictSame(resolved.routing, {})
  t.notOk('weight' in resolved.deployments[0]!)
})

t.test('what register itself reads is none of our options', async t => {
  t.notOk('logLevel' in resolve({ ...good, logLevel: 'warn', logSerializers: {} }))
})

t.test('the schemas are JSON Schema, but for the words of our own', async t => {
  const ajv = new Ajv({ ...ajvOptions, strict: true, validateSchema: true })
  t.ok(ajv.validateSchema(gateway), ajv.errorsText())
  t.doesNotThrow(() => ajv.compile(gateway))
})

t.test('no message repeats a secret', async t => {
  for (const change of [deployment({ apiKey: 'canary\n' }), deployment({ baseUrl: 'https://me:canary@x' }), key({ key: 'canary' }), key({ hash: 'canary' }),
    deployment({ headers: { 'X-Key': 'canary\n' } })]) {
    t.throws(() => resolve({ ...good, ...change }), { code: 'RTG_ERR_OPTION' })
    try {
      resolve({ ...good, ...change })
    } catch (error) {
      t.notMatch(JSON.stringify([String(error), error]), /canary/)
    }
  }
})

t.test("the caller's object stays as it is, and the result is frozen", async t => {
  const deployments: DeploymentOptions[] = [{ model: 'm', target: 'xai/m', headers: { 'X-A': 'b' } }]
  const keys: VirtualKeyOptions[] = [{ key: 'sk-12345678', models: ['m'] }]
  const options = { deployments, keys, aliases: ['/a'], allowedOrigins: ['https://a'] }
  const before = structuredClone(options)
  const resolved = resolve(options)
  t.strictSame(options, before)
  t.ok(Object.isFrozen(resolved))
  t.ok(resolved.deployments.every(Object.isFrozen))
  t.strictSame(resolve(Object.freeze({ ...good })).deployments, resolve(good).deployments, 'a frozen object will do')
})

t.test('what is resolved holds no key, only hashes', async t => {
  const resolved = resolve({ ...good, keys: [{ key: 'sk-12345678', name: 'a' }] })
  t.notMatch(JSON.stringify(resolved), /sk-/)
  t.strictSame(resolved.keys, [{ name: 'a', hash: createHash('sha256').update('sk-12345678').digest('hex') }])
  t.equal(resolved.masterKeyHash, createHash('sha256').update('sk-master-key-0001').digest('hex'))
})

t.test('deployments get ids by their group', async t => {
  const { deployments } = resolve({
    ...good,
    deployments: [{ model: 'a', target: 'xai/1' }, { model: 'b', target: 'xai/2' }, { model: 'a', target: 'xai/3' }, { model: 'a', target: 'xai/4', id: 'mine' }]
  })
  t.strictSame(deployments.map(({ id }) => id), ['a#0', 'b#0', 'a#1', 'mine'])
})

t.test('each way to let clients in is enough, and a router needs no deployments', async t => {
  const { masterKey, ...open } = good
  for (const way of [{ masterKey }, { keys: [{ key: 'sk-12345678' }] }, { keyStore: { findByHash: async () => undefined } }, { authenticate: () => null }]) {
    t.doesNotThrow(() => resolve({ ...open, ...way }))
  }
  t.strictSame(resolve({ masterKey, router: { candidates: () => [] } }).deployments, [])
})

t.test('the greatest and the least legal values are taken', async t => {
  for (const name of Object.keys(defaults)) {
    if (name !== 'lowWaterMark') t.doesNotThrow(() => resolve({ ...good, lowWaterMark: 1, [name]: 2 ** 31 - 1 }), name)
  }
  t.match(resolve({ ...good, idleTimeout: 0, maxSessionDuration: 0, lingerTimeout: 0, drainTimeout: 0 }), { drainTimeout: 0 })
})

t.test('a deployment of azure may be of either protocol, with a key or a token', async t => {
  for (const change of [{}, { realtimeProtocol: 'ga' }, { realtimeProtocol: 'preview' }, { realtimeProtocol: 'preview', apiVersion: '2024-12-17' }, { apiKey: 'x' }, { token: async () => 'x' }, { apiVersion: '2025-04-01-preview' }]) {
    t.match(resolve({ ...good, ...azure(change) }).deployments, [change])
  }
})

t.test('plain ws:// and http:// lead to this very machine, or where the option says so', async t => {
  for (const baseUrl of ['ws://localhost:1', 'http://127.0.0.1:1', 'http://127.255.0.9', 'ws://[::1]:1/v1', 'wss://h', 'https://h']) t.doesNotThrow(() => resolve({ ...good, ...deployment({ baseUrl }) }), baseUrl)
  for (const baseUrl of ['ws://h', 'http://vllm.internal:8000/v1', 'https://h']) t.doesNotThrow(() => resolve({ ...good, ...deployment({ baseUrl, insecure: true }) }), baseUrl)
})

t.test('a deployment and a key say how their side speaks', async t => {
  for (const dialect of ['openai', 'native']) t.equal(resolve({ ...good, ...deployment({ dialect }) }).deployments[0]?.dialect, dialect)
  for (const dialect of ['openai', 'beta', 'xai'] as const) t.equal(resolve({ ...good, ...key({ dialect }) }).keys?.[0]?.dialect, dialect)
})

t.test('an adapter of the host brings its provider', async t => {
  const adapters = [{ provider: 'own', request: () => ({ url: 'ws://x', headers: {} }) }]
  t.equal(resolve({ ...good, adapters, deployments: [{ model: 'm', target: 'own/m' }] }).deployments.length, 1)
})
