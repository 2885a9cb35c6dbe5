import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import net from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { generate } from 'selfsigned'
import { createSimulator, pcmChunks, rawAdapter, speechPcm, toWav } from '../../lib/testing/index.ts'
import type { FatalErrorCode, SimulatorFault } from '../../lib/testing/index.ts'
import { decodeAudio, encodeAudio } from '../../lib/testing/simulator/codec.ts'
import { rms } from '../../lib/testing/simulator/vad.ts'
import { append, connect, dial, say, settled, start } from './client.ts'
import type { Client } from './client.ts'

async function refused (client: Client): Promise<{ status: number | undefined, headers: IncomingMessage['headers'], body: string }> {
  const response = await new Promise<IncomingMessage>(resolve => client.ws.on('unexpected-response', (_request, answer) => resolve(answer)))
  let body = ''
  for await (const part of response) body += String(part)
  return { status: response.statusCode, headers: response.headers, body }
}

async function faulty (t: Test, fault: SimulatorFault | SimulatorFault[]): Promise<Client> {
  const simulator = await start(t)
  simulator.inject(fault)
  return dial(simulator)
}

const fatal: Record<string, [close: number, reason: RegExp, message: RegExp | string]> = {
  invalid_api_key: [3000, /^invalid_request_error\.invalid_api_key$/, 'Incorrect API key provided: sk-b******1234. You can find your API key at https://platform.openai.com/account/api-keys.'],
  missing_model: [4000, /^invalid_request_error\.missing_model$/, 'You must provide a model parameter, for example wss://api.openai.com/v1/realtime?model=gpt-realtime-1.5'],
  invalid_model: [4000, /^invalid_request_error\.invalid_model$/, 'Model "gpt-4o" is not supported in realtime mode. Supported models are listed at https://platform.openai.com/docs/models.'],
  model_not_found: [4004, /^invalid_request_error\.model_not_found$/, 'The model `gpt-realtime-9` does not exist or you do not have access to it.'],
  beta_api_shape_disabled: [4000, /^invalid_request_error\.beta_api_shape_disabled$/, 'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.']
}

t.test('OpenAI takes a bad connection only to say why not', async t => {
  const simulator = await start(t, { apiKeys: ['sk-good-one'], models: ['gpt-realtime'] })
  const good = { Authorization: 'Bearer sk-good-one' }
  const cases: Record<string, Parameters<typeof connect>[1]> = {
    invalid_api_key: { headers: { Authorization: 'Bearer sk-bad-key1234' } },
    missing_model: { headers: good, query: '' },
    invalid_model: { headers: good, query: 'model=gpt-4o' },
    model_not_found: { headers: good, query: 'model=gpt-realtime-9' },
    beta_api_shape_disabled: { headers: { ...good, 'OpenAI-Beta': 'realtime=v1' } }
  }
  for (const [code, options] of Object.entries(cases)) {
    const [close, reason, message] = fatal[code]!
    const client = await connect(simulator, options)
    t.same((await client.next('error')).error, { type: 'invalid_request_error', code, message, param: null, event_id: null })
    t.match(await client.closed, { code: close, reason })
    t.same(client.types(), ['error'], 'nothing else is sent')
  }
  const beta = await connect(simulator, { headers: {}, protocols: ['realtime', 'openai-insecure-api-key.sk-good-one', 'openai-beta.realtime-v1'] })
  t.match(await beta.next('error'), { error: { code: 'beta_api_shape_disabled' } })
})

t.test('without any credential the upgrade is refused', async t => {
  for (const flavour of ['openai', 'azure', 'xai'] as const) {
    const answer = await refused(dial(await start(t, { flavour }), { headers: {} }))
    t.equal(answer.status, 401)
    t.match(JSON.parse(answer.body), { error: { code: 'missing_api_key' } })
  }
})

t.test('Azure refuses bad keys and unknown deployments at the upgrade', async t => {
  const simulator = await start(t, { flavour: 'azure', apiKeys: ['k'], models: ['voice'] })
  t.equal((await refused(dial(simulator, { headers: { 'api-key': 'x' }, query: 'model=voice' }))).status, 401)
  t.equal((await refused(dial(simulator, { headers: { 'api-key': 'k' }, query: 'model=other' }))).status, 404)
})

