import t from 'tap'
import { GatewayError } from '../../lib/errors.ts'
import { azure } from '../../lib/providers/azure/adapter.ts'
import { openai } from '../../lib/providers/openai/adapter.ts'
import { classifyAnswer } from '../../lib/providers/refusal.ts'
import { mostUseful } from '../../lib/upstream/most-useful.ts'
import { addQuery, isExposed, realtimeUrl, socketUrl } from '../../lib/providers/url.ts'
import { xai } from '../../lib/providers/xai/adapter.ts'
import type { HandshakeRequest, Deployment, UpstreamAnswer, UpstreamRefusal } from '../../types/index.ts'

t.test('whatever form of base an operator writes leads to the realtime endpoint', async t => {
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['https://api.x.ai', 'wss://api.x.ai/v1/realtime'],
    ['https://api.x.ai/', 'wss://api.x.ai/v1/realtime'],
    ['https://api.x.ai/v1', 'wss://api.x.ai/v1/realtime'],
    ['https://api.x.ai/v1/', 'wss://api.x.ai/v1/realtime'],
    ['https://api.x.ai/v1/realtime', 'wss://api.x.ai/v1/realtime'],
    ['https://api.x.ai/v1/realtime/', 'wss://api.x.ai/v1/realtime'],
    ['wss://api.x.ai', 'wss://api.x.ai/v1/realtime'],
    ['ws://127.0.0.1:8080/v1', 'ws://127.0.0.1:8080/v1/realtime'],
    ['http://[::1]:8080', 'ws://[::1]:8080/v1/realtime'],
    ['https://proxy.example/openai', 'wss://proxy.example/openai/v1/realtime'],
    ['https://proxy.example/openai/v1/', 'wss://proxy.example/openai/v1/realtime'],
    ['https://proxy.example/openai/realtime?api-version=2', 'wss://proxy.example/openai/realtime?api-version=2'],
    ['https://api.x.ai/v1?region=eu#part', 'wss://api.x.ai/v1/realtime?region=eu'],
    ['https://api.openai.com:443/v1', 'wss://api.openai.com/v1/realtime'],
    ['http://api.openai.com:80/v1', 'ws://api.openai.com/v1/realtime']
  ]
  for (const [base, url] of rows) t.equal(realtimeUrl(base).href, url, base)
})

t.test('what is no such address is refused', async t => {
  for (const base of ['', 'api.x.ai', '/v1', 'ftp://x', 'file:///etc/passwd', 'https://', 'https://me@x', 'wss://me:secret@x']) {
    t.throws(() => realtimeUrl(base), TypeError, base)
  }
})

t.test("an operator's parameter stays, a client's is added, repeated ones too", async t => {
  const url = new URL('wss://x/v1/realtime?model=m&region=eu')
  addQuery(url, new URLSearchParams('region=us&model=other&call_id=a%20b&tag=1&tag=2'))
  t.equal(url.search, '?model=m&region=eu&call_id=a+b&tag=1&tag=2')
})

const handshake = (query = '', more: Partial<HandshakeRequest> = {}): HandshakeRequest => ({ kind: 'realtime', model: 'm', query: new URLSearchParams(query), ...more })
const at = (more: Partial<Deployment> = {}): Deployment => ({ id: 'd', model: 'm', target: 'xai/grok', apiKey: 'key-1', ...more })

t.test('xAI gets the model in the query and a bearer key, nothing else', async t => {
  t.strictSame(xai.request(at(), handshake('', { model: 'grok-voice-latest', safetyIdentifier: 'user-1' })),
    { url: 'wss://api.x.ai/v1/realtime?model=grok-voice-latest', headers: { Authorization: 'Bearer key-1' } })
})

