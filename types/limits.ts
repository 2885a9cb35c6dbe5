/** What is counted for one owner of a limit. */
export interface LimitScope {
  /** Whose limits these are: `key:<hash>`, `team:<id>`, or anything else that is the same on every node. */
  readonly id: string
  /** Claims that may be held at a time. Absent: no limit; `0`: none. */
  readonly maxParallel?: number | undefined
  /** Claims that may be taken in any 60 seconds. Absent: no limit; `0`: none. */
  readonly perMinute?: number | undefined
}

/** One session's part of all the limits that it counts against. */
export interface LimitClaim {
  /** The session's own id: whoever acquires, renews or releases twice with it has done so once. */
  readonly id: string
  /** What all scopes have in common (the team, else the key): a store that is spread over servers keeps them together by it. */
  readonly group: string
  /** At least one. */
  readonly scopes: readonly LimitScope[]
}

/** The limit that a claim would break. */
export interface LimitRefusal {
  /** `LimitScope.id` */
  readonly scope: string
  readonly limit: 'maxParallel' | 'perMinute'
  /** When to try again, in milliseconds: exact for `perMinute`, a guess for `maxParallel`. */
  readonly retryAfterMs: number
}

/**
 * Where limits are counted. A claim is held as a lease: one that is not renewed for `leaseMs` frees itself, so that a node that died holds
 * nothing for longer. Time is the store's own; clocks of nodes may differ. Every call is idempotent by the id of the claim. A store that cannot answer rejects: the
 * client gets 503 `store_unavailable`, and open sessions go on.
 */
export interface LimitStore {
  /** How long a claim lasts without being renewed, in milliseconds. */
  readonly leaseMs: number
  /**
   * Takes a claim in all its scopes in one step, or in none. One that is held already stays as it is, and is no second one.
   * @returns the limit that it would break, or `undefined` where it is held now
   */
  acquire (claim: LimitClaim): Promise<LimitRefusal | undefined>
  /**
   * Makes claims last for `leaseMs` from now. One that is still held is renewed whatever the limits are by now: a limit that was lowered lets sessions
   * end by themselves. One whose lease is over is taken anew where `maxParallel` allows it; `perMinute` does not count it again.
   * @returns ids of claims that are over and could not be taken anew
   */
  renew (claims: readonly LimitClaim[]): Promise<readonly string[]>
  /** Gives claims back. One that is not held: nothing happens. What `perMinute` has counted stays counted. */
  release (claims: readonly LimitClaim[]): Promise<void>
  /** Gives up connections and timers of the store's own. */
  close? (): Promise<void>
}
