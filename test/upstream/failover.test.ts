import t from 'tap'
import type { Deployment, RouteOutcome, RouteRequest, Router, UpstreamAdapter } from '../../types/index.ts'
import { connect, refusedByEvent, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { ready, sessionCreated, startUpstream } from '../fixtures/upstream.ts'
import type { FakeUpstream, Owner, Script } from '../fixtures/upstream.ts'

const canary = 'sk-canary-in-a-body'
const connectTimeout = 150

interface Refusal {
  readonly title: string
  readonly script: Script | 'nobody listens'
  readonly kind: string
  readonly status: number
  readonly code: string
  readonly retryAfter?: string
}

const rejected = { kind: 'credentials', status: 502, code: 'upstream_rejected' }
const fault = { kind: 'fault', status: 502, code: 'upstream_unavailable' }
const limited = { kind: 'rate_limit', status: 429, code: 'upstream_rate_limited' }
const late = { kind: 'timeout', status: 504, code: 'upstream_timeout' }
const answer = (status: number, headers = {}): Script => call => { call.answer(status, headers, canary) }
const event = (error: object): Script => call => {
  const peer = call.accept()
  peer.send({ type: 'error', event_id: 'e', error: { message: canary, ...error } })
  peer.close(4000, canary)
}

const refusals: readonly Refusal[] = [
  { title: 'refuses the connection', script: 'nobody listens', ...fault },
  { title: 'answers 401', script: answer(401), ...rejected },
  { title: 'answers 403', script: answer(403), ...rejected },
  { title: 'answers 402', script: answer(402), ...rejected, kind: 'quota' },
  { title: 'answers 404', script: answer(404), ...rejected, kind: 'not_found' },
  { title: 'answers 429', script: answer(429), ...limited, retryAfter: '1' },
  { title: 'answers 429 and says when to come back', script: answer(429, { 'Retry-After': '7' }), ...limited, retryAfter: '7' },
  { title: 'answers 500', script: answer(500), ...fault },
  { title: 'answers 503', script: answer(503, { 'Retry-After': '7' }), ...fault },
  { title: 'answers 500 with a body without end', script: call => { call.socket.write(`HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n${canary}\r\n`) }, ...fault },
  { title: 'answers with headers without end', script: call => { call.socket.write('HTTP/1.1 101 Switching Protocols\r\n' + `X-Note: ${canary}\r\n`.repeat(5_000)) }, ...fault },
  { title: 'redirects', script: answer(302, { Location: 'http://127.0.0.1:1/' }), ...fault },
  { title: 'answers 200', script: answer(200), ...fault },
  { title: 'is no HTTP server', script: call => { call.socket.end('SSH-2.0-OpenSSH_9.2\r\n') }, ...fault },
  { title: 'answers 101 with a wrong Sec-WebSocket-Accept', script: call => { call.accept(undefined, { 'Sec-WebSocket-Accept': 'd3Jvbmc=' }).send(sessionCreated) }, ...fault },
  { title: 'answers 101 without Upgrade: websocket', script: call => { call.accept(undefined, { Upgrade: 'h2c' }).send(sessionCreated) }, ...fault },
  { title: 'chooses an extension that nobody offered', script: call => { call.accept(undefined, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }).send(sessionCreated) }, ...fault },
  { title: 'chooses a subprotocol that nobody offered', script: call => { call.accept(undefined, { 'Sec-WebSocket-Protocol': 'realtime' }).send(sessionCreated) }, ...fault },
  { title: 'never answers', script: () => {}, ...late },
  { title: 'drips its answer', script: call => { call.socket.write('HTTP/1.1 101 Switching Pro') }, ...late },
  { title: 'answers 101 and says nothing', script: call => { call.accept() }, ...late },
  { title: 'answers 101 and only pings', script: call => { call.accept().frame(9, Buffer.from('x')) }, ...late },
  { title: 'answers 101 and begins an event that never ends', script: call => { call.accept().frame(1, Buffer.from('{"type":'), false) }, ...late },
  { title: 'hangs up after the request', script: call => { call.socket.end() }, ...fault },
  { title: 'resets after the request', script: call => { call.socket.resetAndDestroy() }, ...fault },
  { title: 'hangs up after 101', script: call => { call.accept().socket.end() }, ...fault },
  { title: 'resets after 101', script: call => { call.accept().reset() }, ...fault },
  { title: 'closes before its first event', script: call => { call.accept().close(1011, canary) }, ...fault },
  { title: 'closes with 3000 before its first event', script: call => { call.accept().close(3000, canary) }, ...rejected },
  { title: 'closes with 1013 before its first event', script: call => { call.accept().close(1013, canary) }, ...limited, retryAfter: '1' },
  { title: 'closes with an illegal code before its first event', script: call => { call.accept().close(1006) }, ...fault },
  { title: 'sends an illegal frame first', script: call => { call.accept().socket.write(Buffer.from([0xf1, 0x00])) }, ...fault },
  { title: 'says server_error first', script: event({ type: 'server_error', code: 'oops' }), ...fault },
  { title: 'says invalid_api_key first', script: event({ type: 'invalid_request_error', code: 'invalid_api_key' }), ...rejected },
  { title: 'says insufficient_quota first', script: event({ type: 'invalid_request_error', code: 'insufficient_quota' }), ...rejected, kind: 'quota' },
  { title: 'says model_not_found first', script: event({ type: 'invalid_request_error', code: 'model_not_found' }), ...rejected, kind: 'not_found' },
  { title: 'says rate_limit_exceeded first', script: event({ type: 'server_error', code: 'rate_limit_exceeded' }), ...limited, retryAfter: '1' }
]

