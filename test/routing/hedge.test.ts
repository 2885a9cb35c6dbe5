import t from 'tap'
import type { Simulator, SimulatorFault } from '../../lib/testing/index.ts'
import { connect } from '../../lib/upstream/connect.ts'
import type { Dialed } from '../../lib/upstream/dial.ts'
import type { DeploymentOptions, RouteAttempt, RouteOutcome, RoutingOptions } from '../../types/index.ts'
import { at, connectTools, eventually, newLease, ready, startGateway, startUpstream, talk, upgradeRequest, visit } from '../fixtures/routing.ts'
import type { RoutedGateway } from '../fixtures/routing.ts'
import { deployment } from '../fixtures/router.ts'
import { dial } from '../fixtures/wire/raw-http.ts'

const hedgeAfterMs = 60

interface Pair {
  readonly gateway: RoutedGateway
  readonly first: Simulator
  readonly second: Simulator
}

/** Two upstreams in this order; each fault happens on the first connection. */
async function startPair (t: { teardown (end: () => unknown): void }, { first, second, routing, more }: { first?: SimulatorFault, second?: SimulatorFault, routing?: RoutingOptions, more?: Partial<DeploymentOptions> }): Promise<Pair> {
  const upstreams = [await startUpstream(t), await startUpstream(t)] as const
  if (first) upstreams[0].inject(first)
  if (second) upstreams[1].inject(second)
  const gateway = await startGateway(t, {
    deployments: [at(upstreams[0].url, 'first', more), at(upstreams[1].url, 'second', { ...more, order: 1 })],
    routing: { hedgeAfterMs, ...routing }
  })
  return { gateway, first: upstreams[0], second: upstreams[1] }
}

t.test('a slow first candidate: the second is dialled beside it and wins, the first is called off unused', async t => {
  const { gateway, first, second } = await startPair(t, { first: { type: 'late_first_event', ms: 5_000 }, more: { maxSessions: 1 } })
  const { status, ms, caller } = await visit(gateway)
  t.equal(status, 101)
  t.ok(ms >= hedgeAfterMs * 0.95 && ms < 3_000, `${Math.round(ms)} ms`)
  const [slow] = first.connections
  await slow!.ended
  t.equal(slow!.counts.received, 0, 'nothing was sent to it')
  t.match(gateway.opened, [{ deployment: 'second', route: { attempts: [{ deployment: 'second', outcome: 'ready' }, { deployment: 'first', outcome: 'dropped' }] } }])
  t.match([gateway.status('first'), gateway.status('second')], [{ state: 'ready', sessions: 0, dialMs: undefined }, { sessions: 1 }])
  await talk(caller!)
  t.equal(second.connections.length, 1)
  const next = await visit(gateway)
  t.equal(gateway.opened[1]!.deployment, 'first', 'its only slot was given back')
  await Promise.all([caller!.leave(), next.caller!.leave()])
})

t.test('a first candidate that answers in time is the only one that is dialled', async t => {
  const { gateway, second } = await startPair(t, { first: { type: 'late_first_event', ms: 50 }, routing: { hedgeAfterMs: 2_000 } })
  const { caller } = await visit(gateway)
  t.match(gateway.opened, [{ deployment: 'first' }])
  await caller!.leave()
  t.equal(second.connections.length, 0)
})

t.test('without hedgeAfterMs a slow first candidate is waited for', async t => {
  const { gateway, second } = await startPair(t, { first: { type: 'late_first_event', ms: 200 }, routing: { hedgeAfterMs: undefined } })
  const { caller } = await visit(gateway)
  t.match(gateway.opened, [{ deployment: 'first' }])
  t.equal(second.connections.length, 0)
  await caller!.leave()
})

t.test('a first candidate that refuses before the alarm is followed at once', async t => {
  const { gateway } = await startPair(t, { first: { type: 'refuse', status: 500 }, routing: { hedgeAfterMs: 5_000 } })
  const { ms, caller } = await visit(gateway)
  t.ok(ms < 3_000, `${Math.round(ms)} ms`)
  t.match(gateway.opened, [{ route: { attempts: [{ outcome: 'fault' }, { outcome: 'ready' }] } }])
  await caller!.leave()
})

t.test('the slow first candidate still wins when the second refuses', async t => {
  const { gateway } = await startPair(t, { first: { type: 'late_first_event', ms: 300 }, second: { type: 'refuse', status: 503 } })
  const { caller } = await visit(gateway)
  t.match(gateway.opened, [{ deployment: 'first', route: { attempts: [{ deployment: 'second', outcome: 'fault' }, { deployment: 'first', outcome: 'ready' }] } }])
  await caller!.leave()
})

t.test('when both refuse the client hears the more useful refusal', async t => {
  const { gateway } = await startPair(t, {
    first: { type: 'close_first', code: 1011 },
    second: { type: 'refuse', status: 429, headers: { 'Retry-After': '9' } },
    routing: { hedgeAfterMs: 1 }
  })
  t.match(await visit(gateway), { status: 429, retryAfter: 9 })
  t.match([gateway.status('first'), gateway.status('second')], [{ sessions: 0 }, { sessions: 0, state: 'cooldown' }])
})

