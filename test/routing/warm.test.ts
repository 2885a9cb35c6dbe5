import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Simulator, SimulatorConnection, SimulatorFault } from '../../lib/testing/index.ts'
import type { Deployment, RouteAttempt, RouteOutcome, SessionKind } from '../../types/index.ts'
import { connect } from '../../lib/upstream/connect.ts'
import { at, connectTools, eventually, newLease, ready, startGateway, startUpstream, talk, visit } from '../fixtures/routing.ts'
import type { RoutedGateway } from '../fixtures/routing.ts'
import { deployment } from '../fixtures/router.ts'

const open = ({ connections }: Simulator): SimulatorConnection[] => connections.filter(({ isOpen }) => isOpen)

/** Waits until `count` sockets of `upstream` are open and past their first event. */
async function warmed (upstream: Simulator, count: number): Promise<void> {
  await eventually(() => open(upstream).filter(({ counts }) => counts.sent > 0).length === count, `${count} warm sockets`)
  // The gateway hears of the event one turn of the loop later at the latest: both are in this process.
  await sleep(20)
}

function outcome ({ opened }: RoutedGateway): RouteAttempt['outcome'] | undefined {
  return opened.at(-1)?.route.attempts.at(-1)?.outcome
}

t.test('a warm session is a fresh one byte for byte, on both legs', async t => {
  const same = { seed: 7, now: () => 1_790_000_000_000 }
  const [forWarm, forFresh] = [await startUpstream(t, same), await startUpstream(t, same)]
  const headers = { 'X-Tenant': 'acme' }
  const warm = await startGateway(t, { deployments: [at(forWarm.url, 'one', { warm: { size: 1 }, headers })] })
  const fresh = await startGateway(t, { deployments: [at(forFresh.url, 'one', { headers })] })
  await warmed(forWarm, 1)

  const [first, second] = [(await visit(warm)).caller!, (await visit(fresh)).caller!]
  t.equal(outcome(warm), 'warm')
  t.equal(outcome(fresh), 'ready')
  for (const caller of [first, second]) {
    await talk(caller, 1)
    await talk(caller, 2)
  }
  t.ok(first.bytes().equals(second.bytes()), `the same ${first.bytes().length} bytes`)
  t.equal(first.events[0]?.type, 'session.created')

  const [atWarm, atFresh] = [await forWarm.connection(0), await forFresh.connection(0)]
  const told = ({ url, headers, protocols, received }: SimulatorConnection): unknown => {
    const { host, 'sec-websocket-key': key, ...rest } = headers
    return { url, headers: rest, names: Object.keys(headers), protocols, received: received.map(({ data }) => data.toString()) }
  }
  t.strictSame(told(atWarm), told(atFresh), 'query, credential, headers and all that the client sent')
  t.match(atWarm.headers, { authorization: /^Bearer sk-routing-provider/, 'x-tenant': 'acme' })
  await Promise.all([first.leave(), second.leave()])
})

t.test('what the upstream says while a socket waits reaches the client in its order', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 1 } })] })
  await warmed(upstream, 1)
  const connection = await upstream.connection(0)
  for (let n = 0; n < 3; n++) connection.send({ type: 'waiting', n })
  await sleep(20)
  const caller = (await visit(gateway)).caller!
  connection.send({ type: 'waiting', n: 3 })
  await caller.next('waiting', 4)
  t.strictSame(caller.events.map(({ type, n }) => [type, n]), [['session.created', undefined], ...[0, 1, 2, 3].map(n => ['waiting', n])])
  await caller.leave()
})

t.test('a warm socket serves at once where a dial would take long', async t => {
  const upstream = await startUpstream(t, { faults: [{ type: 'late_first_event', ms: 1_000 }] })
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 1 } })] })
  await warmed(upstream, 1)
  const { ms, caller } = await visit(gateway)
  t.equal(outcome(gateway), 'warm')
  t.ok(ms < 500, `${Math.round(ms)} ms`)
  await caller!.leave()
})

t.test('never shared, never reused, always replaced', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 3 } })] })
  for (let round = 0; round < 3; round++) {
    await warmed(upstream, 3)
    const callers = (await Promise.all(Array.from({ length: 10 }, () => visit(gateway)))).map(({ caller }) => caller!)
    const ids = await Promise.all(callers.map(async caller => ((await caller.next('session.created')).session as { id: string }).id))
    t.equal(new Set(ids).size, 10, 'each has a session of its own')
    t.ok(gateway.opened.slice(round * 10).filter(({ route }) => route.attempts[0]!.outcome === 'warm').length >= 3)
    await warmed(upstream, 13)
    await Promise.all(callers.map(caller => caller.leave()))
  }
  t.equal(upstream.connections.length, 33, 'one for each session, and those that wait')
  t.equal(upstream.connections.filter(({ counts }) => counts.received > 0).length, 0, 'and nothing was ever sent to one that waits')
})

