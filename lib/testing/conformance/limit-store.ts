import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { LimitClaim, LimitRefusal, LimitScope, LimitStore } from '../../../types/index.ts'
import { hostileNames, testWith } from './suite.ts'
import type { ConformanceTest, Lifetime } from './suite.ts'

export interface LimitStoreConformanceOptions extends Lifetime<LimitStore> {
  /** Makes a store that has counted nothing. Where leases take real time, short ones make the suite quick: 300 ms are enough. */
  readonly create: () => LimitStore | Promise<LimitStore>
  /** A second store that counts in the same place, as another node has it. It is closed as the first. Default: the store itself. */
  readonly another?: ((store: LimitStore) => LimitStore | Promise<LimitStore>) | undefined
  /** Puts the store's clock forward. Default: waits for so long, which is a minute for `perMinute`. */
  readonly advance?: ((store: LimitStore, ms: number) => void | Promise<void>) | undefined
}

/** A bit more than a lease, and than what a clock in milliseconds loses. */
const slack = 20

/** The rules of the contract `LimitStore`. */
export function limitStoreConformance ({ create, another, close, advance = (_store, ms) => wait(ms) }: LimitStoreConformanceOptions): readonly ConformanceTest[] {
  const rule = (name: string, body: (store: LimitStore) => Promise<void>): ConformanceTest => testWith(name, create, { close }, body)
  const past = async (store: LimitStore, ms: number): Promise<void> => { await advance(store, Math.ceil(ms) + slack) }

  return [
    ...counting(rule),
    ...byId(rule),
    ...minutes(rule, advance),
    ...leases(rule, past),
    rule('a limit is exact for 600 that come at once, from two nodes', async store => {
      const second = await another?.(store) ?? store
      try {
        const all = Array.from({ length: 600 }, (_, i) => claim(`s${i}`, { id: 'team:t', maxParallel: 100 }, { id: `key:${i % 3}` }))
        const answers = await Promise.all(all.map((each, i) => (i % 2 === 0 ? store : second).acquire(each)))
        const held = all.filter((_, i) => answers[i] === undefined)
        assert.equal(held.length, 100)
        await second.release(held)
        const again = await Promise.all(all.map((each, i) => (i % 2 === 0 ? second : store).acquire(each)))
        assert.equal(again.filter(answer => answer === undefined).length, 100, 'as many again, when they were given back')
      } finally {
        if (second !== store) await close?.(second)
      }
    })
  ]
}

type Rule = (name: string, body: (store: LimitStore) => Promise<void>) => ConformanceTest

function counting (rule: Rule): ConformanceTest[] {
  return [
    rule('leases have a length', async ({ leaseMs }) => {
      assert.ok(Number.isFinite(leaseMs) && leaseMs > 0, `${leaseMs}`)
    }),
    rule('as many claims are held as maxParallel says, and one that is given back makes room for one', async store => {
      const scope = { id: 'key:a', maxParallel: 2 }
      await admitted(store, claim('1', scope))
      await admitted(store, claim('2', scope))
      await refused(store, claim('3', scope), 'key:a', 'maxParallel')
      await store.release([claim('1', scope)])
      await admitted(store, claim('3', scope))
      await refused(store, claim('4', scope), 'key:a', 'maxParallel')
    }),
    rule('all scopes are taken or none, whichever refuses', async store => {
      const full = { id: 'team:full', maxParallel: 1 }
      await admitted(store, claim('1', full))
      const others = [{ id: 'key:a', maxParallel: 1, perMinute: 1 }, { id: 'key:b', maxParallel: 1, perMinute: 1 }]
      for (const scopes of [[full, ...others], [others[0]!, full, others[1]!], [...others, full]]) await refused(store, claim('2', ...scopes), 'team:full', 'maxParallel')
      await admitted(store, claim('3', ...others))
    }),
    rule('no limit is none, but counts for one that comes later', async store => {
      for (let i = 0; i < 50; i++) await admitted(store, claim(`${i}`, { id: 'key:a' }))
      await refused(store, claim('50', { id: 'key:a', maxParallel: 50 }), 'key:a', 'maxParallel')
      await admitted(store, claim('50', { id: 'key:a', maxParallel: 51 }))
    }),
    rule('a limit of 0 lets nobody in', async store => {
      await refused(store, claim('1', { id: 'key:a', maxParallel: 0 }), 'key:a', 'maxParallel')
      await refused(store, claim('1', { id: 'key:b', perMinute: 0 }), 'key:b', 'perMinute')
    }),
    rule('names may be anything, and each is its own', async store => {
      const ids = [...hostileNames, '{', '}', '{}', '}{', '%', '%7D', '%25', 'a:b', 'held', '\0', '*', "'; --", '🎙', 'x'.repeat(2_000)]
      for (const id of ids) {
        const scope = { id, maxParallel: 1, perMinute: 1 }
        await admitted(store, { id: `in ${id}`, group: 'same', scopes: [scope] })
        await refused(store, { id: `out ${id}`, group: 'same', scopes: [scope] }, id, 'maxParallel')
      }
      const scopes = [{ id: 'key:all', maxParallel: ids.length + 1 }]
      for (const id of ids) await admitted(store, { id, group: 'same', scopes })
      for (const group of ids) {
        const mine = { id: `of ${group}`, group, scopes: [{ id: `team:${group}`, maxParallel: 1 }] }
        await admitted(store, mine)
        assert.deepEqual(await store.renew([mine]), [])
        await store.release([mine])
        await admitted(store, { ...mine, id: `next of ${group}` })
      }
    })
  ]
}