t.test('of several subprotocols realtime is selected, never the key; compression is refused', async t => {
  const simulator = await start(t)
  const client = dial(simulator, { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, protocols: ['openai-insecure-api-key.sk', 'realtime'] })
  const [response] = await once(client.ws, 'upgrade') as [IncomingMessage]
  t.equal(response.headers['sec-websocket-protocol'], 'realtime')
  t.notOk(response.headers['sec-websocket-extensions'])
  t.same(simulator.connections[0]!.protocols, ['openai-insecure-api-key.sk', 'realtime'])
})

t.test('another path is not found, and a plain request is told to upgrade', async t => {
  const simulator = await start(t)
  const ws = dial({ ...simulator, url: simulator.url.replace('/v1/realtime', '/v2/realtime') } as typeof simulator)
  t.equal((await refused(ws)).status, 404)
  const [response] = await once(request(simulator.url.replace('ws:', 'http:')).end(), 'response') as [IncomingMessage]
  response.resume()
  t.equal(response.statusCode, 426)
})

t.test('refuse: any status, with its headers and body', async t => {
  for (const [status, headers] of [[429, { 'Retry-After': '7' }], [401, {}], [503, {}], [302, { Location: 'http://127.0.0.1:1/' }], [200, {}]] as const) {
    const answer = await refused(await faulty(t, { type: 'refuse', status, headers, body: '{"no":1}' }))
    t.equal(answer.status, status)
    t.match(answer.headers, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])))
    t.equal(answer.body, '{"no":1}')
  }
})

t.test('faults wait their turn, and happen together when planned together', async t => {
  const simulator = await start(t, { faults: [{ type: 'fail_response' }] })
  simulator.inject({ type: 'refuse', status: 503 }, 2)
  const takeBack = simulator.inject({ type: 'refuse', status: 500 })
  simulator.inject([{ type: 'delay', ms: 30 }, { type: 'refuse', status: 429 }])
  takeBack()
  t.equal((await refused(dial(simulator))).status, 503)
  t.equal((await refused(dial(simulator))).status, 503)
  const before = performance.now()
  t.equal((await refused(dial(simulator))).status, 429)
  t.ok(performance.now() - before >= 29)
  const client = await connect(simulator)
  say(client, 'Hello')
  t.match(await client.next('response.done'), { response: { status: 'failed' } }, 'the fault of every connection')
  t.same(simulator.connections.map(({ status }) => status), [503, 503, 429, 101])
})

t.test('hang: the upgrade is never answered, and closing the simulator ends it', async t => {
  const simulator = await createSimulator({ faults: [{ type: 'hang' }] })
  const client = dial(simulator)
  const connection = await simulator.connection(0)
  t.equal(connection.status, 0)
  await simulator.close()
  await simulator.close()
  t.equal((await connection.ended).code, 1006)
  t.equal((await client.closed).code, 1006)
})

for (const how of ['rst', 'fin'] as const) {
  t.test(`drop: the upgrade ends with ${how}`, async t => {
    const client = await faulty(t, { type: 'drop', how })
    const [error] = await once(client.ws, 'error') as [NodeJS.ErrnoException]
    t.match(error.message, how === 'rst' ? /ECONNRESET/ : /socket hang up/)
  })
}

t.test('bad_accept: the client sees a wrong accept value', async t => {
  const [error] = await once((await faulty(t, { type: 'bad_accept' })).ws, 'error') as [Error]
  t.match(error.message, /Invalid Sec-WebSocket-Accept/)
})