t.test("OpenAI gets the same, and the client's safety identifier", async t => {
  t.strictSame(openai.request(at(), handshake('', { model: 'gpt-realtime' })),
    { url: 'wss://api.openai.com/v1/realtime?model=gpt-realtime', headers: { Authorization: 'Bearer key-1' } })
  t.strictSame(openai.request(at(), handshake('', { model: 'gpt-realtime', safetyIdentifier: 'user-1' })).headers,
    { Authorization: 'Bearer key-1', 'OpenAI-Safety-Identifier': 'user-1' })
})

t.test('the rest of the query passes, and a call that runs already has its model', async t => {
  for (const [adapter, host] of [[xai, 'api.x.ai'], [openai, 'api.openai.com']] as const) {
    const attached = handshake('call_id=rtc_1&conversation_id=c&reasoning.effort=high', { kind: 'attached' })
    t.equal(adapter.request(at(), attached).url, `wss://${host}/v1/realtime?call_id=rtc_1&conversation_id=c&reasoning.effort=high`)
    t.equal(adapter.request(at({ baseUrl: 'http://127.0.0.1:1/v1?model=fixed' }), attached).url, 'ws://127.0.0.1:1/v1/realtime?call_id=rtc_1&conversation_id=c&reasoning.effort=high')
    t.equal(adapter.request(at(), handshake('reasoning.effort=high')).url, `wss://${host}/v1/realtime?model=m&reasoning.effort=high`)
    t.equal(adapter.request(at({ baseUrl: 'http://127.0.0.1:1/v1' }), handshake('', { model: 'a b&c=d' })).url, 'ws://127.0.0.1:1/v1/realtime?model=a+b%26c%3Dd')
    t.strictSame(adapter.request(at({ apiKey: undefined }), handshake()).headers, {})
  }
})

t.test('xAI has no transcription sessions, and OpenAI has, without a model beside the intent', async t => {
  const transcription = handshake('intent=transcription', { kind: 'transcription' })
  t.throws(() => xai.request(at(), transcription), { name: 'GatewayError', code: 'unsupported_feature', param: 'intent' })
  t.notOk(xai.serves!(transcription))
  for (const baseUrl of [undefined, 'https://api.openai.com/v1?model=fixed']) t.equal(openai.request(at({ baseUrl }), transcription).url, 'wss://api.openai.com/v1/realtime?intent=transcription')
})

t.test('translation has an address of its own, and a model that translates no other', async t => {
  const translation = handshake('', { kind: 'translation', model: 'gpt-realtime-translate' })
  t.equal(openai.request(at(), translation).url, 'wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate')
  t.equal(openai.request(at({ baseUrl: 'http://127.0.0.1:1/v1/realtime?x=1' }), translation).url, 'ws://127.0.0.1:1/v1/realtime/translations?x=1&model=gpt-realtime-translate')
  t.throws(() => xai.request(at(), translation), { code: 'unsupported_feature', message: 'The provider of this model has no translation sessions.' })
  for (const kind of ['realtime', 'transcription'] as const) {
    t.throws(() => openai.request(at(), { ...translation, kind }), { code: 'unsupported_feature', param: 'model', message: /\/v1\/realtime\/translations/ })
    t.notOk(openai.serves!({ ...translation, kind }))
    t.ok(openai.serves!(handshake('', { kind, model: 'gpt-realtime-translated' })))
  }
})

t.test('a token is the bearer in the place of a key', async t => {
  for (const adapter of [xai, openai]) {
    t.strictSame(adapter.request(at({ apiKey: undefined }), handshake(), 'token-1').headers, { Authorization: 'Bearer token-1' })
    t.strictSame(adapter.request(at(), handshake(), 'token-1').headers, { Authorization: 'Bearer token-1' })
  }
})

t.test('each adapter says how its provider speaks', async t => {
  t.equal(xai.dialect!(at()), 'xai')
  t.equal(openai.dialect, undefined, 'the default is what OpenAI speaks')
  t.equal(azure.dialect!(at()), 'openai')
  t.equal(azure.dialect!(at({ realtimeProtocol: 'ga' })), 'openai')
  t.equal(azure.dialect!(at({ realtimeProtocol: 'preview' })), 'beta')
})

