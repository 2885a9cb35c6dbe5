import type { Socket } from 'node:net'
import { generate } from 'selfsigned'
import t from 'tap'
import type { Test } from 'tap'
import type { SimulatorFault } from '../../lib/testing/index.ts'
import type { DeploymentStatus, RouteAttempt } from '../../types/index.ts'
import { at, closedPort, eventually, goodKey, providerKey, startGateway, startTcp, startUpstream, talk, upgradeRequest, visit } from '../fixtures/routing.ts'
import { dial } from '../fixtures/wire/raw-http.ts'

// Long enough for a loaded machine to open a loopback connection, short enough to wait out a dozen times.
const connectTimeout = 500

interface Way {
  readonly name: string
  /** Address of an upstream that refuses so. */
  readonly upstream: (t: Test) => Promise<string>
  readonly kind: RouteAttempt['outcome']
  /** What a client hears when nobody else is left. */
  readonly status: number
  readonly code: string
  readonly retryAfter?: number
  /** The cooldown that the first failure begins, if it does. */
  readonly cooldown?: { readonly cause: DeploymentStatus['cause'], readonly forMs: number }
  /** It takes the whole `connectTimeout`. */
  readonly waits?: boolean
}

const faulty = (...faults: SimulatorFault[]) => async (t: Test): Promise<string> => (await startUpstream(t, { faults })).url
const refuse = (status: number, headers: Record<string, string> = {}) => faulty({ type: 'refuse', status, headers, body: 'inside information' })
const unavailable = { kind: 'fault', status: 502, code: 'upstream_unavailable' } as const
const rejected = { status: 502, code: 'upstream_rejected' } as const
const timeout = { kind: 'timeout', status: 504, code: 'upstream_timeout', waits: true } as const
const limited = { kind: 'rate_limit', status: 429, code: 'upstream_rate_limited' } as const
const credentials = { ...rejected, kind: 'credentials', cooldown: { cause: 'credentials', forMs: 300_000 } } as const

const ways: Way[] = [
  { name: 'connection refused', upstream: async () => `ws://127.0.0.1:${await closedPort()}`, ...unavailable },
  { name: 'a certificate that nobody vouches for', upstream: async t => (await startUpstream(t, { tls: await selfSigned() })).url, ...unavailable },
  { name: 'a connection that is reset before the answer', upstream: faulty({ type: 'drop', how: 'rst' }), ...unavailable },
  { name: '401', upstream: refuse(401), ...credentials },
  { name: '403', upstream: refuse(403), ...credentials },
  { name: '404', upstream: refuse(404), kind: 'not_found', ...rejected },
  { name: '429 with Retry-After', upstream: refuse(429, { 'Retry-After': '7' }), ...limited, retryAfter: 7, cooldown: { cause: 'rate_limit', forMs: 7_000 } },
  { name: '429 without Retry-After', upstream: refuse(429), ...limited, retryAfter: 1, cooldown: { cause: 'rate_limit', forMs: 5_000 } },
  { name: '500', upstream: refuse(500), ...unavailable },
  { name: '503', upstream: refuse(503), ...unavailable },
  { name: '302', upstream: refuse(302, { Location: 'ws://127.0.0.1:1/' }), ...unavailable },
  { name: 'a wrong accept key', upstream: faulty({ type: 'bad_accept' }), ...unavailable },
  { name: 'silence before TLS', upstream: async t => `wss://127.0.0.1:${(await startTcp(t)).port}`, ...timeout },
  { name: 'silence before 101', upstream: faulty({ type: 'hang' }), ...timeout },
  { name: 'silence before the first event', upstream: faulty({ type: 'silent' }), ...timeout },
  { name: 'an error event for the quota', upstream: faulty({ type: 'error_first', code: 'insufficient_quota' }), kind: 'quota', ...rejected, cooldown: { cause: 'quota', forMs: 300_000 } },
  { name: 'an error event for the key', upstream: faulty({ type: 'error_first', code: 'invalid_api_key' }), ...credentials },
  { name: 'a close before the first event', upstream: faulty({ type: 'close_first', code: 1011 }), ...unavailable },
  { name: 'a close before the first event that says try again later', upstream: faulty({ type: 'close_first', code: 1013 }), ...limited, retryAfter: 1, cooldown: { cause: 'rate_limit', forMs: 5_000 } }
]