function byId (rule: Rule): ConformanceTest[] {
  const scope = { id: 'key:a', maxParallel: 1, perMinute: 2 }
  return [
    rule('whoever takes a claim twice has it once, and is counted once', async store => {
      for (let i = 0; i < 5; i++) await admitted(store, claim('1', scope))
      await store.release([claim('1', scope)])
      await admitted(store, claim('2', scope))
      await store.release([claim('2', scope)])
      await refused(store, claim('3', scope), 'key:a', 'perMinute')
    }),
    rule('one that is held stays so, whatever the limit is when it is asked for again', async store => {
      await admitted(store, claim('1', scope))
      await admitted(store, claim('1', { id: 'key:a', maxParallel: 0, perMinute: 0 }))
    }),
    rule('to give back twice, or what was never held, is to do nothing', async store => {
      await store.release([])
      await store.release([claim('nobody', scope)])
      await admitted(store, claim('1', scope))
      await store.release([claim('nobody', scope)])
      await refused(store, claim('2', scope), 'key:a', 'maxParallel')
      for (let i = 0; i < 3; i++) await store.release([claim('1', scope), claim('1', scope)])
      await admitted(store, claim('2', scope))
      await refused(store, claim('3', scope), 'key:a', 'maxParallel')
    }),
    rule('to renew twice is to renew once, and counts nothing', async store => {
      await admitted(store, claim('1', scope))
      for (let i = 0; i < 5; i++) assert.deepEqual(await store.renew([claim('1', scope), claim('1', scope)]), [])
      assert.deepEqual(await store.renew([]), [])
      await store.release([claim('1', scope)])
      await admitted(store, claim('2', scope))
      await store.release([claim('2', scope)])
      await refused(store, claim('3', scope), 'key:a', 'perMinute')
    }),
    rule('what was given back has still been taken in this minute', async store => {
      for (const id of ['1', '2']) {
        await admitted(store, claim(id, scope))
        await store.release([claim(id, scope)])
      }
      await refused(store, claim('3', scope), 'key:a', 'perMinute')
    })
  ]
}

function minutes (rule: Rule, advance: (store: LimitStore, ms: number) => void | Promise<void>): ConformanceTest[] {
  const scope = { id: 'key:a', perMinute: 3 }
  return [
    rule('as many are taken in any minute as perMinute says, and the time to wait is right', async store => {
      await admitted(store, claim('1', scope))
      await advance(store, 20_000)
      await admitted(store, claim('2', scope))
      await admitted(store, claim('3', scope))
      const first = await refused(store, claim('4', scope), 'key:a', 'perMinute')
      assert.ok(first > 35_000 && first <= 40_000 + slack, `${first} ms until the first is a minute ago`)
      await advance(store, first - 2_000)
      const second = await refused(store, claim('4', scope), 'key:a', 'perMinute')
      assert.ok(second > 0 && second <= 2_000 + slack, `${second} ms`)
      await advance(store, second)
      await admitted(store, claim('4', scope))
      const third = await refused(store, claim('5', scope), 'key:a', 'perMinute')
      assert.ok(third > 15_000 && third <= 20_500, `${third} ms until the second is a minute ago`)
      // With a lower limit, two have to go.
      const lowered = await refused(store, claim('5', { id: 'key:a', perMinute: 1 }), 'key:a', 'perMinute')
      assert.ok(lowered > 55_000 && lowered <= 60_000 + slack, `${lowered} ms until the last is a minute ago`)
      await advance(store, lowered)
      await admitted(store, claim('5', { id: 'key:a', perMinute: 1 }))
    }),
    rule('a minute is exact for many that come at once', async store => {
      const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => store.acquire(claim(`${i}`, { id: 'key:a', perMinute: 50 }))))
      assert.equal(answers.filter(answer => answer === undefined).length, 50)
    })
  ]
}

