import t from 'tap'
import type { Test } from 'tap'
import { GatewayError } from '../../lib/errors.ts'
import { defaults } from '../../lib/options/defaults.ts'
import { Registry } from '../../lib/session/registry.ts'
import type { RegistryOptions } from '../../lib/session/registry.ts'
import type { SessionLimits } from '../../lib/session/parts.ts'
import { createClock, turn } from '../fixtures/session/clock.ts'
import type { Clock } from '../fixtures/session/clock.ts'
import { join } from '../fixtures/session/joined.ts'
import type { Joined } from '../fixtures/session/joined.ts'

interface Registered {
  readonly registry: Registry
  readonly clock: Clock
  /** A session with a slot, as the route makes them. */
  open (id: string, limits?: Partial<SessionLimits>): Promise<Joined>
}

function withRegistry (title: string, options: Partial<RegistryOptions>, run: (t: Test, registered: Registered) => Promise<void>): void {
  t.test(title, async t => {
    const clock = createClock()
    const registry = new Registry({ maxSessions: 10, evictIdleAfter: 0, drainTimeout: 10_000, closeTimeout: 5_000, sweepInterval: 1_000, now: clock.now, ...options })
    try {
      await run(t, {
        registry,
        clock,
        async open (id, limits) {
          const slot = registry.reserve()
          const joined = await join(limits, { identity: { id } }, clock)
          joined.lease.defer(slot)
          joined.lease.defer(() => registry.remove(id))
          registry.add(joined.session)
          return joined
        }
      })
    } finally {
      clock.restore()
    }
  })
}

const isResolved = async (promise: Promise<void>): Promise<boolean> => {
  let is = false
  promise.then(() => { is = true }, () => {})
  await turn()
  return is
}
const code = (run: () => unknown): string | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return (error as GatewayError).code
  }
}
const created = { type: 'response.created' }

withRegistry('at maxSessions the session that has been idle longest, over evictIdleAfter, makes room', { maxSessions: 2, evictIdleAfter: 60_000 }, async (t, { registry, open, clock }) => {
  const longest = await open('longest', { pingInterval: 1e6 })
  await clock.advance(30_000)
  const other = await open('other', { pingInterval: 1e6 })
  await clock.advance(29_000)
  t.equal(code(() => registry.reserve()), 'at_capacity', 'nobody was idle for so long')
  await clock.advance(2_000)
  t.doesNotThrow(() => registry.reserve())
  t.strictSame(longest.client.socket.closes, [{ code: 1001, reason: 'session_expired' }])
  t.strictSame(other.client.socket.closes, [])
  t.equal(code(() => registry.reserve()), 'at_capacity', 'one makes room for one')
})

withRegistry('of several sessions that are idle for long, the one that was for longest makes room', { maxSessions: 3, evictIdleAfter: 60_000 }, async (t, { registry, open, clock }) => {
  const sessions = []
  for (const id of ['first', 'second', 'third']) {
    sessions.push(await open(id, { pingInterval: 1e6 }))
    await clock.advance(10_000)
  }
  sessions[0]!.client.text('hello')
  await clock.advance(90_000)
  t.doesNotThrow(() => registry.reserve())
  t.strictSame(sessions.map(({ client }) => client.socket.closes.length), [0, 1, 0])
})

withRegistry('slots are limited, and a slot given back twice is one slot', { maxSessions: 2 }, async (t, { registry }) => {
  const first = registry.reserve()
  const second = registry.reserve()
  t.equal(code(() => registry.reserve()), 'at_capacity')
  first()
  first()
  const third = registry.reserve()
  t.equal(code(() => registry.reserve()), 'at_capacity')
  second()
  third()
  t.doesNotThrow(() => { registry.reserve(); registry.reserve() })
})

withRegistry('sessions are listed and closed by id', {}, async (t, { registry, open }) => {
  const a = await open('a')
  await open('b')
  t.equal(registry.size, 2)
  t.match(registry.list(), [{ id: 'a', state: 'open', principal: 'tester' }, { id: 'b', state: 'open' }])
  t.ok(registry.close('a', { code: 4001, reason: 'moved' }))
  t.notOk(registry.close('c'))
  t.throws(() => registry.close('b', { code: 1006 }), RangeError)
  await turn()
  t.strictSame(a.client.socket.closes, [{ code: 4001, reason: 'moved' }])
  for (const peer of [a.client, a.upstream]) peer.leave()
  await turn()
  t.strictSame(registry.list().map(({ id }) => id), ['b'])
})

withRegistry('one timer sweeps all sessions, and goes with the last', {}, async (t, { clock, open }) => {
  const joined = [await open('a', { idleTimeout: 10_000 }), await open('b', { idleTimeout: 20_000 })]
  t.equal(clock.pending, 1)
  await clock.advance(10_000)
  t.strictSame(joined.map(({ client }) => client.errors), [['session_expired'], []])
  await clock.advance(10_000)
  t.strictSame(joined.map(({ client }) => client.errors), [['session_expired'], ['session_expired']])
  await clock.advance(defaults.closeTimeout)
  t.equal(clock.pending, 0)
})