t.test('an address is exposed when it leads to another machine without TLS', async t => {
  for (const base of ['ws://localhost', 'http://localhost:8000/v1', 'http://LOCALHOST', 'http://127.0.0.1:1', 'ws://127.8.9.10', 'http://127.1', 'http://0x7f000001', 'http://2130706433', 'http://[::1]:1',
    'http://[0:0:0:0:0:0:0:1]', 'wss://api.x.ai', 'https://10.0.0.1', 'https://vllm.internal']) {
    t.notOk(isExposed(socketUrl(base)), base)
  }
  for (const base of ['ws://h', 'http://vllm.internal:8000/v1', 'http://10.0.0.1', 'http://128.0.0.1', 'http://0.0.0.0', 'http://127.0.0.1.evil.example', 'http://127.evil.example', 'http://localhost.evil.example',
    'http://notlocalhost', 'http://evil.localhost', 'http://[::2]', 'http://[::ffff:10.0.0.1]', 'http://[fe80::1]', 'http://1271.0.0.1.example']) {
    t.ok(isExposed(socketUrl(base)), base)
  }
})

t.test('what only some providers have is refused as such where no other was asked', async t => {
  const cause = new GatewayError('unsupported_feature', { param: 'intent' })
  const rows: ReadonlyArray<readonly [ReadonlyArray<UpstreamRefusal['kind']>, boolean, string]> = [
    [['unsupported'], false, 'unsupported_feature'], [['unsupported', 'unsupported'], false, 'unsupported_feature'],
    [['unsupported'], true, 'rate_limit_exceeded'], [['unsupported', 'rate_limit'], false, 'upstream_rate_limited'], [['client', 'unsupported'], false, 'invalid_request'],
    [['unsupported', 'timeout'], false, 'upstream_timeout'], [['unsupported', 'fault'], false, 'upstream_unavailable'], [['credentials', 'unsupported'], false, 'upstream_rejected'],
    [[], false, 'upstream_rejected']
  ]
  for (const [kinds, full, code] of rows) t.equal(mostUseful(kinds.map(kind => ({ kind })), full, cause).code, code, `${kinds.join(', ')} ${full}`)
  t.equal(mostUseful([{ kind: 'unsupported' }], false, cause), cause, "the adapter's own words")
  t.equal(mostUseful([{ kind: 'unsupported' }], false).code, 'unsupported_feature')
})

t.test('an upstream is ready with its first event, or as soon as it is open where it attaches to a call', async t => {
  for (const adapter of [xai, openai]) {
    t.equal(adapter.readyAt!(handshake()), 'event')
    t.equal(adapter.readyAt!(handshake('intent=transcription', { kind: 'transcription' })), 'event')
    t.equal(adapter.readyAt!(handshake('call_id=rtc_1', { kind: 'attached' })), 'open')
  }
})

const status = (status: number, headers: Record<string, string> = {}): UpstreamAnswer => ({ type: 'status', status, headers })
const error = (fields: unknown): UpstreamAnswer => ({ type: 'event', event: { type: 'error', error: fields } })
const close = (code: number): UpstreamAnswer => ({ type: 'close', code })