t.test('dribble: the handshake comes byte by byte and is right in the end', async t => {
  const simulator = await start(t)
  simulator.inject({ type: 'dribble', everyMs: 1 })
  const socket = net.connect(simulator.port, '127.0.0.1')
  socket.write('GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  let text = ''
  let pieces = 0
  while (!text.endsWith('\r\n\r\n')) {
    const [data] = await once(socket, 'data') as [Buffer]
    text += data.toString()
    pieces++
  }
  socket.destroy()
  t.ok(pieces > 20)
  t.match(text, /^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/)
})

t.test('silent: 101 and then nothing, whatever is sent', async t => {
  const simulator = await start(t)
  simulator.inject({ type: 'silent' })
  const client = await connect(simulator)
  say(client, 'Hello')
  await (await simulator.connection(0)).waitFor('response.create')
  t.same(client.types(), [])
})

t.test('late_first_event: the session opens late and then answers what came before', async t => {
  const before = performance.now()
  const client = await faulty(t, { type: 'late_first_event', ms: 50 })
  await once(client.ws, 'open')
  client.send({ type: 'session.update', session: { type: 'realtime' } })
  await client.next('session.updated')
  t.same(client.types(), ['session.created', 'session.updated'])
  t.ok(performance.now() - before >= 49)
})

t.test('error_first: each fatal error comes first, with its close code', async t => {
  const codes: Record<FatalErrorCode, number> = {
    invalid_api_key: 3000,
    insufficient_permissions: 3000,
    missing_model: 4000,
    invalid_model: 4000,
    invalid_intent: 4000,
    model_not_found: 4004,
    beta_api_shape_disabled: 4000,
    session_expired: 1001,
    insufficient_quota: 4000,
    billing_hard_limit_reached: 4000,
    account_deactivated: 3000
  }
  for (const [code, close] of Object.entries(codes)) {
    const client = await faulty(t, { type: 'error_first', code: code as FatalErrorCode })
    t.match((await client.next('error')).error, { type: 'invalid_request_error', code })
    t.equal((await client.closed).code, close, code)
    t.same(client.types(), ['error'])
  }
})

t.test('close_first: closed before any event', async t => {
  const client = await faulty(t, { type: 'close_first', code: 1011, reason: 'no capacity' })
  t.same(await client.closed, { code: 1011, reason: 'no capacity' })
  t.same(client.types(), [])
})

for (const how of ['rst', 'fin'] as const) {
  t.test(`abort: the connection breaks by ${how} in the middle of an answer`, async t => {
    const client = await faulty(t, { type: 'abort', how, after: { event: 'response.output_audio.delta', count: 2 } })
    await once(client.ws, 'open')
    say(client, 'Hello')
    t.equal((await client.closed).code, 1006)
    t.notOk(client.types().includes('response.done'))
    if (how === 'fin') t.equal(client.of('response.output_audio.delta').length, 2, 'what was sent before arrives')
  })
}

t.test('close: the server closes where it is told to', async t => {
  const client = await faulty(t, { type: 'close', code: 4999, reason: 'gone', after: { event: 'response.created' } })
  await once(client.ws, 'open')
  say(client, 'Hello')
  t.same(await client.closed, { code: 4999, reason: 'gone' })
  t.equal(client.types().at(-1), 'response.created')
})

t.test('session_cap: OpenAI and xAI end a session that is too old', async t => {
  for (const [flavour, type, code] of [['openai', 'invalid_request_error', 'session_expired'], ['xai', 'max_duration', 'max_duration']] as const) {
    const client = await connect(await start(t, { flavour, faults: [{ type: 'session_cap', afterMs: 20 }] }))
    const { error } = await client.next('error')
    t.match(error, { type, code })
    const { code: close, reason } = await client.closed
    t.equal(close, 1001)
    t.equal(reason, (error as { message: string }).message)
    if (flavour === 'openai') t.equal(reason, 'Your session hit the maximum duration of 60 minutes.')
  }
})

t.test('fail_response: so many responses fail, the socket stays open', async t => {
  const client = await faulty(t, { type: 'fail_response', responses: 2 })
  await once(client.ws, 'open')
  for (const [index, status] of ['failed', 'failed', 'completed'].entries()) {
    say(client, 'Hello')
    const done = await client.next('response.done', index + 1)
    t.match(done, { response: { status } })
    if (status === 'failed') t.match(done, { response: { status_details: { type: 'failed', error: { code: 'inference_rate_limit_exceeded' } }, output: [] } })
  }
})

t.test('oversized: one event of exactly so many bytes', async t => {
  for (const bytes of [100_000, undefined]) {
    const simulator = await start(t)
    simulator.inject({ type: 'oversized', bytes, after: { event: 'session.created' } })
    const client = await connect(simulator)
    await client.next('conversation.item.retrieved')
    t.equal(simulator.connections[0]!.sent.find(({ event }) => event?.type === 'conversation.item.retrieved')!.data.length, bytes ?? 17 * 1024 * 1024)
  }
})

t.test('binary and raw: frames that no provider sends', async t => {
  const client = await faulty(t, [
    { type: 'binary', data: Buffer.from([1, 2]), after: { event: 'session.created' } },
    { type: 'raw', data: Buffer.from([0x88, 0x02, 0x03, 0xe7]), after: { ms: 30 } }
  ])
  const [error] = await once(client.ws, 'error') as [Error]
  t.match(error.message, /invalid status code 999/)
  t.same(client.binaries, [Buffer.from([1, 2])])
})

t.test('binary: once, after the first audio, unless told otherwise', async t => {
  const client = await faulty(t, { type: 'binary' })
  await once(client.ws, 'open')
  say(client, 'Hello')
  await client.next('response.done')
  t.same(client.binaries.map(({ length }) => length), [1024])
})

t.test('stall: the server stops reading for a while', async t => {
  const simulator = await start(t)
  simulator.inject({ type: 'stall', ms: 60 })
  const client = await connect(simulator)
  await client.next('session.created')
  const before = performance.now()
  client.send({ type: 'session.update', session: { type: 'realtime' } })
  await client.next('session.updated')
  t.ok(performance.now() - before >= 40)
})

t.test('a connection shows what came and went, and can be driven by hand', async t => {
  const simulator = await start(t, { keepFrames: 3 })
  const seen: string[] = []
  simulator.on('connection', ({ url }) => seen.push(url))
  const coming = simulator.connection(0)
  const client = await connect(simulator, { headers: { Authorization: 'Bearer sk', 'OpenAI-Safety-Identifier': 'abc' } })
  const connection = await coming
  t.same(seen, ['/v1/realtime?model=gpt-realtime'])
  t.match(connection, { index: 0, status: 101, isOpen: true, headers: { 'openai-safety-identifier': 'abc' } })
  t.equal(connection.query.get('model'), 'gpt-realtime')
  const text = '{"type": "session.update", "session": {"type": "realtime"}}'
  client.send(text)
  t.equal((await connection.waitFor('session.update')).data.toString(), text, 'byte for byte')
  for (let n = 0; n < 5; n++) client.send({ type: `event.${n}` })
  t.match(await connection.waitFor(({ event }) => event?.type === 'event.4'), { isBinary: false })
  t.equal(connection.received.length, 3)
  t.equal(connection.counts.received, 6)
  connection.send({ type: 'custom.event' })
  await client.next('custom.event')
  connection.pause()
  connection.resume()
  const never = connection.waitFor('never.sent')
  connection.close(4001, 'enough')
  t.same(await client.closed, { code: 4001, reason: 'enough' })
  t.same(await connection.ended, { code: 4001, reason: 'enough' })
  await t.rejects(never, /ended with 4001/)
  await t.rejects(connection.waitFor('never.sent'), /ended with 4001/)
})

for (const how of ['rst', 'fin'] as const) {
  t.test(`abort by hand breaks an idle session by ${how}`, async t => {
    const simulator = await start(t)
    const client = await connect(simulator)
    await client.next('session.created')
    simulator.connections[0]!.abort(how)
    t.equal((await client.closed).code, 1006)
    t.match(client.errors.map(({ message }) => message), how === 'rst' ? [/ECONNRESET/] : [])
    t.equal(client.errors.length, how === 'rst' ? 1 : 0)
  })
}

t.test('pace 1 keeps the cadence of the real service, pace 0 does not wait', async t => {
  const times = async (pace: number): Promise<{ first: number, last: number, audioMs: number }> => {
    const client = await connect(await start(t, { pace }))
    const from = performance.now()
    say(client, 'Hello')
    await client.next('response.output_audio.delta')
    const first = performance.now() - from
    await client.next('response.done')
    const bytes = client.of('response.output_audio.delta').reduce((sum, { delta }) => sum + String(delta).length * 3 / 4, 0)
    return { first, last: performance.now() - from, audioMs: bytes / 48 }
  }
  const real = await times(1)
  t.ok(real.first > 450 && real.first < 900, `first audio after ${Math.round(real.first)} ms`)
  t.ok(real.last < real.audioMs, `${Math.round(real.audioMs)} ms of audio within ${Math.round(real.last)} ms`)
  t.ok((await times(0)).last < 300)
})

t.test('with a certificate the simulator serves wss', async t => {
  const pems = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }]
  })
  const simulator = await start(t, { tls: { key: pems.private, cert: pems.cert } })
  t.match(simulator.url, /^wss:\/\/127\.0\.0\.1:\d+\/v1\/realtime$/)
  const client = await connect(simulator, { ca: pems.cert })
  await client.next('session.created')
  simulator.connections[0]!.abort('rst')
  t.equal((await client.closed).code, 1006)
  t.match(client.errors, [{ message: /ECONNRESET/ }])
})