t.test('a socket is replaced before it has idled too long, without a gap', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 1, maxIdleMs: 400 } })] })
  await warmed(upstream, 1)
  let least = Infinity
  let most = 0
  const startedAt = performance.now()
  await eventually(() => {
    least = Math.min(least, open(upstream).length)
    most = Math.max(most, open(upstream).length)
    return upstream.connections.length >= 4
  }, 'three renewals')
  t.ok(performance.now() - startedAt > 800, 'not more often than need be')
  t.ok(least >= 1 && most <= 2, `between ${least} and ${most} at a time`)
  const { caller } = await visit(gateway)
  t.equal(outcome(gateway), 'warm')
  await sleep(500)
  t.equal(gateway.fastify.realtime.sessions.size, 1, 'once it is in use its age does not matter')
  await caller!.leave()
})

t.test('a socket that has died is not handed out, and replaced after a while', async t => {
  const ends: Array<(connection: SimulatorConnection) => void> = [
    connection => connection.close(1001), connection => connection.abort('rst'), connection => connection.abort('fin'), connection => connection.sendRaw(Buffer.from([0xf0, 0]))
  ]
  await Promise.all(ends.map(async end => {
    const upstream = await startUpstream(t)
    const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 1 } })] })
    await warmed(upstream, 1)
    const connection = await upstream.connection(0)
    end(connection)
    await connection.ended
    const { caller } = await visit(gateway)
    t.equal(outcome(gateway), 'ready', 'a fresh dial')
    await talk(caller!)
    await warmed(upstream, 2)
    await caller!.leave()
    await (await visit(gateway)).caller!.leave()
    t.equal(outcome(gateway), 'warm')
  }))
})

t.test('an upstream that refuses, or hangs up on what waits, is dialled ever more seldom, and not before it says', async t => {
  const dials = async (fault: SimulatorFault): Promise<Simulator> => {
    const upstream = await startUpstream(t, { faults: [fault] })
    await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 4 }, allowedFails: 1_000 })] })
    return upstream
  }
  const [refusing, leaving, limited] = await Promise.all([
    dials({ type: 'refuse', status: 503 }),
    dials({ type: 'close', code: 1001, after: { event: 'session.created' } }),
    dials({ type: 'refuse', status: 429, headers: { 'Retry-After': '3' } })
  ])
  await sleep(2_400)
  t.equal(refusing.connections.length, 8, 'at once and after a second; then after two more')
  t.equal(leaving.connections.length, 8)
  t.equal(limited.connections.length, 4, 'it said three seconds')
  await eventually(() => limited.connections.length === 8, 'then it is asked again', 3_000)
})

t.test('sockets that wait count against maxSessions, and make room for whoever cannot use them', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 2 }, maxSessions: 2 })] })
  let most = 0
  upstream.on('connection', () => setImmediate(() => { most = Math.max(most, open(upstream).length) }))
  await warmed(upstream, 2)
  const first = (await visit(gateway)).caller!
  t.equal(outcome(gateway), 'warm')
  const second = (await visit(gateway, { query: 'model=voice&reasoning=high' })).caller!
  t.equal(outcome(gateway), 'ready', 'the last slot was a warm socket\'s, of no use here')
  t.match(await visit(gateway), { status: 429, error: { code: 'rate_limit_exceeded' } })
  await Promise.all([first.leave(), second.leave()])
  await warmed(upstream, 2)
  t.ok(most <= 2, `${most} at a time`)
})

t.test('whoever brings more than a model gets a fresh dial that carries it', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 1 } })], defaultModel: 'voice' })
  await warmed(upstream, 1)
  const latest = (): SimulatorConnection => upstream.connections.at(-1)!
  const fresh = async (request: Parameters<typeof visit>[1]): Promise<void> => {
    const { caller } = await visit(gateway, request)
    t.equal(outcome(gateway), 'ready')
    await caller!.leave()
  }
  await fresh({ query: 'model=voice&reasoning=high' })
  t.equal(latest().query.get('reasoning'), 'high')
  await fresh({ headers: { 'OpenAI-Safety-Identifier': 'user-1' } })
  t.equal(latest().headers['openai-safety-identifier'], 'user-1')
  await fresh({ query: 'intent=transcription' })
  t.strictSame([...latest().query], [['intent', 'transcription']])
  t.ok(upstream.connections[0]!.isOpen, 'the warm one still waits')
  await (await visit(gateway)).caller!.leave()
  t.equal(outcome(gateway), 'warm')
})

