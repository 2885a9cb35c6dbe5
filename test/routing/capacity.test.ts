import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createMemoryCooldowns } from '../../lib/router/cooldown.ts'
import type { Simulator } from '../../lib/testing/index.ts'
import type { Caller, Visited } from '../fixtures/routing.ts'
import { startProbing } from '../../lib/upstream/probe.ts'
import { createSlots } from '../../lib/upstream/capacity.ts'
import type { RouteOutcome } from '../../types/index.ts'
import { at, eventually, newLease, providerKey, startGateway, startTcp, startUpstream, visit } from '../fixtures/routing.ts'
import type { RoutedGateway } from '../fixtures/routing.ts'
import { deployment, refusal, testRouter } from '../fixtures/router.ts'

const crowd = (gateway: RoutedGateway, size: number): Promise<Visited[]> => Promise.all(Array.from({ length: size }, () => visit(gateway)))
const callersOf = (visits: readonly Visited[]): Caller[] => visits.flatMap(({ caller }) => caller ?? [])

t.test('of 200 clients at once exactly as many get in as there are slots, and every slot comes back on every way out', async t => {
  const upstreams = [await startUpstream(t), await startUpstream(t)] as const
  const gateway = await startGateway(t, { deployments: upstreams.map(({ url }, i) => at(url, `d${i}`, { maxSessions: 5 })) })
  let most = 0
  const count = ({ connections }: Simulator): number => connections.filter(({ isOpen }) => isOpen).length
  for (const upstream of upstreams) upstream.on('connection', () => setImmediate(() => { most = Math.max(most, count(upstream)) }))

  const visits = await crowd(gateway, 200)
  const callers = callersOf(visits)
  t.equal(callers.length, 10)
  const refused = visits.filter(({ caller }) => caller === undefined)
  t.ok(refused.every(({ status, error, retryAfter }) => status === 429 && error?.code === 'rate_limit_exceeded' && retryAfter! >= 1), '190 are told when to come back')
  t.match(['d0', 'd1'].map(id => gateway.status(id).sessions), [5, 5])

  const live = (): Array<Simulator['connections'][number]> => upstreams.flatMap(({ connections }) => connections.filter(({ isOpen }) => isOpen))
  const ways: Array<[name: string, out: (callers: readonly Caller[]) => unknown]> = [
    ['the client closes', callers => callers.map(caller => caller.leave())],
    ['the client vanishes', callers => callers.map(caller => caller.vanish())],
    ['the upstream closes', () => live().map(connection => connection.close(1000))],
    ['the gateway closes', () => gateway.fastify.realtime.sessions.list().map(({ id }) => gateway.fastify.realtime.sessions.close(id))],
    ['the client breaks the protocol', callers => callers.map(caller => caller.sendRaw(Buffer.from([0xf0, 0x80, 0, 0, 0, 0])))],
    ['the upstream breaks the protocol', () => live().map(connection => connection.sendRaw(Buffer.from([0xf0, 0])))]
  ]
  let inside = callers
  for (const [name, out] of ways) {
    out(inside)
    await eventually(() => gateway.status('d0').sessions + gateway.status('d1').sessions === 0, `${name}: all slots are free`)
    inside = callersOf(await crowd(gateway, 20))
    t.equal(inside.length, 10, `${name}: ten get in again`)
  }
  t.ok(most <= 5, `never more than five on one deployment: ${most}`)
  await Promise.all(inside.map(caller => caller.leave()))
})

t.test('a dial that fails, hangs or is called off gives its slot back', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { maxSessions: 1, cooldownMs: 0 })], connectTimeout: 300 })
  for (const fault of [{ type: 'refuse', status: 503 }, { type: 'drop', how: 'rst' }, { type: 'silent' }, { type: 'close_first', code: 1011 }] as const) {
    upstream.inject(fault)
    t.not((await visit(gateway)).status, 101)
    const { status, caller } = await visit(gateway)
    t.equal(status, 101, `after ${fault.type}`)
    await caller!.leave()
    await eventually(() => gateway.status('one').sessions === 0, 'it is over')
  }
})

t.test('rpm is exact among all who come at once, whether the router heeds it or not', async t => {
  for (const heedless of [false, true]) {
    const upstream = await startUpstream(t)
    const only = { ...at(upstream.url, 'one', { rpm: 7 }), id: 'one' }
    const gateway = await startGateway(t, { deployments: [only], ...(heedless && { router: { candidates: () => [only] } }) })
    const callers = callersOf(await crowd(gateway, 50))
    t.equal(callers.length, 7)
    await Promise.all(callers.map(caller => caller.leave()))
    t.match(await visit(gateway), { status: 429, error: { code: 'rate_limit_exceeded' } }, 'a slot that is free again is no new start')
    t.equal(upstream.connections.length, 7)
  }
})

t.test('a deployment that fills up while a client waits is passed over for the next', async t => {
  const [first, second] = [await startUpstream(t), await startUpstream(t)]
  // A router of the host's need not know of the limits: they hold all the same.
  const deployments = [at(first.url, 'first', { maxSessions: 1 }), at(second.url, 'second')] as const
  const gateway = await startGateway(t, { deployments, router: { candidates: () => deployments.map((each, i) => ({ ...each, id: ['first', 'second'][i]! })) } })
  const callers = callersOf(await crowd(gateway, 2))
  t.match(gateway.opened.find(({ deployment }) => deployment === 'second'), { route: { attempts: [{ deployment: 'first', outcome: 'full', ms: Number }, { deployment: 'second', outcome: 'ready' }] } })
  await Promise.all(callers.map(caller => caller.leave()))
})