t.test('every answer of an upstream reads as what it means', async t => {
  const rows: ReadonlyArray<readonly [UpstreamAnswer, UpstreamRefusal['kind'] | undefined]> = [
    [status(401), 'credentials'], [status(403), 'credentials'], [status(402), 'quota'], [status(404), 'not_found'], [status(429), 'rate_limit'],
    [status(400), 'client'], [status(409), 'client'], [status(410), 'client'], [status(414), 'client'], [status(422), 'client'],
    [status(405), 'fault'], [status(407), 'fault'], [status(408), 'fault'], [status(426), 'fault'],
    [status(200), 'fault'], [status(204), 'fault'], [status(302), 'fault'], [status(500), 'fault'], [status(502), 'fault'], [status(503), 'fault'], [status(504), 'fault'], [status(0), 'fault'],
    [{ type: 'event', event: { type: 'session.created' } }, undefined],
    [{ type: 'event', event: { type: 'conversation.created' } }, undefined],
    [{ type: 'event', event: { type: 'never.heard.of' } }, undefined],
    [error({ type: 'invalid_request_error', code: 'invalid_api_key' }), 'credentials'],
    [error({ type: 'invalid_request_error', code: 'insufficient_permissions' }), 'credentials'],
    [error({ type: 'invalid_request_error', code: 'insufficient_quota' }), 'quota'],
    [error({ type: 'invalid_request_error', code: 'billing_hard_limit_reached' }), 'quota'],
    [error({ type: 'invalid_request_error', code: 'model_not_found' }), 'not_found'],
    [error({ type: 'invalid_request_error', code: 'invalid_model' }), 'not_found'],
    [error({ type: 'invalid_request_error', code: 'missing_model' }), 'not_found'],
    [error({ type: 'invalid_request_error', code: 'beta_api_shape_disabled' }), 'fault'],
    [error({ type: 'server_error', code: 'rate_limit_exceeded' }), 'rate_limit'],
    [error({ type: 'rate_limit_error' }), 'rate_limit'],
    [error({ type: 'invalid_request_error', code: 'bad_call_id' }), 'client'],
    [error({ type: 'invalid_request_error', code: 'constructor' }), 'client'],
    [error({ type: 'server_error', code: 'x' }), 'fault'],
    [error({ type: 'server_error', code: '__proto__' }), 'fault'],
    [error({ code: 7 }), 'fault'], [error(null), 'fault'], [error('text'), 'fault'], [error(undefined), 'fault'],
    [close(3000), 'credentials'], [close(1013), 'rate_limit'], [close(1000), 'fault'], [close(1006), 'fault'], [close(4000), 'fault']
  ]
  for (const [answer, kind] of rows) t.equal(classifyAnswer(answer)?.kind, kind, JSON.stringify(answer))
})

t.test('xAI says 400 where others say 401, and names the key', async t => {
  const of400 = (body?: string): unknown => xai.classify!({ type: 'status', status: 400, headers: {}, body })?.kind
  t.equal(of400('Incorrect API key provided: xx***yy. You can obtain an API key from https://console.x.ai.'), 'credentials')
  t.equal(of400('{"error":{"code":"invalid_api_key"}}'), 'credentials')
  t.equal(of400('{"error":"Unknown parameter: conversation_id"}'), 'client')
  t.equal(of400('{"error":"Unknown conversation: \\"Incorrect API key"}'), 'client', 'a client cannot make it say so')
  t.equal(of400('No conversation Incorrect API key'), 'client')
  t.equal(of400(''), 'fault')
  t.equal(of400(), 'fault')
  t.equal(xai.classify!(status(429))?.kind, 'rate_limit')
  t.equal(xai.classify!({ type: 'event', event: { type: 'session.created' } }), undefined)
  t.equal(openai.classify, undefined)
})

t.test('the wait that an upstream asks for is read, bounded, and never made up', async t => {
  const rows: ReadonlyArray<readonly [Record<string, string>, number | undefined]> = [
    [{}, undefined], [{ 'retry-after': '7' }, 7_000], [{ 'retry-after': '0' }, 0], [{ 'retry-after': '1.5' }, 1_500], [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250], [{ 'retry-after-ms': 'x', 'retry-after': '9' }, 9_000], [{ 'retry-after': '999999' }, 3_600_000],
    [{ 'retry-after': '-1' }, undefined], [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined], [{ 'retry-after': 'Infinity' }, 3_600_000]
  ]
  for (const [headers, wait] of rows) {
    t.strictSame(classifyAnswer(status(429, headers)), { kind: 'rate_limit', retryAfterMs: wait }, JSON.stringify(headers))
    t.equal(classifyAnswer(status(503, headers))?.retryAfterMs, wait)
  }
})
