import Fastify from 'fastify'
import t from 'tap'
import realtimeGateway from '../lib/index.ts'
import { noticesOf } from '../lib/options/notices.ts'
import { resolveOptions } from '../lib/options/resolve.ts'
import type { RealtimeGatewayOptions } from '../types/index.ts'

const time = Date.UTC(2026, 10, 26)
const served = { model: 'voice', target: 'xai/grok-voice-latest', apiKey: 'xai-key' }
const good: RealtimeGatewayOptions = { deployments: [served], masterKey: 'sk-master-key-0001' }
const notices = (change: RealtimeGatewayOptions): string[] => {
  const options = { ...good, ...change }
  return noticesOf(options, resolveOptions(options, ['openai', 'xai', 'azure', 'own']), time)
}
const key = (change: object): RealtimeGatewayOptions => ({ keys: [{ key: 'sk-0123456789', ...change }] })
const deployment = (change: object): RealtimeGatewayOptions => ({ deployments: [{ ...served, ...change }] })

t.test('options that do what they say are not talked about', async t => {
  for (const change of [
    {},
    key({ models: ['voice', 'vo*', '*'], expiresAt: time + 1 }),
    { defaultModel: 'voice' },
    { ...key({ models: ['alias', 'xai/anything', 'xai/grok-*', 'gpt-4o-realtime-preview'] }), dialects: { successors: true }, routing: { aliases: { alias: 'voice' }, fallbacks: { alias: ['voice'], 'xai/b': [] } }, deployments: [served, { ...served, model: 'xai/*', target: 'xai/*' }] },
    { ...key({ models: ['anything'] }), defaultModel: 'anything', deployments: [], router: { candidates: () => [] } },
    deployment({ apiKey: undefined, token: () => 'x' }),
    { deployments: [{ model: 'm', target: 'openai/llama', baseUrl: 'https://mine.example' }, { model: 'm', target: 'own/m' }, { model: 'm', target: 'xai/grok-voice-new', headers: { Authorization: 'Bearer x' } }] }
  ] as RealtimeGatewayOptions[]) t.strictSame(notices(change), [], JSON.stringify(change).slice(0, 120))
})

t.test('what is taken and cannot work as written is told', async t => {
  for (const [change, ...expected] of [
    [{ masterKey: 'sk-1234', allowWeakMasterKey: true }, 'masterKey has fewer than 16 characters: it can be guessed'],
    [key({ expiresAt: time }), 'keys[0].expiresAt is in the past: the key is refused'],
    [key({ expiresAt: '2026-11-25' }), 'keys[0].expiresAt is in the past: the key is refused'],
    [key({ expiresAt: new Date(time - 1) }), 'keys[0].expiresAt is in the past: the key is refused'],
    [key({ models: ['voice', 'voise'] }), 'keys[0].models[1] names a model that no deployment has; did you mean voice?'],
    [key({ models: ['gpt-*'] }), 'keys[0].models[0] names a model that no deployment has'],
    [{ defaultModel: 'Voic' }, 'defaultModel names a model that no deployment has; did you mean voice?'],
    [{ routing: { fallbacks: { vioce: ['voice'] }, groups: { other: { sticky: 'key' } } } },
      'routing.fallbacks.vioce names a model that no deployment has; did you mean voice?', 'routing.groups.other names a model that no deployment has'],
    [{ deployments: [{ ...served, target: 'openai/gpt-4o' }, { ...served, target: 'openai/gpt-4o' }, { ...served, target: 'xai/grok-4' }] },
      'no realtime models, as far as is known: openai/gpt-4o, xai/grok-4; their sessions will likely be refused'],
    [{ deployments: [{ model: 'm', target: 'xai/grok-voice-latest' }, { model: 'm', target: 'azure/x', baseUrl: 'https://r.example' }] },
      'deployment m#0 has neither apiKey nor token: xai will refuse its sessions', 'deployment m#1 has neither apiKey nor token: azure will refuse its sessions'],
    [deployment({ target: 'xai/grok-voice-fast-1.0' }), 'model xai/grok-voice-fast-1.0 is deprecated by its provider; use xai/grok-voice-latest']
  ] as ReadonlyArray<readonly [RealtimeGatewayOptions, ...string[]]>) t.strictSame(notices(change), expected)
})

t.test('the plugin warns of each once, and names no secret', async t => {
  const lines: string[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: line => { lines.push(line) } } } })
  t.teardown(() => app.close())
  await app.register(realtimeGateway, { ...good, masterKey: 'sk-1234', allowWeakMasterKey: true, keys: [{ key: 'sk-0123456789', models: ['nothing'] }] })
  t.equal(lines.length, 2)
  t.match(lines[0], 'realtime gateway: masterKey has fewer than 16 characters')
  t.match(lines[1], 'realtime gateway: keys[0].models[0] names a model that no deployment has')
  t.notMatch(lines.join(), /sk-/)
})