for (const way of ways) {
  t.test(`${way.name}: the next candidate takes over, or the client hears the truth`, async t => {
    const [bad, good] = await Promise.all([way.upstream(t), startUpstream(t)])
    const gateway = await startGateway(t, { deployments: [at(bad, 'bad'), at(good.url, 'good', { order: 1 }), at(bad, 'alone', { model: 'alone' })], connectTimeout })

    const [visited, refused] = await Promise.all([visit(gateway), visit(gateway, { query: 'model=alone' })])
    for (const { ms } of [visited, refused]) {
      t.ok(ms < connectTimeout + 1_500, `answered after ${Math.round(ms)} ms`)
      if (way.waits) t.ok(ms > connectTimeout * 0.95, `waited: ${Math.round(ms)} ms`)
    }

    t.equal(visited.status, 101)
    await visited.caller!.next('session.created')
    await talk(visited.caller!)
    const route = { candidates: ['bad', 'good'], passedOver: [], attempts: [{ deployment: 'bad', outcome: way.kind }, { deployment: 'good', outcome: 'ready' }] }
    t.match(gateway.opened, [{ deployment: 'good', route }], 'onSessionOpen hears how it came there')
    t.match(gateway.fastify.realtime.sessions.list(), [{ route }])

    t.match(refused, { status: way.status, error: { code: way.code } })
    t.equal(refused.retryAfter, way.retryAfter)
    t.notMatch(refused.text, /inside information|127\.0\.0\.1|Incorrect API key/)

    for (const id of ['bad', 'alone']) {
      const { state, cause, cooldownLeftMs, sessions, dialMs, startsLastMinute } = gateway.status(id)
      t.strictSame({ state, cause, sessions, dialMs, startsLastMinute }, { state: way.cooldown ? 'cooldown' : 'ready', cause: way.cooldown?.cause, sessions: 0, dialMs: undefined, startsLastMinute: 1 })
      if (way.cooldown) t.ok(cooldownLeftMs! > way.cooldown.forMs - 4_000 && cooldownLeftMs! <= way.cooldown.forMs, `in cooldown for ${cooldownLeftMs} ms`)
    }
    t.match(gateway.status('good'), { state: 'ready', sessions: 1, startsLastMinute: 1, dialMs: Number })

    const lines = gateway.log.filter(({ msg }) => msg === 'realtime route')
    t.equal(lines.length, 2, 'one line a decision')
    t.match(lines.find(({ model }) => model === 'voice'), { level: 20, ...route })
    t.match(lines.find(({ model }) => model === 'alone'), { level: 20, candidates: ['alone'], attempts: [{ deployment: 'alone', outcome: way.kind, ms: Number }] })
    t.match(gateway.log.filter(({ msg }) => msg === 'realtime upstream refused'), [{ kind: way.kind, level: way.kind === 'credentials' ? 50 : 40 }, { kind: way.kind }])
    const written = JSON.stringify(gateway.log)
    t.notOk(written.includes(providerKey) || written.includes(goodKey) || written.includes('inside information'), 'no secret in the log')

    await visited.caller!.leave()
    await eventually(() => gateway.status('good').sessions === 0, 'the session is over')
  })
}

t.test("a client's own mistake is answered as such and tried nowhere else", async t => {
  const [first, second] = [await startUpstream(t, { faults: [{ type: 'refuse', status: 400 }] }), await startUpstream(t)]
  const gateway = await startGateway(t, { deployments: [at(first.url, 'first'), at(second.url, 'second', { order: 1 })] })
  for (let i = 0; i < 5; i++) t.match(await visit(gateway), { status: 400, error: { code: 'invalid_request' } })
  t.equal(second.connections.length, 0)
  t.match(gateway.status('first'), { state: 'ready', sessions: 0 }, 'and it is not the fault of the deployment')
})

t.test('of several refusals the client hears the one that helps most', async t => {
  const upstreams = await Promise.all([refuse(500), refuse(429, { 'Retry-After': '30' }), refuse(429, { 'Retry-After': '12' }), refuse(401)].map(start => start(t)))
  const gateway = await startGateway(t, { deployments: upstreams.map((url, order) => at(url, `d${order}`, { order })) })
  t.match(await visit(gateway), { status: 429, retryAfter: 12, error: { code: 'upstream_rate_limited' } })
})

