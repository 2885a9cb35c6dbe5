import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { adapterConformance } from '../../lib/testing/index.ts'
import { azure } from '../../lib/providers/azure/adapter.ts'
import { holds } from '../fixtures/session/seeded.ts'
import type { HandshakeRequest, Deployment, UpstreamAnswer, UpstreamRefusal } from '../../types/index.ts'

const base = 'https://res.openai.azure.com'
const at = (more: Partial<Deployment> = {}): Deployment => ({ id: 'd', model: 'm', target: 'azure/voice', apiKey: 'key-1', baseUrl: base, ...more })
const handshake = (query = '', more: Partial<HandshakeRequest> = {}): HandshakeRequest => ({ kind: 'realtime', model: 'voice', query: new URLSearchParams(query), ...more })
const other = (query: string): HandshakeRequest => handshake(query, { kind: query.startsWith('call_id') ? 'attached' : 'transcription' })
const urlOf = (deployment: Partial<Deployment>, client = handshake()): string => azure.request(at(deployment), client).url

t.test('whatever form of base an operator writes leads to the GA and the preview endpoint', async t => {
  for (const [form, prefix, query = ''] of [
    [base, 'wss://res.openai.azure.com'],
    [`${base}/`, 'wss://res.openai.azure.com'],
    [`${base}//`, 'wss://res.openai.azure.com'],
    [`${base}/openai`, 'wss://res.openai.azure.com'],
    [`${base}/openai/`, 'wss://res.openai.azure.com'],
    [`${base}/openai/v1`, 'wss://res.openai.azure.com'],
    [`${base}/openai/v1/`, 'wss://res.openai.azure.com'],
    [`${base}/openai/v1/realtime`, 'wss://res.openai.azure.com'],
    [`${base}/openai/v1/realtime?model=other`, 'wss://res.openai.azure.com'],
    [`${base}/openai/realtime`, 'wss://res.openai.azure.com'],
    [`${base}/openai/realtime/?Deployment=other`, 'wss://res.openai.azure.com'],
    [`${base}/openai/deployments/other`, 'wss://res.openai.azure.com'],
    ['wss://res.openai.azure.com', 'wss://res.openai.azure.com'],
    ['https://res.openai.azure.com:443#part', 'wss://res.openai.azure.com'],
    ['https://res.cognitiveservices.azure.com/', 'wss://res.cognitiveservices.azure.com'],
    ['https://res.services.ai.azure.com/openai/v1', 'wss://res.services.ai.azure.com'],
    ['https://proxy.example/team/a', 'wss://proxy.example/team/a'],
    ['https://proxy.example/team/a/openai/v1/', 'wss://proxy.example/team/a'],
    ['https://proxy.example/openai/eu', 'wss://proxy.example/openai/eu'],
    ['https://proxy.example/notopenai', 'wss://proxy.example/notopenai'],
    ['https://proxy.example/x?region=eu', 'wss://proxy.example/x', 'region=eu&'],
    ['http://127.0.0.1:8080', 'ws://127.0.0.1:8080'],
    ['ws://[::1]:8080/openai', 'ws://[::1]:8080']
  ] as const) {
    t.equal(urlOf({ baseUrl: form }), `${prefix}/openai/v1/realtime?${query}model=voice`, form)
    t.equal(urlOf({ baseUrl: form, realtimeProtocol: 'ga', apiVersion: '2025-04-01-preview' }), `${prefix}/openai/v1/realtime?${query}model=voice`, `${form} as GA, which takes no version`)
    t.equal(urlOf({ baseUrl: form, realtimeProtocol: 'preview' }), `${prefix}/openai/realtime?${query}api-version=2025-04-01-preview&deployment=voice`, `${form} as preview`)
  }
})

t.test("a proxy's own path to the endpoint stays as it is written", async t => {
  t.equal(urlOf({ baseUrl: 'https://proxy.example/voice/realtime' }), 'wss://proxy.example/voice/realtime?model=voice')
  t.equal(urlOf({ baseUrl: 'https://proxy.example/voice/realtime/', realtimeProtocol: 'preview' }), 'wss://proxy.example/voice/realtime?api-version=2025-04-01-preview&deployment=voice')
})

t.test('the version is the deployment\'s, else the address\'s, else the last one there was, and never on the GA endpoint', async t => {
  const versionOf = (deployment: Partial<Deployment>): string[] => new URL(urlOf(deployment)).searchParams.getAll('api-version')
  const pasted = `${base}/openai/realtime?api-version=2024-10-01-preview&deployment=other`
  t.strictSame(versionOf({ realtimeProtocol: 'preview' }), ['2025-04-01-preview'])
  t.strictSame(versionOf({ realtimeProtocol: 'preview', baseUrl: pasted }), ['2024-10-01-preview'])
  t.strictSame(versionOf({ realtimeProtocol: 'preview', baseUrl: pasted.replace('api-version', 'API-Version') }), ['2024-10-01-preview'])
  t.strictSame(versionOf({ realtimeProtocol: 'preview', baseUrl: `${base}?api-version=` }), ['2025-04-01-preview'])
  t.strictSame(versionOf({ realtimeProtocol: 'preview', baseUrl: pasted, apiVersion: '2024-12-17' }), ['2024-12-17'])
  t.strictSame(versionOf({ baseUrl: pasted, apiVersion: '2024-12-17' }), [])
  t.notMatch(urlOf({ baseUrl: pasted.replace('api-version', 'Api-Version') }), /version/i)
})

