import { performance } from 'node:perf_hooks'
import type { LimitClaim, LimitRefusal, LimitScope, LimitStore } from '../../../types/index.ts'

/** Milliseconds in which `perMinute` counts. */
const minute = 60_000
/** Milliseconds after which a session whose end nobody knows is likely over: what else could be said to one that waits for a place? */
const guess = 1_000

export interface MemoryLimitStoreOptions {
  /** See `LimitStore.leaseMs`. Default 30 000. */
  readonly leaseMs?: number | undefined
  /** Monotonic clock in milliseconds. Default: the process's own. */
  readonly now?: (() => number) | undefined
}

/** What one scope has counted. */
interface Counted {
  /** When each claim that is held runs out. The one that was renewed longest ago is first. */
  readonly held: Map<string, number>
  /** When the claims of the last minute were taken, oldest first. */
  readonly taken: number[]
}

/** Limits that are counted in this process: exact for one process alone, and gone when it ends. */
export function createMemoryLimitStore ({ leaseMs = 30_000, now = () => performance.now() }: MemoryLimitStoreOptions = {}): LimitStore {
  const scopes = new Map<string, Counted>()
  let sweptAt = now()

  /** What a scope has counted, without what is over. */
  function counted (id: string, at: number): Counted {
    let scope = scopes.get(id)
    if (scope === undefined) scopes.set(id, scope = { held: new Map(), taken: [] })
    clean(scope, at)
    return scope
  }

  function clean ({ held, taken }: Counted, at: number): void {
    for (const [id, until] of held) {
      if (until > at) break
      held.delete(id)
    }
    const current = taken.findIndex(each => each > at - minute)
    taken.splice(0, current === -1 ? taken.length : current)
  }

  function hold (id: string, { held }: Counted, at: number): void {
    // Taken out first: a map keeps the place of an entry that is set again.
    held.delete(id)
    held.set(id, at + leaseMs)
  }

  function refusal ({ id, maxParallel = Infinity, perMinute = Infinity }: LimitScope, { held, taken }: Counted, at: number): LimitRefusal | undefined {
    if (held.size >= maxParallel) return { scope: id, limit: 'maxParallel', retryAfterMs: guess }
    // With the oldest `taken.length - perMinute + 1` gone there is room for one.
    if (taken.length >= perMinute) return { scope: id, limit: 'perMinute', retryAfterMs: perMinute === 0 ? minute : taken[taken.length - perMinute]! + minute - at }
    return undefined
  }

  /** Forgets scopes that nobody counts any more, now and then. */
  function sweep (at: number): void {
    if (at - sweptAt < minute) return
    sweptAt = at
    for (const [id, scope] of scopes) {
      clean(scope, at)
      if (scope.held.size + scope.taken.length === 0) scopes.delete(id)
    }
  }

  function renewed (claim: LimitClaim, at: number): boolean {
    const mine = claim.scopes.map(({ id }) => counted(id, at))
    const free = claim.scopes.every(({ maxParallel = Infinity }, i) => mine[i]!.held.has(claim.id) || mine[i]!.held.size < maxParallel)
    if (free) for (const scope of mine) hold(claim.id, scope, at)
    return free
  }

  return {
    leaseMs,

    async acquire (claim) {
      const at = now()
      sweep(at)
      const mine = claim.scopes.map(({ id }) => counted(id, at))
      if (mine.every(({ held }) => held.has(claim.id))) return undefined
      for (const [i, scope] of claim.scopes.entries()) {
        const refused = mine[i]!.held.has(claim.id) ? undefined : refusal(scope, mine[i]!, at)
        if (refused !== undefined) return refused
      }
      for (const [i, scope] of mine.entries()) {
        hold(claim.id, scope, at)
        if (claim.scopes[i]!.perMinute !== undefined) scope.taken.push(at)
      }
      return undefined
    },

    async renew (claims) {
      const at = now()
      sweep(at)
      return claims.filter(claim => !renewed(claim, at)).map(({ id }) => id)
    },

    async release (claims) {
      for (const { id, scopes: each } of claims) for (const scope of each) scopes.get(scope.id)?.held.delete(id)
    }
  }
}
