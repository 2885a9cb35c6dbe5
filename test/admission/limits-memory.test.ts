import fc from 'fast-check'
import { deepStrictEqual } from 'node:assert/strict'
import t from 'tap'
import { createMemoryLimitStore } from '../../lib/admission/limits/memory.ts'
import { RecentTimes } from '../../lib/admission/limits/recent-times.ts'
import { limitStoreConformance } from '../../lib/testing/index.ts'
import type { LimitClaim, LimitRefusal, LimitScope, LimitStore } from '../../types/index.ts'
import { holds } from '../fixtures/session/seeded.ts'

const leaseMs = 30_000

/** A store whose clock is set by hand. */
function storeAt (): { store: ReturnType<typeof createMemoryLimitStore>, clock: { now: number } } {
  const clock = { now: 0 }
  return { store: createMemoryLimitStore({ leaseMs, now: () => clock.now }), clock }
}

function claim (id: string, ...scopes: LimitScope[]): LimitClaim {
  return { id, group: 'g', scopes }
}

/** The contract, as simple as it can be said. */
function model (): { acquire: (claim: LimitClaim, now: number) => LimitRefusal | undefined, renew: (claim: LimitClaim, now: number) => boolean, release: (id: string) => void } {
  const held = new Map<string, { until: number, scopes: string[] }>()
  const taken: Array<{ scope: string, at: number }> = []
  const inUse = (scope: string, now: number, but?: string): number => [...held].filter(([id, { until, scopes }]) => id !== but && until > now && scopes.includes(scope)).length
  const live = (id: string, now: number): boolean => (held.get(id)?.until ?? 0) > now
  return {
    acquire ({ id, scopes }, now) {
      if (live(id, now)) return undefined
      for (const { id: scope, maxParallel, perMinute } of scopes) {
        if (maxParallel !== undefined && inUse(scope, now, id) >= maxParallel) return { scope, limit: 'maxParallel', retryAfterMs: 1_000 }
        if (perMinute === 0) return { scope, limit: 'perMinute', retryAfterMs: 60_000 }
        const recent = taken.filter(each => each.scope === scope && now - each.at < 60_000)
        if (perMinute !== undefined && recent.length >= perMinute) return { scope, limit: 'perMinute', retryAfterMs: recent.at(-perMinute)!.at + 60_000 - now }
      }
      held.set(id, { until: now + leaseMs, scopes: scopes.map(({ id }) => id) })
      taken.push(...scopes.filter(({ perMinute }) => perMinute !== undefined).map(({ id }) => ({ scope: id, at: now })))
      return undefined
    },
    renew ({ id, scopes }, now) {
      const mine = live(id, now) ? held.get(id)!.scopes : []
      const room = scopes.every(({ id: scope, maxParallel = Infinity }) => mine.includes(scope) || inUse(scope, now, id) < maxParallel)
      if (room) held.set(id, { until: now + leaseMs, scopes: scopes.map(({ id }) => id) })
      else held.delete(id)
      return room
    },
    release (id) {
      held.delete(id)
    }
  }
}

const limit = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined })
const scopes = fc.uniqueArray(fc.record({ id: fc.constantFrom('key:a', 'key:b', 'team:t'), maxParallel: limit, perMinute: limit }), { minLength: 1, maxLength: 3, selector: ({ id }) => id })
const step = fc.record({
  gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 40_000 })),
  call: fc.constantFrom('acquire', 'acquire', 'renew', 'release'),
  id: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  scopes
})

t.test('limits in memory conform', async t => {
  const clocks = new Map<LimitStore, { now: number }>()
  const suite = limitStoreConformance({
    create () {
      const { store, clock } = storeAt()
      clocks.set(store, clock)
      return store
    },
    advance (store, ms) {
      clocks.get(store)!.now += ms
    }
  })
  for (const { name, run } of suite) await t.resolves(run(), name)
})

t.test('it answers as the contract says, whatever is asked when', async t => {
  await holds(t, 1_000, fc.array(step, { maxLength: 60 }), async steps => {
    const { store, clock } = storeAt()
    const expected = model()
    for (const { gap, call, ...mine } of steps) {
      clock.now += gap
      const asked = { ...mine, group: 'g' }
      if (call === 'acquire') deepStrictEqual(await store.acquire(asked), expected.acquire(asked, clock.now))
      else if (call === 'renew') deepStrictEqual(await store.renew([asked]), expected.renew(asked, clock.now) ? [] : [asked.id])
      else {
        await store.release([asked])
        expected.release(asked.id)
      }
    }
  })
})

t.test('no 60 seconds see more than the limit, by a clock of fractions', async t => {
  const gaps = fc.array(fc.double({ min: 0, max: 9_000, noNaN: true }), { maxLength: 60 })
  await holds(t, 300, fc.tuple(fc.integer({ min: 1, max: 7 }), gaps), async ([perMinute, gaps]) => {
    const { store, clock } = storeAt()
    const admitted: number[] = []
    for (const [i, gap] of gaps.entries()) {
      clock.now += gap
      const refused = await store.acquire(claim(`${i}`, { id: 'key:a', perMinute }))
      if (refused === undefined) admitted.push(clock.now)
      const since = admitted.filter(at => clock.now - at < 60_000).length
      deepStrictEqual(since <= perMinute && (refused === undefined || since === perMinute), true)
    }
  })
})

t.test('scopes that count nothing any more are forgotten, a few with each call', async t => {
  const { store, clock } = storeAt()
  const again = claim('again', { id: 'key:again', maxParallel: 1, perMinute: 5 })
  for (let i = 0; i < 10_000; i++) await store.acquire(claim(`${i}`, { id: `key:${i}`, maxParallel: 1, perMinute: 5 }))
  clock.now += 61_000

  // A scope that may be forgotten is asked how many of its times are recent.
  const { count } = RecentTimes.prototype
  t.teardown(() => { RecentTimes.prototype.count = count })
  let looks = 0
  RecentTimes.prototype.count = function (now) {
    looks++
    return count.call(this, now)
  }
  await store.acquire(again)
  t.ok(looks < 10, `${looks} looks by one call`)
  for (let i = 0; i < 10_000; i++) await store.acquire(again)
  looks = 0
  for (let i = 0; i < 100; i++) await store.acquire(again)
  t.equal(looks, 0, 'none is left but the one that is held')
})

t.test('a claim that moves to another scope counts there, and no more where it was', async t => {
  const { store } = storeAt()
  await store.acquire(claim('1', { id: 'team:old', maxParallel: 1 }))
  t.strictSame(await store.renew([claim('1', { id: 'team:new' })]), [])
  t.equal(await store.acquire(claim('2', { id: 'team:old', maxParallel: 1 })), undefined)
  t.match(await store.acquire(claim('3', { id: 'team:new', maxParallel: 1 })), { scope: 'team:new', limit: 'maxParallel' })
})

t.test('times of a hundred thousand are held in a ring that wraps', async t => {
  const times = new RecentTimes(60_000)
  for (let i = 0; i < 400_000; i++) times.add(i)
  t.equal(times.count(399_999), 60_000)
  t.equal(times.untilBelow(60_000, 399_999), 1)
  t.equal(times.untilBelow(1, 399_999), 60_000)
  t.equal(times.untilBelow(60_001, 399_999), 0)
  t.equal(times.count(459_999), 0)
})