t.test('with p95 the alarm is the 95th percentile of the first candidate, and there is none before anything is known', async t => {
  const { gateway, first, second } = await startPair(t, { first: { type: 'late_first_event', ms: 250 }, routing: { hedgeAfterMs: 'p95', allowedFails: 100 } })
  for (let i = 0; i < 3; i++) await (await visit(gateway)).caller!.leave()
  t.equal(second.connections.length, 0, 'the slowest so far was 250 ms')
  first.inject({ type: 'silent' })
  const { ms, caller } = await visit(gateway)
  t.match(gateway.opened.at(-1), { deployment: 'second' })
  t.ok(ms >= 240 && ms < 3_000, `${Math.round(ms)} ms`)
  await caller!.leave()
})

t.test('a client that vanishes during a hedge leaves nothing behind', async t => {
  const late: SimulatorFault = { type: 'late_first_event', ms: 30_000 }
  const { gateway, first, second } = await startPair(t, { first: late, second: late })
  const socket = await dial(gateway.port)
  socket.write(upgradeRequest())
  const both = await Promise.all([first.connection(0), second.connection(0)])
  socket.resetAndDestroy()
  for (const { code } of await Promise.all(both.map(({ ended }) => ended))) t.equal(code, 1006)
  await eventually(() => gateway.status('first').sessions + gateway.status('second').sessions === 0, 'both slots are free')
  t.match(gateway.log.find(({ msg }) => msg === 'realtime route'), { attempts: [{ outcome: 'dropped' }, { outcome: 'dropped' }] })
  t.equal(gateway.fastify.realtime.sessions.size, 0)
})

t.test('many hedged dials at once: one session each, and no socket that nobody uses', async t => {
  const { gateway, first, second } = await startPair(t, { routing: { hedgeAfterMs: 1 } })
  first.inject({ type: 'late_first_event', ms: 3 }, 100)
  second.inject({ type: 'late_first_event', ms: 2 }, 100)
  const callers = (await Promise.all(Array.from({ length: 100 }, () => visit(gateway)))).map(({ caller }) => caller!)
  const open = (): number => [...first.connections, ...second.connections].filter(({ isOpen }) => isOpen).length
  await eventually(() => open() === 100, 'the losers are closed')
  t.equal(gateway.status('first').sessions + gateway.status('second').sessions, 100)
  await Promise.all(callers.map(caller => caller.leave()))
  await eventually(() => open() === 0 && gateway.ended.length === 100, 'all have ended')
  t.equal(gateway.status('first').sessions + gateway.status('second').sessions, 0)
})

t.test('two dials that end in one and the same moment', async t => {
  /** Runs a hedged connect whose two dials end together. */
  async function together (first: Dialed, second: Dialed): Promise<{ winner: string | undefined, closed: boolean[], outcomes: string[], attempts: string[], free: boolean }> {
    const ends: Array<() => void> = []
    const attempts: RouteAttempt[] = []
    const outcomes: RouteOutcome[] = []
    const deployments = [deployment('first', { maxSessions: 1 }), deployment('second', { maxSessions: 1 })]
    const tools = connectTools(({ url }) => new Promise(resolve => {
      ends.push(() => resolve(url.includes('first') ? first : second))
      // Both promises are settled before anybody can act on either.
      if (ends.length === 2) setImmediate(() => { for (const end of ends) end() })
    }))
    const lease = newLease()
    const request = { handshake: { kind: 'realtime' as const, query: new URLSearchParams() }, lease, report: (outcome: RouteOutcome) => { outcomes.push(outcome) }, attempts, signal: new AbortController().signal }
    const connected = await connect({ candidates: deployments, hedgeAfterMs: 1 }, request, tools).catch(() => undefined)
    await new Promise(setImmediate)
    const heard = outcomes.map(({ type, deployment }) => `${deployment.id} ${type}`)
    const closed = [first, second].map(({ ready }) => ready?.socket.destroyed ?? true)
    lease.release()
    return {
      closed,
      winner: connected?.deployment.id,
      outcomes: heard,
      attempts: attempts.map(({ deployment, outcome }) => `${deployment} ${outcome}`),
      free: deployments.every(each => tools.slots.take(each) !== undefined)
    }
  }

  await t.test('both ready: one wins, the other is closed and dropped', async t => {
    const { winner, closed, outcomes, attempts, free } = await together(ready(), ready())
    t.equal(winner, 'first')
    t.strictSame(closed, [false, true])
    t.strictSame(attempts, ['first ready', 'second dropped'])
    t.strictSame(outcomes, ['first dial', 'second dial', 'first ready', 'second dropped'])
    t.ok(free, 'both slots come back')
  })

  await t.test('one refuses, the other is ready: it is not lost', async t => {
    const { winner, closed, free } = await together({ refusal: { kind: 'fault' } }, ready())
    t.equal(winner, 'second')
    t.notOk(closed[1])
    t.ok(free)
  })

  await t.test('both refuse', async t => {
    const { winner, attempts, free } = await together({ refusal: { kind: 'fault' } }, { refusal: { kind: 'timeout' } })
    t.equal(winner, undefined)
    t.strictSame(attempts, ['first fault', 'second timeout'])
    t.ok(free)
  })
})

t.test('a hedge that was not needed leaves no timer behind', async t => {
  const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  const tools = connectTools(async () => ready())
  const request = { handshake: { kind: 'realtime' as const, query: new URLSearchParams() }, lease: newLease(), report: () => {}, attempts: [], signal: new AbortController().signal }
  for (let i = 0; i < 20; i++) await connect({ candidates: [deployment('first'), deployment('second')], hedgeAfterMs: 60_000 }, request, tools)
  t.equal(timers(), before)
})