t.test('a browser is told by 101, an error event and the close code', async t => {
  const upstream = await refuse(429)(t)
  const gateway = await startGateway(t, { deployments: [at(upstream, 'one')] })
  const { status, caller } = await visit(gateway, { headers: { Origin: 'https://app.example' } })
  t.equal(status, 101)
  t.match(await caller!.next('error'), { error: { type: 'rate_limit_error', code: 'upstream_rate_limited' } })
  t.equal(await caller!.closed, 1013)
})

t.test('all dials together take no longer than upgradeTimeout, and the last one is called off', async t => {
  const hanging = await startTcp(t)
  const gateway = await startGateway(t, { deployments: [0, 1, 2].map(order => at(`ws://127.0.0.1:${hanging.port}`, `d${order}`, { order })), connectTimeout: 400, upgradeTimeout: 600 })
  const { status, error, ms } = await visit(gateway)
  t.match({ status, error }, { status: 504, error: { code: 'upstream_timeout' } })
  t.ok(ms >= 590 && ms < 2_000, `${Math.round(ms)} ms`)
  await eventually(() => hanging.connections.size === 0, 'no dial is left')
  t.match(gateway.status('d1'), { state: 'ready', sessions: 0 }, 'what was called off says nothing of the deployment')
  const line = gateway.log.find(({ msg }) => msg === 'realtime route')
  t.match(line, { attempts: [{ deployment: 'd0', outcome: 'timeout' }, { deployment: 'd1', outcome: 'dropped' }] })
  t.equal((line!['attempts'] as unknown[]).length, 2, 'nobody else is tried')
})

t.test('a client that leaves during the dial leaves nothing behind', async t => {
  const hanging = await startTcp(t)
  const gateway = await startGateway(t, { deployments: [at(`ws://127.0.0.1:${hanging.port}`, 'one', { maxSessions: 1 })], connectTimeout: 5_000 })
  for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const socket = await dial(gateway.port)
    socket.write(upgradeRequest())
    await eventually(() => hanging.connections.size === 1, 'the upstream is dialled')
    t.match(gateway.status('one'), { sessions: 1 })
    t.match(await visit(gateway), { status: 429, error: { code: 'rate_limit_exceeded' } }, 'the only slot is taken')
    leave(socket)
    await eventually(() => hanging.connections.size === 0, 'the dial is called off')
    t.match(gateway.status('one'), { state: 'ready', sessions: 0 })
    socket.destroy()
  }
})

t.test('after three refusals the first candidate is left alone, and tried again when its cooldown is over', async t => {
  const [flaky, steady] = [await startUpstream(t), await startUpstream(t)]
  const gateway = await startGateway(t, { deployments: [at(flaky.url, 'flaky'), at(steady.url, 'steady', { order: 1 })], routing: { cooldownMs: 300 } })
  flaky.inject({ type: 'refuse', status: 503 }, 3)
  for (let i = 0; i < 6; i++) {
    const { caller } = await visit(gateway)
    await caller!.leave()
  }
  t.equal(flaky.connections.length, 3, 'three were enough')
  t.match(gateway.status('flaky'), { state: 'cooldown', cause: 'fault' })
  t.match(gateway.opened.at(-1), { route: { candidates: ['steady'], passedOver: [{ deployment: 'flaky', reason: 'cooldown' }], attempts: [{ outcome: 'ready' }] } })
  t.ok(gateway.log.some(({ msg, deployment }) => msg === 'realtime deployment in cooldown' && deployment === 'flaky'))
  await eventually(() => gateway.status('flaky').state === 'ready', 'its cooldown is over')
  const { caller } = await visit(gateway)
  t.equal(gateway.opened.at(-1)!.deployment, 'flaky')
  await caller!.leave()
})

