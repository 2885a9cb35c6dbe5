import t from 'tap'
import { once } from 'node:events'
import { hashKey } from '../../lib/keys/hash.ts'
import type { RealtimeGatewayOptions } from '../../types/index.ts'
import { connect, goodKey, refusedByEvent, request, requestText } from '../fixtures/client.ts'
import type { ClientRequest } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import { dial } from '../fixtures/wire/raw-http.ts'

const upstream = await startUpstream(t)
const away = new Error('the database at 10.0.0.1 is away')
const hour = 3_600_000
const masterKey = 'sk-master-key-000001'
const never = new Promise<never>(() => {})

const options: RealtimeGatewayOptions = {
  deployments: [deploymentAt(upstream), deploymentAt(upstream, { model: 'other' }), deploymentAt(upstream, { model: 'xai/*' })],
  masterKey,
  keys: [
    { key: goodKey, name: 'tester' },
    { key: 'sk-expired-1', expiresAt: new Date(Date.now() - hour) },
    { key: 'sk-later-0001', expiresAt: new Date(Date.now() + hour) },
    { key: 'sk-blocked-1', blocked: true },
    { key: 'sk-narrow-01', models: ['voice', 'xai/*'] },
    { hash: hashKey('sk-hashed-01') }
  ],
  keyStore: { findByHash: async hash => hash === hashKey('sk-store-away') ? await Promise.reject(away) : hash === hashKey('sk-store-hangs') ? await never : undefined },
  authenticate: (request, credential) => {
    if (credential === 'sk-hook-throws') throw away
    if (credential === 'sk-hook-null') return null
    if (request.headers.cookie === 'session=ann') return { id: 'ann', models: ['voice'] }
    return undefined
  },
  allowedOrigins: ['https://app.example'],
  upgradeTimeout: 300
}
const gateway = await startGateway(t, options)

interface Case {
  readonly title: string
  readonly client: ClientRequest
  readonly status: number
  readonly type?: string
  readonly code: string
  readonly close: number
  readonly retryAfter?: string
  readonly param?: string
}

const unauthorized = { status: 401, close: 3000 }
const forbidden = { status: 403, close: 3000 }
const cases: readonly Case[] = [
  { title: 'no key', client: { key: null }, ...unauthorized, code: 'missing_api_key' },
  { title: 'an authorization that is no bearer key', client: { key: null, headers: { Authorization: 'Basic c2s6' } }, ...unauthorized, code: 'invalid_api_key' },
  { title: 'an empty bearer key', client: { key: '' }, ...unauthorized, code: 'invalid_api_key' },
  { title: 'an unknown key', client: { key: 'sk-unknown-0001' }, ...unauthorized, code: 'invalid_api_key' },
  { title: 'a stored hash as key', client: { key: hashKey('sk-hashed-01') }, ...unauthorized, code: 'invalid_api_key' },
  { title: 'an expired key', client: { key: 'sk-expired-1' }, ...unauthorized, code: 'key_expired' },
  { title: 'a blocked key', client: { key: 'sk-blocked-1' }, ...unauthorized, code: 'key_blocked' },
  { title: 'a key that the hook refuses', client: { key: 'sk-hook-null' }, ...unauthorized, code: 'invalid_api_key' },
  { title: 'a hook that throws', client: { key: 'sk-hook-throws' }, status: 503, type: 'server_error', code: 'store_unavailable', close: 1013, retryAfter: '1' },
  { title: 'a store that rejects', client: { key: 'sk-store-away' }, status: 503, type: 'server_error', code: 'store_unavailable', close: 1013, retryAfter: '1' },
  { title: 'a store that hangs', client: { key: 'sk-store-hangs' }, status: 503, type: 'server_error', code: 'store_unavailable', close: 1013, retryAfter: '1' },
  { title: 'two keys that differ', client: { headers: { 'api-key': 'sk-unknown-0001' } }, status: 400, code: 'conflicting_api_keys', close: 3000 },
  { title: 'a key in the query', client: { query: 'api_key=sk-1' }, status: 400, code: 'api_key_in_query', close: 3000, param: 'api_key' },
  { title: 'a key in the query beside no other', client: { key: null, query: 'Token=sk-1' }, status: 400, code: 'api_key_in_query', close: 3000, param: 'Token' },
  { title: 'a model that the key may not use', client: { key: 'sk-narrow-01', model: 'other' }, ...forbidden, code: 'model_not_allowed', param: 'model' },
  { title: 'a model that the cookie may not use', client: { key: null, headers: { Cookie: 'session=ann' }, model: 'other' }, ...forbidden, code: 'model_not_allowed', param: 'model' },
  { title: 'no model', client: { model: null }, status: 400, code: 'missing_model', close: 4000, param: 'model' },
  { title: 'an empty model', client: { model: '' }, status: 400, code: 'missing_model', close: 4000, param: 'model' },
  { title: 'a call without a model where there is no default', client: { model: null, query: 'call_id=rtc_1' }, status: 400, code: 'missing_model', close: 4000, param: 'model' },
  { title: 'an unknown model', client: { model: 'nobody' }, status: 404, code: 'model_not_found', close: 4000, param: 'model' },
  { title: 'another origin', client: { headers: { Origin: 'https://app.example.evil' } }, ...forbidden, code: 'origin_not_allowed' },
  { title: 'the origin null', client: { headers: { Origin: 'null' } }, ...forbidden, code: 'origin_not_allowed' },
  { title: 'the origin in other letters', client: { headers: { Origin: 'https://APP.example' } }, ...forbidden, code: 'origin_not_allowed' }
]

