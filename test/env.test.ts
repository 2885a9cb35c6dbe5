import fastify from 'fastify'
import t from 'tap'
import { environmentVariables, optionsFromEnv } from '../lib/env.ts'
import type { EnvOptions } from '../lib/env.ts'
import { ConfigError } from '../lib/errors.ts'
import realtimeGateway from '../lib/index.ts'
import { resolveOptions } from '../lib/options/resolve.ts'
import { gateway } from '../lib/options/schema/gateway.ts'
import type { OptionSchema } from '../lib/options/schema/builders.ts'
import { kindOf, snakeCase } from '../lib/options/written.ts'
import { matchWildcard } from '../lib/wildcard.ts'

const canary = 'sk-canary-0123456789abcdef'

function read (data: NonNullable<EnvOptions['data']>): ReturnType<typeof optionsFromEnv> {
  return optionsFromEnv({ data, env: false })
}

t.test('a provider\'s key serves its models, by their own names and behind its prefix', async t => {
  for (const [data, served, notServed] of [
    [{ XAI_API_KEY: 'x' }, ['grok-voice-latest', 'grok-voice-think-fast-2.0', 'xai/anything'], ['gpt-realtime', 'openai/gpt-realtime', 'grok']],
    [{ OPENAI_API_KEY: 'o' }, ['gpt-realtime', 'gpt-realtime-2.1', 'openai/anything'], ['grok-voice-latest', 'xai/anything', 'gpt-4o']],
    [{ XAI_API_KEY: 'x', OPENAI_API_KEY: 'o' }, ['grok-voice-latest', 'gpt-realtime', 'xai/a', 'openai/a'], ['azure/a']]
  ] as const) {
    const options = read(data)
    const serves = (name: string): number => options.deployments!.filter(({ model }) => matchWildcard(model, name) !== undefined).length
    for (const name of served) t.equal(serves(name), 1, `${name} by one deployment`)
    for (const name of notServed) t.equal(serves(name), 0, name)
    resolveOptions({ ...options, masterKey: canary }, ['openai', 'xai'])
  }
})

t.test('each provider gets its own key and address', async t => {
  const { deployments } = read({ XAI_API_KEY: 'x', XAI_API_BASE: 'wss://x', OPENAI_API_KEY: 'o', OPENAI_API_BASE: 'wss://second', OPENAI_BASE_URL: 'ws://localhost:1' })
  for (const { target, apiKey, baseUrl } of deployments!) {
    t.strictSame([apiKey, baseUrl], target.startsWith('xai/') ? ['x', 'wss://x'] : ['o', 'ws://localhost:1'], target)
  }
  t.equal(read({ OPENAI_API_KEY: 'o', OPENAI_API_BASE: 'wss://second' }).deployments?.[0]?.baseUrl, 'wss://second')
})

t.test('nothing set gives no option at all', async t => {
  t.strictSame(read({}), {})
  t.strictSame(read(Object.fromEntries(environmentVariables.map(name => [name, '']))), {}, 'an empty variable is not set')
})

t.test('every option that is a text, a number or a list of texts has a variable', async t => {
  for (const [option, schema] of Object.entries<OptionSchema>(gateway.properties)) {
    if (option === 'masterKey' || option === 'keys') continue
    const samples: Readonly<Record<string, readonly [string, unknown]>> = {
      number: ['100000', 100_000], texts: option === 'allowedOrigins' ? ['https://a, https://b,', ['https://a', 'https://b']] : ['/a, /b,', ['/a', '/b']], text: schema.enum === undefined ? ['/v', '/v'] : [schema.enum[0]!, schema.enum[0]], flag: ['true', true]
    }
    const name = `REALTIME_GATEWAY_${snakeCase(option).toUpperCase()}`
    const [text, value] = samples[kindOf(schema)] ?? []
    if (text === undefined) t.notOk(environmentVariables.includes(name), `${name} is no variable`)
    else t.strictSame(read({ [name]: text }), { [option]: value }, name)
  }
})

t.test('keys are secrets between commas', async t => {
  t.strictSame(read({ REALTIME_GATEWAY_KEYS: `${canary}, second-key ,` }), { keys: [{ key: canary }, { key: 'second-key' }] })
})

t.test('the master key comes from REALTIME_GATEWAY_MASTER_KEY, else LITELLM_MASTER_KEY', async t => {
  t.equal(read({ LITELLM_MASTER_KEY: canary }).masterKey, canary)
  t.equal(read({ LITELLM_MASTER_KEY: canary, REALTIME_GATEWAY_MASTER_KEY: 'the-first-one-counts' }).masterKey, 'the-first-one-counts')
})