t.test('when a cooldown is over one dial tries, and all others go elsewhere meanwhile', async t => {
  const [flaky, steady] = [await startUpstream(t), await startUpstream(t)]
  const gateway = await startGateway(t, { deployments: [at(flaky.url, 'flaky', { allowedFails: 1 }), at(steady.url, 'steady', { order: 1 })], routing: { cooldownMs: 50 } })
  flaky.inject({ type: 'refuse', status: 503 })
  flaky.inject({ type: 'delay', ms: 300 })
  const callers = [await visit(gateway)]
  await eventually(() => gateway.status('flaky').state === 'ready', 'its cooldown is over')
  callers.push(...await Promise.all(Array.from({ length: 10 }, () => visit(gateway))))
  t.equal(flaky.connections.length, 2, 'the one that failed, and the one that tried')
  t.equal(steady.connections.length, 10)
  t.equal(gateway.opened.filter(({ route }) => route.passedOver[0]?.reason === 'probing').length, 9)
  await Promise.all(callers.map(({ caller }) => caller!.leave()))
})

t.test('sessions that are lost in the middle begin a cooldown though the deployment answers every dial', async t => {
  const [flaky, steady] = [await startUpstream(t), await startUpstream(t)]
  const gateway = await startGateway(t, { deployments: [at(flaky.url, 'flaky'), at(steady.url, 'steady', { order: 1 })] })
  const losses: SimulatorFault[] = [{ type: 'abort', how: 'rst' }, { type: 'abort', how: 'fin' }, { type: 'close', code: 1011 }]
  for (const loss of losses) {
    flaky.inject(loss)
    const { caller } = await visit(gateway)
    caller!.send({ type: 'response.create' })
    await caller!.closed
    await eventually(() => gateway.status('flaky').sessions === 0, 'the router knows')
  }
  t.match(gateway.status('flaky'), { state: 'cooldown', cause: 'session' })
  const { caller } = await visit(gateway)
  t.equal(gateway.opened.at(-1)!.deployment, 'steady')
  await caller!.leave()
})

t.test('sessions that end well count nothing, whoever ends them', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one')] })
  for (let i = 0; i < 4; i++) {
    upstream.inject({ type: 'close', code: 1000, after: { event: 'response.done' } })
    const { caller } = await visit(gateway)
    caller!.send({ type: 'response.create' })
    await caller!.closed
  }
  for (let i = 0; i < 4; i++) (await visit(gateway)).caller!.vanish()
  await eventually(() => gateway.ended.length === 8, 'all have ended')
  t.match(gateway.status('one'), { state: 'ready', sessions: 0 })
})

t.test('the router learns how long dials and first audio take, and how many tokens a turn uses', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one')] })
  const { caller } = await visit(gateway)
  await talk(caller!)
  const done = await caller!.next('response.done') as unknown as { response: { usage: { total_tokens: number } } }
  const { firstAudioMs, tokensLastMinute } = gateway.status('one')
  t.ok(firstAudioMs! >= 0)
  t.equal(tokensLastMinute, done.response.usage.total_tokens)
  await caller!.leave()
})

t.test('fallbacks go on with another model under its own name; a key may forbid them', async t => {
  const [down, up] = [await startUpstream(t, { faults: [{ type: 'refuse', status: 503 }] }), await startUpstream(t, { flavour: 'xai' })]
  const strict = 'sk-routing-strict-0001'
  const gateway = await startGateway(t, {
    deployments: [at(down.url, 'openai'), at(up.url, 'grok', { model: 'backup', target: 'xai/grok-voice-latest' })],
    routing: { fallbacks: { voice: ['backup'] } },
    keys: [{ key: goodKey, name: 'caller' }, { key: strict, name: 'strict', fallbacks: false }]
  })
  const { caller } = await visit(gateway)
  t.equal((await up.connection(0)).query.get('model'), 'grok-voice-latest')
  t.match(gateway.opened, [{ model: 'voice', deployment: 'grok' }])
  await caller!.leave()
  t.match(await visit(gateway, { key: strict }), { status: 502 })
})

t.test('a model that a client made up begins no cooldown of a wildcard deployment', async t => {
  const upstream = await startUpstream(t, { models: ['gpt-realtime'] })
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'any', { model: '*', target: 'openai/*' })] })
  for (let i = 0; i < 4; i++) t.match(await visit(gateway, { query: `model=made-up-realtime-${i}` }), { status: 502 })
  t.match(gateway.status('any'), { state: 'ready' })
  const { status, caller } = await visit(gateway, { query: 'model=gpt-realtime' })
  t.equal(status, 101)
  await caller!.leave()
})

async function selfSigned (): Promise<{ key: string, cert: string }> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' })
  return { key: pems.private, cert: pems.cert }
}