t.test('probes tell the router of failures and recoveries before a client meets them', async t => {
  const [flaky, steady] = [await startUpstream(t), await startUpstream(t)]
  const back = flaky.inject({ type: 'refuse', status: 503 }, Infinity)
  const gateway = await startGateway(t, {
    deployments: [at(flaky.url, 'flaky'), at(steady.url, 'steady', { order: 1 })],
    routing: { probeIntervalMs: 100, cooldownMs: 60_000 }
  })
  await eventually(() => gateway.status('flaky').state === 'cooldown', 'three probes failed')
  t.match(gateway.status('flaky'), { cause: 'fault', sessions: 0, startsLastMinute: 0 })
  t.match(flaky.connections[0], { headers: { authorization: `Bearer ${providerKey}` }, url: '/v1/realtime?model=gpt-realtime' })
  const { caller } = await visit(gateway)
  t.match(gateway.opened, [{ deployment: 'steady', route: { passedOver: [{ deployment: 'flaky' }] } }])
  await caller!.leave()

  back()
  await eventually(() => gateway.status('flaky').state === 'ready', 'a probe succeeded')
  t.match(gateway.status('flaky'), { sessions: Number, dialMs: Number, startsLastMinute: 0 })
  await eventually(() => flaky.connections.filter(({ isOpen }) => isOpen).length === 0, 'probes close what they opened')
  await (await visit(gateway)).caller!.leave()
  t.equal(gateway.opened.at(-1)!.deployment, 'flaky')
})

t.test('probes keep to maxSessions, and leave wildcards alone', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    deployments: [at(upstream.url, 'one', { maxSessions: 1 }), at(upstream.url, 'any', { model: '*', target: 'openai/*' })],
    routing: { probeIntervalMs: 100 }
  })
  let caller: Caller | undefined
  while (caller === undefined) caller = (await visit(gateway)).caller
  const dialled = upstream.connections.length
  await sleep(320)
  t.equal(upstream.connections.length, dialled, 'the only slot is taken')
  await caller.leave()
  await eventually(() => upstream.connections.length > dialled, 'the next probe')
})

t.test('closing the server ends probes under way and starts no more', async t => {
  const hanging = await startTcp(t)
  const gateway = await startGateway(t, { deployments: [at(`ws://127.0.0.1:${hanging.port}`, 'one')], routing: { probeIntervalMs: 100 } })
  await eventually(() => hanging.connections.size === 1, 'a probe')
  const startedAt = performance.now()
  await gateway.fastify.close()
  await eventually(() => hanging.connections.size === 0, 'it is called off')
  t.ok(performance.now() - startedAt < 1_000)
  let more = 0
  hanging.server.on('connection', () => more++)
  await sleep(250)
  t.equal(more, 0)
})

t.test('probes are spread over half to one and a half intervals', async t => {
  const slots = createSlots(() => performance.now())
  // The clock of a probe does not keep a process running, and nothing else here does.
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(awake))
  for (const [random, from, to] of [[0, 50, 95], [0.99, 145, 300]] as const) {
    const startedAt = performance.now()
    const ms = await new Promise<number>(resolve => {
      const probe = async (): Promise<object> => {
        stop()
        resolve(performance.now() - startedAt)
        return {}
      }
      const stop = startProbing([deployment('one')], 100, { slots, probe, lease: newLease, random: () => random })
    })
    t.ok(ms >= from - 2 && ms < to + 300, `${Math.round(ms)} ms`)
  }
})

t.test('neither a warm socket nor a dial ends a cooldown that lost sessions began', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, report, pass } = testRouter([a, b], { cooldownMs: 5_000 })
  const lost: RouteOutcome[] = [{ type: 'dial', deployment: a }, { type: 'ready', deployment: a, ms: 1 }, { type: 'ended', deployment: a, ms: 1, closeCode: 1006, unresponsive: false }]
  report(...lost, ...lost, ...lost)
  t.strictSame(choose(), ['b'])
  report({ type: 'dial', deployment: a, probe: true }, { type: 'ready', deployment: a, ms: 1, probe: true })
  t.strictSame(choose(), ['b'], 'it answered every dial before, too')
  pass(5_000)
  report({ type: 'dial', deployment: a, probe: true }, { type: 'ready', deployment: a, ms: 1, probe: true })
  t.strictSame(choose().sort(), ['a', 'b'])

  report(...refusal(a), ...refusal(a), ...refusal(a))
  report({ type: 'dial', deployment: a }, { type: 'ready', deployment: a, ms: 0, warm: true })
  t.strictSame(choose(), ['b'], 'a warm socket was dialled before')
  report({ type: 'dial', deployment: a, probe: true }, { type: 'ready', deployment: a, ms: 1, probe: true })
  t.strictSame(choose().sort(), ['a', 'b'], 'a dial that succeeds ends a cooldown that failed dials began')
})

t.test('a shared cooldown store: what one gateway learns the other heeds', async t => {
  const [bad, good] = [await startUpstream(t, { faults: [{ type: 'refuse', status: 429, headers: { 'Retry-After': '60' } }] }), await startUpstream(t)]
  const options = { deployments: [at(bad.url, 'bad'), at(good.url, 'good', { order: 1 })], cooldowns: createMemoryCooldowns() }
  const gateways = [await startGateway(t, options), await startGateway(t, options)] as const
  for (const gateway of gateways) await (await visit(gateway)).caller!.leave()
  t.equal(bad.connections.length, 1)
  t.match(gateways[1].opened, [{ deployment: 'good', route: { passedOver: [{ deployment: 'bad', reason: 'cooldown' }] } }])
})