t.test('key or token, never both', async t => {
  const token = async (): Promise<string> => 'unused'
  t.strictSame(azure.request(at(), handshake()).headers, { 'api-key': 'key-1' })
  t.strictSame(azure.request(at({ apiKey: undefined, token }), handshake(), 'token-1').headers, { Authorization: 'Bearer token-1' })
  t.strictSame(azure.request(at(), handshake(), 'token-1').headers, { Authorization: 'Bearer token-1' })
  t.strictSame(azure.request(at({ apiKey: undefined }), handshake()).headers, {})
  t.strictSame(azure.request(at(), handshake('', { safetyIdentifier: 'user-1' })).headers, { 'api-key': 'key-1' })
})

t.test("the client's query passes; transcription and calls have no model beside it", async t => {
  t.equal(urlOf({}, other('intent=transcription')), 'wss://res.openai.azure.com/openai/v1/realtime?intent=transcription')
  t.equal(urlOf({}, other('call_id=rtc_1&a=1&a=2')), 'wss://res.openai.azure.com/openai/v1/realtime?call_id=rtc_1&a=1&a=2')
  t.equal(urlOf({ baseUrl: `${base}?region=eu` }, handshake('region=us&x=1')), 'wss://res.openai.azure.com/openai/v1/realtime?region=eu&model=voice&x=1')
  t.equal(urlOf({ realtimeProtocol: 'preview' }, other('intent=transcription')), 'wss://res.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&intent=transcription')
  t.throws(() => urlOf({}, handshake('', { kind: 'translation' })), { code: 'unsupported_feature' })
  t.equal(azure.readyAt!(handshake()), 'event')
  t.equal(azure.readyAt!(other('intent=transcription')), 'event')
  t.equal(azure.readyAt!(other('call_id=rtc_1')), 'open')
})

t.test('no client chooses deployment or version, in whatever letters', async t => {
  const names = ['model', 'deployment', 'api-version'].flatMap(name => [name, name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1)])
  const query = names.map(name => `${name}=evil`).join('&')
  for (const realtimeProtocol of ['ga', 'preview'] as const) {
    for (const client of [handshake(`${query}&x=1`), other(`intent=transcription&${query}`)]) t.notMatch(urlOf({ realtimeProtocol }, client), /evil/)
  }
  await holds(t, 200, fc.tuple(fc.constantFrom('ga', 'preview'), fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom(...names)), fc.string()), { maxLength: 8 })), ([realtimeProtocol, pairs]) => {
    const plain = new URL(urlOf({ realtimeProtocol }))
    const url = new URL(urlOf({ realtimeProtocol }, { kind: 'realtime', model: 'voice', query: new URLSearchParams(pairs) }))
    const said = ({ searchParams }: URL): string[][] => [...searchParams].filter(([name]) => ['model', 'deployment', 'api-version'].includes(name.toLowerCase()))
    deepStrictEqual([url.origin, url.pathname, said(url)], [plain.origin, plain.pathname, said(plain)])
  })
})

t.test('a deployment without an address is refused, as is one with a broken address', async t => {
  t.throws(() => urlOf({ baseUrl: undefined }), { name: 'TypeError', message: 'a deployment of azure needs a baseUrl' })
  for (const baseUrl of ['', 'res.openai.azure.com', 'ftp://x', 'https://me:secret@x']) t.throws(() => urlOf({ baseUrl }), TypeError)
})

t.test('refusals at the upgrade read as what they mean', async t => {
  const rows: ReadonlyArray<readonly [UpstreamAnswer, UpstreamRefusal['kind'] | undefined]> = [
    ...([[401, 'credentials'], [403, 'credentials'], [404, 'not_found'], [429, 'rate_limit'], [400, 'fault'], [422, 'client'], [500, 'fault'], [503, 'fault'], [302, 'fault']] as const)
      .map(([status, kind]) => [{ type: 'status', status, headers: {} }, kind] as const),
    [{ type: 'event', event: { type: 'session.created' } }, undefined],
    [{ type: 'event', event: { type: 'error', error: { type: 'invalid_request_error', code: 'invalid_api_key' } } }, 'credentials'],
    [{ type: 'close', code: 1006 }, 'fault']
  ]
  for (const [answer, kind] of rows) t.equal(azure.classify!(answer)?.kind, kind, JSON.stringify(answer))
  t.strictSame(azure.classify!({ type: 'status', status: 429, headers: { 'retry-after': '7' } }), { kind: 'rate_limit', retryAfterMs: 7_000 })
})

for (const more of [{}, { realtimeProtocol: 'preview' }, { apiKey: undefined, token: () => 'token-1' }] as const) {
  t.test(`the adapter keeps the contract: ${Object.keys(more).join(', ') || 'GA with a key'}`, async t => {
    for (const { name, run } of adapterConformance({ adapter: azure, deployment: at(more) })) await t.resolves(run(), name)
  })
}
