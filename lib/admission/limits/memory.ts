import { performance } from 'node:perf_hooks'
import { LeaseQueue } from './lease-queue.ts'
import type { Leased } from './lease-queue.ts'
import { RecentTimes } from './recent-times.ts'
import { defaultLeaseMs, minuteMs, placeMs } from './rules.ts'
import type { LimitRefusal, LimitScope, LimitStore } from '../../../types/index.ts'

// Scopes that are looked at for each that is asked for: more than one, so that they are forgotten faster than they come.
const looks = 2

export interface MemoryLimitStoreOptions {
  /** See `LimitStore.leaseMs`. Default 30 000. */
  readonly leaseMs?: number | undefined
  /** Monotonic clock, in milliseconds. Default: the process's own. */
  readonly now?: (() => number) | undefined
}

interface Counted {
  readonly id: string
  held: number
  readonly taken: RecentTimes
}

interface Held extends Leased {
  readonly id: string
  scopes: readonly Counted[]
}

/** Limits that are counted in this process: exact for one process alone, and gone when it ends. */
export function createMemoryLimitStore ({ leaseMs = defaultLeaseMs, now = () => performance.now() }: MemoryLimitStoreOptions = {}): LimitStore {
  const scopes = new Map<string, Counted>()
  const claims = new Map<string, Held>()
  const leases = new LeaseQueue<Held>()
  let hand = scopes.values()

  function drop (claim: Held): void {
    claims.delete(claim.id)
    leases.remove(claim)
    for (const scope of claim.scopes) scope.held--
  }

  /** Goes round the scopes and forgets those that count nothing, a few at a time: all at once would block whoever speaks. */
  function forget (count: number, at: number): void {
    for (let i = 0; i < count; i++) {
      const { done, value } = hand.next()
      if (done === true) hand = scopes.values()
      else if (value.held === 0 && value.taken.count(at) === 0) scopes.delete(value.id)
    }
  }

  /** What is over by now counts no more. */
  function sweep (count: number, at: number): void {
    for (let claim = leases.over(at); claim !== undefined; claim = leases.over(at)) drop(claim)
    forget(looks * count, at)
  }

  function counted (id: string): Counted {
    let scope = scopes.get(id)
    if (scope === undefined) scopes.set(id, scope = { id, held: 0, taken: new RecentTimes(minuteMs) })
    return scope
  }

  function take (id: string, each: readonly Counted[], at: number): void {
    const claim: Held = { id, scopes: each, until: 0 }
    claims.set(id, claim)
    leases.push(claim, at + leaseMs)
    for (const scope of each) scope.held++
  }

  return {
    leaseMs,

    async acquire ({ id, scopes: limits }) {
      const at = now()
      sweep(limits.length, at)
      if (claims.has(id)) return undefined
      const mine = limits.map(({ id }) => counted(id))
      for (const [i, limit] of limits.entries()) {
        const refused = refusal(limit, mine[i]!, at)
        if (refused !== undefined) return refused
      }
      take(id, mine, at)
      for (const [i, { perMinute }] of limits.entries()) if (perMinute !== undefined) mine[i]!.taken.add(at)
      return undefined
    },

    async renew (all) {
      const at = now()
      return all.filter(({ id, scopes: limits }) => {
        sweep(limits.length, at)
        const before = claims.get(id)
        if (before !== undefined) drop(before)
        const mine = limits.map(({ id }) => counted(id))
        const room = limits.every(({ maxParallel = Infinity }, i) => before?.scopes.includes(mine[i]!) === true || mine[i]!.held < maxParallel)
        if (room) take(id, mine, at)
        return !room
      }).map(({ id }) => id)
    },

    async release (all) {
      for (const { id } of all) {
        const claim = claims.get(id)
        if (claim !== undefined) drop(claim)
      }
    }
  }
}

function refusal ({ id, maxParallel = Infinity, perMinute = Infinity }: LimitScope, { held, taken }: Counted, at: number): LimitRefusal | undefined {
  if (held >= maxParallel) return { scope: id, limit: 'maxParallel', retryAfterMs: placeMs }
  if (perMinute < 1) return { scope: id, limit: 'perMinute', retryAfterMs: minuteMs }
  const retryAfterMs = taken.untilBelow(perMinute, at)
  return retryAfterMs > 0 ? { scope: id, limit: 'perMinute', retryAfterMs } : undefined
}