for (const { title, client, status, type = 'invalid_request_error', code, close, retryAfter, param = null } of cases) {
  t.test(`${title} is ${status} ${code} by HTTP and ${close} by event`, async t => {
    const dialled = upstream.counts.opened
    const http = await startGateway(t, { ...options, refusal: 'http' })
    const refused = await request(http.port, client)
    t.equal(refused.status, status)
    const { message, ...rest } = refused.error ?? {}
    t.strictSame(rest, { type, code, param, event_id: null })
    t.match(message, /^\S.*[.]$/)
    t.equal(refused.headers.get('retry-after'), retryAfter)
    t.match(refused.headers.get('content-type'), /^application\/json/)

    const event = await startGateway(t, { ...options, refusal: 'event' })
    t.strictSame(await refusedByEvent(event.port, client), { error: { type, code, message, param, event_id: null }, code: close, reason: code, messages: 1 })

    t.notMatch(refused.body + http.log() + event.log(), /sk-|[0-9a-f]{64}/)
    t.notMatch(refused.body, /10\.0\.0\.1/)
    t.equal(upstream.counts.opened, dialled, 'nothing was dialled')
    t.equal(event.fastify.realtime.sessions.size + http.fastify.realtime.sessions.size, 0)
  })
}

t.test('a key in the query is told how to be sent', async t => {
  const { error } = await request(gateway.port, { query: 'token=x' })
  t.match(error?.message, /Authorization: Bearer <key>.*openai-insecure-api-key/)
})

t.test('left to itself the gateway tells by event whoever cannot read HTTP', async t => {
  const auto: ReadonlyArray<readonly [ClientRequest, 'event' | 'http']> = [
    [{ key: 'sk-unknown-0001' }, 'http'],
    [{ key: 'sk-unknown-0001', protocols: ['realtime'] }, 'http'],
    [{ key: null, headers: { 'api-key': 'sk-unknown-0001' } }, 'http'],
    [{ key: null, protocols: ['realtime', 'openai-insecure-api-key.sk-unknown-0001'] }, 'event'],
    [{ key: null, protocols: ['xai-client-secret.sk-unknown-0001'] }, 'event'],
    [{ key: 'sk-unknown-0001', headers: { Origin: 'https://app.example' } }, 'event']
  ]
  for (const [client, way] of auto) {
    if (way === 'http') t.equal((await request(gateway.port, client)).status, 401)
    else t.match(await refusedByEvent(gateway.port, client), { code: 3000, error: { code: 'invalid_api_key' } }, JSON.stringify(client))
  }
})

const carriers: ReadonlyArray<readonly [string, ClientRequest, string | undefined]> = [
  ['a bearer key', {}, undefined],
  ['a bearer key, spelt otherwise', { headers: { Authorization: `bEARER   ${goodKey}` } }, undefined],
  ['api-key', { key: null, headers: { 'API-Key': goodKey } }, undefined],
  ['x-api-key', { key: null, headers: { 'X-Api-Key': goodKey } }, undefined],
  ["OpenAI's subprotocol beside realtime", { key: null, protocols: ['realtime', `openai-insecure-api-key.${goodKey}`] }, 'realtime'],
  ["OpenAI's subprotocol first", { key: null, protocols: [`openai-insecure-api-key.${goodKey}`, 'openai-beta.realtime-v1', 'realtime'] }, 'realtime'],
  ["OpenAI's subprotocol beside another", { key: null, protocols: [`openai-insecure-api-key.${goodKey}`, 'openai-agents-sdk.0.20.0'] }, 'openai-agents-sdk.0.20.0'],
  ["OpenAI's subprotocol alone, which is never echoed", { key: null, protocols: [`openai-insecure-api-key.${goodKey}`] }, undefined],
  ["xAI's subprotocol alone, which is", { key: null, protocols: [`xai-client-secret.${goodKey}`] }, `xai-client-secret.${goodKey}`],
  ["xAI's subprotocol beside another", { key: null, protocols: [`xai-client-secret.${goodKey}`, 'chat'] }, 'chat'],
  ['the same key three times', { protocols: ['realtime', `openai-insecure-api-key.${goodKey}`], headers: { 'api-key': goodKey } }, 'realtime'],
  ['the master key', { key: masterKey, model: 'other' }, undefined],
  ['a key stored as hash', { key: 'sk-hashed-01' }, undefined],
  ['a key that expires later', { key: 'sk-later-0001' }, undefined],
  ['a key for one model', { key: 'sk-narrow-01' }, undefined],
  ['a key for a wildcard of models', { key: 'sk-narrow-01', model: 'xai/grok' }, undefined],
  ["a principal of the host's", { key: null, headers: { Cookie: 'session=ann' } }, undefined],
  ['an origin that is allowed', { headers: { Origin: 'https://app.example' } }, undefined]
]