function leases (rule: Rule, past: (store: LimitStore, ms: number) => Promise<void>): ConformanceTest[] {
  const scope = { id: 'key:a', maxParallel: 1 }
  return [
    rule('a claim that nobody renews frees itself, one that is renewed does not', async store => {
      const other = { id: 'key:b', maxParallel: 1 }
      await admitted(store, claim('dead', scope))
      await admitted(store, claim('live', other))
      for (let i = 0; i < 3; i++) {
        await past(store, store.leaseMs / 2)
        assert.deepEqual(await store.renew([claim('live', other)]), [])
      }
      await admitted(store, claim('next', scope))
      await refused(store, claim('no', other), 'key:b', 'maxParallel')
    }),
    rule('a limit that was lowered lets those who are in go on', async store => {
      for (const id of ['1', '2']) await admitted(store, claim(id, { id: 'key:a', maxParallel: 2 }))
      const lowered = [claim('1', { id: 'key:a', maxParallel: 0, perMinute: 0 }), claim('2', { id: 'key:a', maxParallel: 1 })]
      assert.deepEqual(await store.renew(lowered), [])
      await store.release([lowered[0]!])
      await refused(store, claim('3', scope), 'key:a', 'maxParallel')
    }),
    rule('one whose lease is over is taken anew while there is room, and is no other session of this minute', async store => {
      const limits = { id: 'key:a', maxParallel: 2, perMinute: 3 }
      for (const id of ['1', '2']) await admitted(store, claim(id, limits))
      await past(store, store.leaseMs)
      await admitted(store, claim('3', { ...limits, perMinute: undefined }))
      assert.deepEqual(await store.renew([claim('1', limits), claim('2', limits), claim('3', limits)]), ['2'])
      await refused(store, claim('4', limits), 'key:a', 'maxParallel')
      await store.release([claim('1', limits), claim('3', limits)])
      // The first two may be more than a minute ago by now, but no third was counted.
      await admitted(store, claim('4', limits))
    }),
    rule('one that cannot be taken anew in one scope is left in none', async store => {
      const team = { id: 'team:t', maxParallel: 1 }
      await admitted(store, claim('1', scope, team))
      await past(store, store.leaseMs)
      await admitted(store, claim('2', team))
      assert.deepEqual(await store.renew([claim('1', scope, team)]), ['1'])
      await admitted(store, claim('3', scope))
    }),
    rule('one that comes to a further scope counts there, and is left in none where that is full', async store => {
      const [other, team] = [{ id: 'key:b', maxParallel: 1 }, { id: 'team:t', maxParallel: 1 }]
      await admitted(store, claim('1', scope))
      await admitted(store, claim('2', other))
      assert.deepEqual(await store.renew([claim('1', scope, team), claim('2', other, team)]), ['2'])
      await refused(store, claim('3', team), 'team:t', 'maxParallel')
      await admitted(store, claim('4', other))
    }),
    rule('claims of many groups are renewed by one call, and given back by one', async store => {
      const all = Array.from({ length: 300 }, (_, i): LimitClaim => ({ id: `s${i}`, group: `team:${i % 30}`, scopes: [{ id: `key:${i % 60}`, maxParallel: 5 }, { id: `team:${i % 30}`, maxParallel: 10 }] }))
      for (const refusal of await Promise.all(all.map(each => store.acquire(each)))) assert.equal(refusal, undefined)
      await past(store, store.leaseMs)
      assert.deepEqual(await store.renew(all), [])
      const more = all.slice(0, 30).map(each => ({ ...each, id: `more ${each.id}` }))
      assert.deepEqual([...await store.renew(more)].sort(), more.map(({ id }) => id).sort(), 'there is no room for more')
      await store.release(all)
      assert.deepEqual(await store.renew(more), [])
    })
  ]
}

function claim (id: string, ...scopes: LimitScope[]): LimitClaim {
  return { id, group: 'team:t', scopes }
}

async function admitted (store: LimitStore, each: LimitClaim): Promise<void> {
  assert.equal(await store.acquire(each), undefined, `${JSON.stringify(each.id)} is let in`)
}

/** @returns `retryAfterMs` */
async function refused (store: LimitStore, each: LimitClaim, scope: string, limit: LimitRefusal['limit']): Promise<number> {
  const refusal = await store.acquire(each)
  assert.ok(refusal !== undefined, `${JSON.stringify(each.id)} is refused`)
  assert.deepEqual({ scope: refusal.scope, limit: refusal.limit }, { scope, limit })
  assert.ok(Number.isFinite(refusal.retryAfterMs) && refusal.retryAfterMs > 0, `${refusal.retryAfterMs} is a time to wait`)
  return refusal.retryAfterMs
}