withRegistry('no peer is cut for the silence of a process that slept, however often and long', {}, async (t, { clock, open }) => {
  const { client } = await open('a')
  for (let i = 0; i < 5; i++) {
    clock.sleep(3_600_000)
    await clock.advance(2_000)
  }
  t.strictSame(client.errors, [])
  await clock.advance(30_000)
  t.strictSame(client.errors, ['peer_timeout'], 'but for its own')
})

for (const [when, before] of [['right after it began', 0], ['later', 2_000]] as const) {
  withRegistry(`a session does not count as idle, nor its peer as stalled, for what a process that slept ${when} could not see`, {}, async (t, { clock, open }) => {
    const idle = await open('idle', { idleTimeout: 10_000, pingInterval: 3_600_000 })
    const stalled = await open('stalled', { stallTimeout: 10_000, closeTimeout: 1_000, highWaterMark: 100_000, lowWaterMark: 50_000, pingInterval: 3_600_000 })
    stalled.client.socket.stall()
    for (let i = 0; i < 40; i++) stalled.upstream.text('x'.repeat(10_000))
    await turn()
    await clock.advance(before)
    clock.sleep(3_600_000)
    // The sweep that comes late counts as two.
    await clock.advance(4_000)
    t.strictSame([...idle.client.errors, ...stalled.upstream.socket.closes], [])
    idle.client.text('what waited')
    await clock.advance(9_000)
    t.strictSame(idle.client.errors, [], 'a message begins it anew')
    t.strictSame(stalled.upstream.socket.closes, [{ code: 1000, reason: '' }], 'it counts on from where it stood')
    await clock.advance(2_000)
    t.strictSame(idle.client.errors, ['session_expired'])
  })
}

withRegistry('a drain takes no more, ends what is idle at once and waits for what runs', {}, async (t, { registry, clock, open }) => {
  const idle = await open('idle')
  const running = await open('running')
  running.upstream.text(created)
  await turn()
  const slot = registry.reserve()
  const heard: GatewayError[] = []
  registry.onDrain(error => heard.push(error))
  registry.onDrain(() => t.fail('was taken away'))()
  const drained = registry.drain({ reason: 'See you on the other side.' })
  t.equal(registry.drain({ deadlineMs: 1 }), drained, 'a drain is one')
  t.ok(registry.draining)
  t.equal(code(() => registry.reserve()), 'draining')
  t.match(heard, [{ code: 'draining', message: 'See you on the other side.' }])
  await turn()
  t.match(JSON.parse(idle.client.socket.texts[0]!), { error: { code: 'draining', message: 'See you on the other side.' } })
  t.strictSame(idle.client.socket.closes, [{ code: 1012, reason: 'draining' }])
  t.strictSame(running.client.socket.closes, [])
  for (const peer of [idle.client, idle.upstream]) peer.leave()
  running.upstream.text({ type: 'response.done' })
  await turn()
  for (const peer of [running.client, running.upstream]) peer.leave()
  await turn()
  t.equal(registry.size, 0)
  t.notOk(await isResolved(drained), 'an upgrade holds its slot still')
  slot()
  t.ok(await isResolved(drained))
  t.equal(clock.pending, 0)
})

withRegistry('at the deadline every session ends, those too that wait for the end of a response, and closeTimeout later all is cut', {}, async (t, { registry, clock, open }) => {
  const frozen = { lingerTimeout: 60_000 }
  const running = await open('running', frozen)
  const left = await open('left', frozen)
  const expired = await open('expired', { ...frozen, maxSessionDuration: 1_000 })
  for (const { upstream } of [running, left, expired]) upstream.text(created)
  await turn()
  left.client.leave()
  await clock.advance(1_000)
  t.strictSame(expired.client.errors, ['session_expired'])
  const drained = registry.drain({ deadlineMs: 3_000 })
  await clock.advance(2_999)
  for (const { upstream } of [running, left, expired]) t.strictSame(upstream.socket.closes, [])
  await clock.advance(1)
  t.strictSame(running.client.socket.closes, [{ code: 1012, reason: 'draining' }])
  for (const { upstream } of [running, left, expired]) t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  t.notOk(await isResolved(drained))
  await clock.advance(defaults.closeTimeout)
  t.ok(await isResolved(drained))
  t.equal(clock.pending, 0)
})

withRegistry('a drain of nothing is over at once', {}, async (t, { registry, clock }) => {
  t.ok(await isResolved(registry.drain()))
  t.equal(code(() => registry.reserve()), 'draining')
  t.equal(clock.pending, 0)
})