for (const [title, client, protocol] of carriers) {
  t.test(`${title} gets in, the subprotocol being ${protocol?.split('.')[0] ?? 'none'}`, async t => {
    const n = gateway.ended.length
    const { status, headers, peer } = await request(gateway.port, client)
    t.equal(status, 101)
    t.equal(headers.get('sec-websocket-protocol'), protocol)
    t.notOk(headers.has('sec-websocket-extensions'))
    t.equal((await peer!.json(0)).type, 'session.created')
    peer!.close(1000)
    t.strictSame(await peer!.closed, { code: 1000, reason: '' })
    t.match(await gateway.session(n), { endedBy: 'client', closeCode: 1000, principal: /^(tester|master|ann|[0-9a-f]{8})$/ })
  })
}

t.test('defaultModel serves who may name none, and nobody else', async t => {
  const { port, ended, session } = await startGateway(t, { ...options, defaultModel: 'voice' })
  for (const query of ['call_id=rtc_1', 'intent=transcription']) {
    const n = ended.length
    const client = await connect(port, { model: null, query })
    client.close(1000)
    t.equal((await session(n)).model, 'voice')
  }
  for (const query of ['', 'intent=conversation', 'conversation_id=c']) t.equal((await request(port, { model: null, query })).error?.code, 'missing_model')
  t.equal((await request(port, { key: 'sk-narrow-01', model: null, query: 'call_id=1' })).status, 101)
  const narrow = await startGateway(t, { ...options, defaultModel: 'other' })
  t.equal((await request(narrow.port, { key: 'sk-narrow-01', model: null, query: 'call_id=1' })).error?.code, 'model_not_allowed')
})

t.test('at maxSessions the next is 503 at_capacity, until one ends', async t => {
  const { port, session } = await startGateway(t, { ...options, maxSessions: 1 })
  const client = await connect(port)
  const refused = await request(port)
  t.equal(refused.status, 503)
  t.match(refused.error, { type: 'server_error', code: 'at_capacity' })
  t.equal(refused.headers.get('retry-after'), '1')
  t.match(await refusedByEvent(port, { headers: { Origin: 'https://app.example' } }), { code: 1013, error: { code: 'at_capacity' } })
  client.close(1000)
  await session(0)
  t.equal((await request(port)).status, 101)
})

t.test('at maxUpgrades the next is 503 at_capacity, until one is answered', async t => {
  const hanging = await startUpstream(t, () => {})
  const { port } = await startGateway(t, { deployments: [deploymentAt(hanging)], maxUpgrades: 2 })
  const waiting = [await dial(port), await dial(port)]
  for (const socket of waiting) socket.write(requestText())
  await hanging.call(1)
  const refused = await request(port)
  t.equal(refused.status, 503)
  t.match(refused.error, { code: 'at_capacity' })
  for (const [i, call] of hanging.calls.entries()) {
    call.answer(500)
    await once(waiting[i]!.resume(), 'close')
  }
  hanging.script = call => { call.answer(401) }
  t.equal((await request(port)).error?.code, 'upstream_rejected')
})

t.test('a drained gateway refuses with 503 draining', async t => {
  const { fastify, port } = await startGateway(t, { ...options, drainTimeout: 4_000 })
  await fastify.realtime.drain()
  const refused = await request(port)
  t.equal(refused.status, 503)
  t.match(refused.error, { type: 'server_error', code: 'draining' })
  t.equal(refused.headers.get('retry-after'), '4')
  t.match(await refusedByEvent(port, { headers: { Origin: 'https://app.example' } }), { code: 1012, error: { code: 'draining' } })
})

t.test('a refused client that sent early hears the refusal all the same', async t => {
  const glued = Buffer.alloc(300_000, 0x82)
  const refused = await request(gateway.port, { key: null, glued })
  t.equal(refused.error?.code, 'missing_api_key')
  const socket = await dial(gateway.port)
  socket.on('error', () => {})
  socket.write(requestText({ key: null, headers: { Origin: 'https://app.example' } }))
  socket.write(glued)
  let heard = ''
  socket.on('data', chunk => { heard += chunk.toString('latin1') })
  await once(socket, 'end')
  t.match(heard, /101 Switching.*missing_api_key/s)
  socket.destroy()
})

t.test('a client that was refused by event and does not close is cut after closeTimeout', async t => {
  const { port, fastify } = await startGateway(t, { ...options, refusal: 'event', closeTimeout: 50 })
  const client = await connect(port, { key: null })
  client.unresponsive = true
  client.socket.allowHalfOpen = true
  await client.until(() => client.ending !== undefined, 'the close frame')
  t.strictSame(client.ending, { code: 3000, reason: 'missing_api_key' })
  const started = performance.now()
  await fastify.close()
  t.ok(performance.now() - started < 2_000)
  client.socket.destroy()
})