async function sick (t: Owner, script: Refusal['script']): Promise<FakeUpstream> {
  if (script !== 'nobody listens') return await startUpstream(t, script)
  const upstream = await startUpstream(t)
  await upstream.close()
  return upstream
}

const healthy = await startUpstream(t)

for (const { title, script, kind, status, code, retryAfter } of refusals) {
  t.test(`an upstream that ${title} hands over to the next unseen, and alone it gives ${status} ${code}`, async t => {
    const first = await sick(t, script)
    const both = await startGateway(t, { connectTimeout, deployments: [deploymentAt(first, { order: 0 }), deploymentAt(healthy, { order: 1 })] })
    const client = await connect(both.port)
    t.strictSame(await client.json(0), sessionCreated)
    client.close(1000)
    await client.closed
    t.match(await both.session(0), { deployment: 'voice#1' })
    t.equal(client.messages.length, 1)
    t.match(both.log(), new RegExp(`"deployment":"voice#0","kind":"${kind}"`))

    const alone = await startGateway(t, { connectTimeout, deployments: [deploymentAt(first)] })
    const refused = await request(alone.port)
    t.equal(refused.status, status)
    t.equal(refused.error?.code, code)
    t.equal(refused.headers.get('retry-after'), retryAfter)
    t.notMatch(refused.body, /canary|127\.0\.0\.1|sk-/)
    t.notMatch(both.log() + alone.log(), /canary/)
    t.equal(alone.fastify.realtime.sessions.size, 0)
    await first.idle()
  })
}

t.test('a client that reads events only hears the same by event and close code', async t => {
  const rows = [
    [answer(401), 'upstream_rejected', 1011, 'server_error'],
    [answer(429), 'upstream_rate_limited', 1013, 'rate_limit_error'],
    [answer(500), 'upstream_unavailable', 1011, 'server_error'],
    [answer(400), 'invalid_request', 4000, 'invalid_request_error']
  ] as const
  for (const [script, code, close, type] of rows) {
    const { port } = await startGateway(t, { deployments: [deploymentAt(await startUpstream(t, script))] })
    const heard = await refusedByEvent(port, { headers: { Origin: 'https://app.example' } })
    t.match(heard, { error: { type, code }, code: close, reason: code, messages: 1 })
  }
})

t.test("what is the client's own mistake is not tried elsewhere", async t => {
  const dialled = healthy.counts.opened
  for (const script of [answer(400), answer(422), event({ type: 'invalid_request_error', code: 'bad_call_id' })]) {
    const { port } = await startGateway(t, { deployments: [deploymentAt(await startUpstream(t, script), { order: 0 }), deploymentAt(healthy, { order: 1 })] })
    const refused = await request(port)
    t.equal(refused.status, 400)
    t.match(refused.error, { type: 'invalid_request_error', code: 'invalid_request' })
    t.notMatch(refused.body, /canary/)
  }
  t.equal(healthy.counts.opened, dialled)
})

t.test("xAI's 400 that names the key is a wrong key of ours, and the next is tried", async t => {
  const wrong = await startUpstream(t, call => { call.answer(400, {}, 'Incorrect API key provided: xx***yy. You can obtain an API key from https://console.x.ai.') })
  const { port } = await startGateway(t, { deployments: [deploymentAt(wrong, { target: 'xai/grok', order: 0 }), deploymentAt(healthy, { order: 1 })] })
  t.strictSame(await (await connect(port)).json(0), sessionCreated)
})