t.test('a warm socket is for plain voice sessions alone', async t => {
  const tools = connectTools(async () => ready())
  const warm = ready().ready
  const connected = async (kind: SessionKind, query = ''): Promise<RouteAttempt['outcome'] | undefined> => {
    const attempts: RouteAttempt[] = []
    const request = { handshake: { kind, query: new URLSearchParams(query) }, lease: newLease(), report: () => {}, attempts, signal: new AbortController().signal }
    await connect({ candidates: [deployment('one')] }, request, { ...tools, pool: { ...tools.pool, take: () => warm } })
    return attempts[0]?.outcome
  }
  t.equal(await connected('realtime'), 'warm')
  t.equal(await connected('realtime', 'reasoning=high'), 'ready')
  for (const kind of ['transcription', 'translation', 'attached'] as const) t.equal(await connected(kind), 'ready', kind)
})

t.test("a router of the host's that changes a deployment gets no socket of the unchanged one", async t => {
  const upstream = await startUpstream(t)
  const deployment = at(upstream.url, 'one', { warm: { size: 1 } }) as Deployment
  const changes: Array<Partial<Deployment>> = [{ target: 'openai/gpt-realtime-mini' }, { apiKey: 'sk-another-provider-key' }, { headers: { 'X-Tenant': 'other' } }, {}]
  const gateway = await startGateway(t, { deployments: [deployment], router: { candidates: () => [{ ...deployment, ...changes.shift() }] } })
  await warmed(upstream, 1)
  for (const expected of ['ready', 'ready', 'ready', 'warm']) {
    await (await visit(gateway)).caller!.leave()
    t.equal(outcome(gateway), expected)
  }
  t.equal(upstream.connections[1]!.query.get('model'), 'gpt-realtime-mini')
  t.equal(upstream.connections[2]!.headers.authorization, 'Bearer sk-another-provider-key')
})

t.test('pings are answered while a socket waits', async t => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  const connected = once(server, 'connection') as Promise<[WebSocket]>
  await startGateway(t, { deployments: [at(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, 'one', { warm: { size: 1 } })] })
  const [socket] = await connected
  socket.send('{"type":"session.created"}')
  for (const text of ['one', 'two']) {
    const pong = once(socket, 'pong') as Promise<[Buffer]>
    socket.ping(text)
    t.equal(String((await pong)[0]), text)
  }
})

t.test('closing the server closes what waits and what is being dialled, and dials no more', async t => {
  const [upstream, silent] = [await startUpstream(t), await startUpstream(t, { faults: [{ type: 'silent' }] })]
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 2, maxIdleMs: 200 } }), at(silent.url, 'two', { warm: { size: 1 } })] })
  await warmed(upstream, 2)
  await eventually(() => silent.connections[0]?.isOpen === true, 'the other is dialled')
  const startedAt = performance.now()
  await gateway.fastify.close()
  await eventually(() => open(upstream).length + open(silent).length === 0, 'all are closed')
  t.ok(performance.now() - startedAt < 1_000)
  const dialled = upstream.connections.length
  await sleep(400)
  t.equal(upstream.connections.length, dialled)
  t.equal(silent.connections.length, 1)
})

t.test('what the pool learns, clients need not: a deployment that refuses it cools down', async t => {
  const [limited, good] = [await startUpstream(t, { faults: [{ type: 'refuse', status: 429, headers: { 'Retry-After': '60' } }] }), await startUpstream(t)]
  const gateway = await startGateway(t, { deployments: [at(limited.url, 'limited', { warm: { size: 1 } }), at(good.url, 'good', { order: 1 })] })
  await eventually(() => gateway.status('limited').state === 'cooldown', 'the pool was refused')
  const { caller } = await visit(gateway)
  t.match(gateway.opened, [{ deployment: 'good', route: { passedOver: [{ deployment: 'limited', reason: 'cooldown' }], attempts: [{ deployment: 'good', outcome: 'ready' }] } }])
  t.equal(limited.connections.length, 1)
  await caller!.leave()
})

t.test('the router hears of a warm socket as of a dial, and counts what waits as no session', async t => {
  const upstream = await startUpstream(t)
  const heard: RouteOutcome[] = []
  const deployment = at(upstream.url, 'one', { warm: { size: 1 } }) as Deployment
  const gateway = await startGateway(t, { deployments: [deployment], router: { candidates: () => [deployment], report: outcome => { heard.push(outcome) } } })
  await warmed(upstream, 1)
  t.match(heard, [{ type: 'dial', probe: true }, { type: 'ready', probe: true }])
  heard.length = 0
  await (await visit(gateway)).caller!.leave()
  await eventually(() => heard.some(({ type }) => type === 'ended'), 'the end')
  t.match(heard.filter(outcome => !('probe' in outcome)), [{ type: 'dial' }, { type: 'ready', warm: true }, { type: 'ended', closeCode: 1000 }])
})

t.test('many sockets warming at a time are no reason for a warning', async t => {
  const warnings: Error[] = []
  const note = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const upstream = await startUpstream(t)
  await startGateway(t, { deployments: [at(upstream.url, 'one', { warm: { size: 24 } })] })
  await warmed(upstream, 24)
  t.strictSame(warnings, [])
})