t.test('a short master key works, and the plugin warns that it can be guessed', async t => {
  for (const [masterKey, warns] of [['sk-1234', 1], ['sixteen-letters-', 0]] as const) {
    const lines: string[] = []
    const app = fastify({ logger: { level: 'warn', stream: { write: line => { lines.push(line) } } } })
    t.teardown(() => app.close())
    await app.register(realtimeGateway, read({ XAI_API_KEY: 'x', LITELLM_MASTER_KEY: masterKey }))
    t.equal(lines.filter(line => line.includes('masterKey has fewer than 16 characters: it can be guessed')).length, warns, masterKey)
    t.notMatch(lines.join(), masterKey)
  }
})

t.test('a wrong variable is an error that names it and not its value', async t => {
  for (const [data, message] of [
    [{ REALTIME_GATEWAY_CONNECT_TIMEOUT: canary }, 'realtime gateway: the variable REALTIME_GATEWAY_CONNECT_TIMEOUT must be a whole number from 1 to 2147483647'],
    [{ REALTIME_GATEWAY_REFUSAL: canary }, "realtime gateway: the variable REALTIME_GATEWAY_REFUSAL must be 'auto', 'http' or 'event'"],
    [{ REALTIME_GATEWAY_CONNECT_TIMEOUT: '1.5' }, 'realtime gateway: the variable REALTIME_GATEWAY_CONNECT_TIMEOUT must be a whole number from 1 to 2147483647'],
    [{ REALTIME_GATEWAY_KEYS: 'short' }, 'realtime gateway: the variable REALTIME_GATEWAY_KEYS must be a text of at least 8 characters'],
    [{ XAI_API_KEY: `${canary}\n` }, 'realtime gateway: the variable XAI_API_KEY must be a text of visible ASCII characters'],
    [{ XAI_API_KEY: 'x', OPENAI_API_KEY: 'o', OPENAI_API_BASE: canary }, 'realtime gateway: the variable OPENAI_API_BASE must be a ws(s):// or http(s):// URL'],
    [{ XAI_API_KEY: 'x', XAI_API_BASE: `ws://${canary}` }, 'realtime gateway: the variable XAI_API_BASE must be a wss:// or https:// URL, for ws:// and http:// carry key and voice in the clear; in a config file or in code, say insecure: true where the way there is safe'],
    [{ REALTIME_GATEWAY_MASTER_KEY: canary.slice(0, 3) }, 'realtime gateway: the variable REALTIME_GATEWAY_MASTER_KEY must be a text of at least 4 characters'],
    [{ REALTIME_GATEWAY_MASTER_KEY: canary.slice(0, 15) }, 'realtime gateway: the variable REALTIME_GATEWAY_MASTER_KEY must be a text of at least 16 characters'],
    [{ LITELLM_MASTER_KEY: canary.slice(0, 3) }, 'realtime gateway: the variable LITELLM_MASTER_KEY must be a text of at least 4 characters']
  ] as const) {
    t.throws(() => read(data), { code: new ConfigError('').code, message })
    try {
      read(data)
    } catch (error) {
      t.notMatch(JSON.stringify([(error as Error).stack, { ...(error as object) }]), canary.slice(0, 12))
    }
  }
})

t.test('a misspelt variable is an error that names the one that was meant; what Kubernetes sets is none', async t => {
  for (const [name, rule] of [
    ['REALTIME_GATEWAY_CONECT_TIMEOUT', 'is none that the realtime gateway reads; did you mean REALTIME_GATEWAY_CONNECT_TIMEOUT?'],
    ['REALTIME_GATEWAY_KEY', 'is none that the realtime gateway reads; did you mean REALTIME_GATEWAY_KEYS?'],
    ['REALTIME_GATEWAY_BANANA', 'is none that the realtime gateway reads'],
    ['REALTIME_GATEWAY_ROUTER', 'has no effect: router can only be given in code or in a config file'],
    ['REALTIME_GATEWAY_ROUTING', 'has no effect: routing can only be given in code or in a config file']
  ] as const) {
    t.throws(() => read({ [name]: canary }), { message: `realtime gateway: the variable ${name} ${rule}` })
    t.strictSame(read({ [name]: '' }), {}, 'an empty one is not set')
  }
  t.strictSame(read(Object.fromEntries(['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_WS', 'PORT', 'PORT_4000_TCP', 'PORT_4000_TCP_PROTO', 'PORT_4000_TCP_PORT', 'PORT_4000_TCP_ADDR']
    .map(name => [`REALTIME_GATEWAY_${name}`, 'tcp://10.0.0.1:4000']))), {})
})

t.test('the variables of the process are read unless told not to, and data wins', async t => {
  const before = process.env.REALTIME_GATEWAY_PATH
  t.teardown(() => {
    if (before === undefined) delete process.env.REALTIME_GATEWAY_PATH
    else process.env.REALTIME_GATEWAY_PATH = before
  })
  process.env.REALTIME_GATEWAY_PATH = '/from-the-process'
  t.equal(optionsFromEnv().path, '/from-the-process')
  t.equal(optionsFromEnv({ data: { REALTIME_GATEWAY_PATH: '/from-data' } }).path, '/from-data')
  t.equal(optionsFromEnv({ env: false }).path, undefined)
})