t.test("xAI's 400 about a client's request rests no deployment", async t => {
  const upstream = await startUpstream(t, answer(400))
  const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, { target: 'xai/grok' })] })
  for (let i = 0; i < 4; i++) t.equal((await request(gateway.port)).status, 400)
  t.equal(upstream.counts.opened, 4, 'each was asked')
})

t.test("xAI's 400 whose body never ends is read for a second at most", async t => {
  const upstream = await startUpstream(t, call => { call.socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nIncorrect API key') })
  const { port } = await startGateway(t, { deployments: [deploymentAt(upstream, { target: 'xai/grok', order: 0 }), deploymentAt(healthy, { order: 1 })] })
  t.strictSame(await (await connect(port)).json(0), sessionCreated)
})

t.test('when several refuse, the client hears what helps it most', async t => {
  const wait = (seconds: string): Script => answer(429, { 'Retry-After': seconds })
  const rows: ReadonlyArray<readonly [string, readonly Script[], number, string, string | undefined]> = [
    ['the shortest wait', [wait('9'), wait('4'), wait('6')], 429, 'upstream_rate_limited', '4'],
    ['a wait before a fault', [answer(500), wait('9'), answer(401)], 429, 'upstream_rate_limited', '9'],
    ['a time-out before a fault', [answer(500), () => {}, answer(401)], 504, 'upstream_timeout', undefined],
    ['a fault before wrong keys', [answer(401), answer(500)], 502, 'upstream_unavailable', undefined],
    ['wrong keys alone', [answer(401), answer(403), answer(404)], 502, 'upstream_rejected', undefined]
  ]
  for (const [title, scripts, status, code, retryAfter] of rows) {
    const upstreams = await Promise.all(scripts.map(script => startUpstream(t, script)))
    const { port } = await startGateway(t, { connectTimeout, deployments: upstreams.map((upstream, order) => deploymentAt(upstream, { order })) })
    const refused = await request(port)
    t.equal(refused.status, status, title)
    t.equal(refused.error?.code, code, title)
    t.equal(refused.headers.get('retry-after'), retryAfter, title)
    t.ok(upstreams.every(({ counts }) => counts.opened === 1), 'each was asked once')
  }
})

t.test('all upstreams together have no longer than upgradeTimeout', async t => {
  const hanging = await startUpstream(t, () => {})
  const { port } = await startGateway(t, { connectTimeout: 5_000, upgradeTimeout: 100, deployments: [deploymentAt(hanging), deploymentAt(hanging), deploymentAt(hanging)] })
  const refused = await request(port)
  t.equal(refused.status, 504)
  t.equal(refused.error?.code, 'upstream_timeout')
  await hanging.idle()
  t.equal(hanging.counts.opened, 1)
})

t.test('a full deployment is passed over, and its slot is used again', async t => {
  const { port, session } = await startGateway(t, { deployments: [deploymentAt(healthy, { id: 'small', order: 0, maxSessions: 1 }), deploymentAt(healthy, { id: 'other', order: 1, maxSessions: 1 })] })
  const a = await connect(port)
  const b = await connect(port)
  const refused = await request(port)
  t.equal(refused.status, 429)
  t.match(refused.error, { type: 'rate_limit_error', code: 'rate_limit_exceeded' })
  t.equal(refused.headers.get('retry-after'), '5')
  a.close(1000)
  await session(0)
  const c = await connect(port)
  b.close(1000)
  c.close(1000)
  t.equal((await session(0)).deployment, 'small')
  t.strictSame([(await session(1)).deployment, (await session(2)).deployment].sort(), ['other', 'small'])
})

t.test('a deployment that refuses gets its slot back at once', async t => {
  const upstream = await startUpstream(t, answer(500))
  const { port } = await startGateway(t, { deployments: [deploymentAt(upstream, { maxSessions: 1 })] })
  for (let i = 0; i < 3; i++) t.equal((await request(port)).error?.code, 'upstream_unavailable')
  upstream.script = ready
  await connect(port)
  t.equal((await request(port)).error?.code, 'rate_limit_exceeded')
})

t.test("a router of the host's is asked with model, principal and query, and hears of everything", async t => {
  const away = await sick(t, 'nobody listens')
  const limitedOne = await startUpstream(t, answer(429, { 'Retry-After': '3' }))
  const asked: RouteRequest[] = []
  const outcomes: RouteOutcome[] = []
  const all = [away, limitedOne, healthy].map((upstream, i): Deployment => ({ ...deploymentAt(upstream), id: `d${i}` }))
  const router: Router = {
    candidates: async request => {
      asked.push(request)
      return all
    },
    report: outcome => { outcomes.push(outcome) }
  }
  const { port, session } = await startGateway(t, { router })
  const client = await connect(port, { model: 'anything/at-all', query: 'region=eu' })
  client.close(4001)
  await client.closed
  await session(0)
  t.match(asked, [{ model: 'anything/at-all', principal: { id: 'tester' } }])
  t.strictSame([...asked[0]!.query], [['region', 'eu']])
  t.match(outcomes, [
    { type: 'dial', deployment: { id: 'd0' } },
    { type: 'refused', deployment: { id: 'd0' }, refusal: { kind: 'fault' } },
    { type: 'dial', deployment: { id: 'd1' } },
    { type: 'refused', deployment: { id: 'd1' }, refusal: { kind: 'rate_limit', retryAfterMs: 3_000 } },
    { type: 'dial', deployment: { id: 'd2' } },
    { type: 'ready', deployment: { id: 'd2' } },
    { type: 'ended', deployment: { id: 'd2' }, closeCode: 1000 }
  ])
  t.equal(outcomes.length, 7)
  t.ok(outcomes.every(outcome => !('ms' in outcome) || (outcome.ms >= 0 && outcome.ms < 5_000)))
})

t.test('the router hears with what code an upstream ended its session', async t => {
  const outcomes: RouteOutcome[] = []
  const router: Router = { candidates: () => [{ ...deploymentAt(healthy), id: 'd' }], report: outcome => { outcomes.push(outcome) } }
  const { port, session } = await startGateway(t, { router })
  for (const [i, end] of ['close', 'reset'].entries()) {
    const n = healthy.calls.length
    const client = await connect(port)
    const provider = await healthy.peer(n)
    if (end === 'close') provider.close(1011)
    else provider.reset()
    await client.closed
    await session(i)
  }
  t.match(outcomes.filter(({ type }) => type === 'ended'), [{ closeCode: 1011 }, { closeCode: 1006 }])
})

t.test('a router that fails, or gives nobody, refuses the client', async t => {
  const rows: ReadonlyArray<readonly [Router['candidates'], number, string]> = [
    [() => { throw new Error(canary) }, 500, 'internal_error'],
    [() => Promise.reject(new Error(canary)), 500, 'internal_error'],
    [() => [], 404, 'model_not_found'],
    [() => [{ id: 'x', model: 'voice', target: 'nobody/x' }], 502, 'upstream_unavailable']
  ]
  for (const [candidates, status, code] of rows) {
    const { port } = await startGateway(t, { router: { candidates } })
    const refused = await request(port)
    t.equal(refused.status, status)
    t.equal(refused.error?.code, code)
    t.notMatch(refused.body, /canary/)
  }
})

for (const [how, report] of [['throws', () => { throw new Error('oops') }], ['rejects', async () => { throw new Error('oops') }]] as const) {
  t.test(`a router whose report ${how} disturbs nothing`, async t => {
    const { port, session, log } = await startGateway(t, { router: { candidates: () => [{ ...deploymentAt(healthy), id: 'd' }], report } })
    const client = await connect(port)
    client.close(1000)
    t.match(await session(0), { closeCode: 1000 })
    t.match(log(), /router.report failed/)
  })
}

for (const name of ['request', 'readyAt', 'classify', 'dialect'] as const) {
  t.test(`an adapter whose ${name} is async by mistake, and rejects, ends no process`, async t => {
    const refusing = await startUpstream(t, call => { call.answer(500) })
    const at = name === 'classify' ? refusing : healthy
    const adapter = {
      provider: 'hosts',
      request: ({ baseUrl }: Deployment) => ({ url: baseUrl!.replace('http', 'ws'), headers: {} }),
      [name]: async () => { throw new Error('oops') }
    } as unknown as UpstreamAdapter
    const { port } = await startGateway(t, { adapters: [adapter], deployments: [deploymentAt(at, { target: 'hosts/voice' })] })
    const { status, error, peer } = await request(port)
    peer?.close(1000)
    // Which dialect a provider speaks is not worth a session.
    if (name === 'dialect') t.equal(status, 101)
    else t.equal(error?.code, 'upstream_unavailable')
    // An unhandled rejection would fail this file.
    await new Promise(setImmediate)
  })
}