t.test('a long session of audio in both directions keeps nothing of what is over', async t => {
  const simulator = await start(t, { keepFrames: 10 })
  const client = await connect(simulator)
  const speech = pcmChunks(speechPcm())
  for (let turn = 1; turn <= 30; turn++) {
    for (const chunk of speech) append(client, chunk)
    await client.next('response.done', turn)
    client.binaries.length = 0
  }
  await settled(client)
  const [connection] = simulator.connections
  t.equal(connection!.received.length, 10)
  t.ok(connection!.counts.received > 800)
})

t.test('speechPcm is deterministic speech between silences, and toWav makes it playable', async t => {
  const pcm = speechPcm({ leadMs: 200, speechMs: 1000, silenceMs: 400, rate: 16_000 })
  t.equal(pcm.length, 1600 * 32)
  t.ok(pcm.equals(speechPcm({ leadMs: 200, speechMs: 1000, silenceMs: 400, rate: 16_000 })))
  const level = (from: number, to: number): number => rms(decodeAudio(pcm.subarray(from * 32, to * 32), { type: 'audio/pcm', rate: 16_000 }))
  t.equal(level(0, 200), 0)
  t.ok(level(200, 1200) > 1500)
  t.equal(level(1200, 1600), 0)
  t.same(pcmChunks(pcm, 20_000).map(({ length }) => length), [20_000, 20_000, 11_200])
  const wav = toWav(pcm, { rate: 16_000 })
  t.equal(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16) + wav.toString('latin1', 36, 40), 'RIFFWAVEfmt data')
  t.same([wav.readUInt32LE(4), wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt32LE(28), wav.readUInt16LE(32), wav.readUInt16LE(34), wav.readUInt32LE(40)],
    [36 + pcm.length, 1, 1, 16_000, 32_000, 2, 16, pcm.length])
  t.ok(wav.subarray(44).equals(pcm))
  t.equal(toWav(pcm).readUInt32LE(24), 24_000)
})

t.test('the telephone formats keep a sample within the steps of G.711', t => {
  for (const type of ['audio/pcmu', 'audio/pcma'] as const) {
    const format = { type, rate: 8000 }
    const samples = Int16Array.from({ length: 1000 }, (_, index) => -32_000 + index * 64)
    const heard = decodeAudio(encodeAudio(samples, format), format)
    t.ok(samples.every((sample, index) => Math.abs(heard[index]! - sample) <= Math.max(16, Math.abs(sample) * 0.04)), type)
  }
  t.end()
})

t.test('the raw adapter takes the address as it is and is ready at open', async t => {
  const handshake = { kind: 'realtime', model: 'x', query: new URLSearchParams('a=b') } as const
  const deployment = { id: 'd', model: 'm', target: 'raw/x', baseUrl: 'ws://127.0.0.1:1/any?x=1' }
  t.same(rawAdapter.request(deployment, handshake), { url: deployment.baseUrl, headers: {} })
  t.same(rawAdapter.request({ ...deployment, apiKey: 'k' }, handshake).headers, { Authorization: 'Bearer k' })
  t.equal(rawAdapter.readyAt?.(handshake), 'open')
  t.equal(rawAdapter.provider, 'raw')
  t.throws(() => rawAdapter.request({ ...deployment, baseUrl: undefined }, handshake), /baseUrl/)
})
