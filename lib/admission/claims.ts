import { GatewayError } from '../errors.ts'
import type { Lease, LimitClaim, LimitRefusal, LimitScope, LimitStore } from '../../types/index.ts'

/** Claims renewed by one call: a store that is far away answers this many in one trip, and none takes it for long. */
const mostAtOnce = 500

/** A session's part of the limits of its key and team. */
export interface Claim {
  /** The limits are others now. What is held stays held, whatever they are. */
  change (scopes: readonly LimitScope[]): void
}

/** Takes, renews and gives back the claims of this process. */
export interface Claims {
  /**
   * Takes a claim, which `lease` gives back.
   * @param lost called when the claim was not renewed in time and cannot be had again
   * @throws GatewayError `rate_limit_exceeded`, `store_unavailable`
   */
  take (id: string, group: string, scopes: readonly LimitScope[], lease: Lease, lost: (error: GatewayError) => void): Promise<Claim>
  /** Stops renewing, and waits until what was given back is. */
  close (): Promise<void>
}

interface Held {
  claim: LimitClaim
  readonly lost: (error: GatewayError) => void
}

export interface ClaimsOptions {
  /** `true`: a store that cannot answer lets everybody in. */
  readonly open: boolean
  /** Told when the store fails, and when it answers again. */
  readonly away: (cause: unknown) => void
  readonly back: () => void
}

export function createClaims (store: LimitStore, { open, away, back }: ClaimsOptions): Claims {
  /** The store was asked for these, and has not refused: it may hold them. */
  const held = new Map<string, Held>()
  const releasing = new Set<Promise<void>>()
  let failing = false
  let timer: NodeJS.Timeout | undefined

  async function asked<T> (call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call()
      if (failing) back()
      failing = false
      return answer
    } catch (cause) {
      if (!failing) away(cause)
      failing = true
      throw cause
    }
  }

  function renewAll (): void {
    const claims = [...held.values()].map(({ claim }) => claim)
    for (let at = 0; at < claims.length; at += mostAtOnce) renew(claims.slice(at, at + mostAtOnce))
  }

  function renew (claims: readonly LimitClaim[]): void {
    asked(() => store.renew(claims)).then(lost => {
      for (const id of lost) held.get(id)?.lost(new GatewayError('rate_limit_exceeded', { message: 'The session was not counted for a while, and the limit of concurrent sessions has no room for it any more.' }))
      // An open session goes on while its store is away.
    }, () => {})
  }

  function release (claim: LimitClaim): void {
    // One that cannot be given back frees itself when its lease is over.
    const done = asked(() => store.release([claim])).catch(() => {}).finally(() => releasing.delete(done))
    releasing.add(done)
  }

  function hold (entry: Held, lease: Lease): void {
    const { id } = entry.claim
    if (held.has(id)) return
    held.set(id, entry)
    timer ??= setInterval(renewAll, store.leaseMs / 3).unref()
    // Where the client has left meanwhile this runs at once.
    lease.defer(() => {
      held.delete(id)
      if (held.size === 0) {
        clearInterval(timer)
        timer = undefined
      }
      release(entry.claim)
    })
  }

  async function acquire (entry: Held, lease: Lease): Promise<void> {
    const refusal = await asked(() => store.acquire(entry.claim)).catch((cause: unknown) => {
      // It may have taken the claim before it failed, or may still.
      hold(entry, lease)
      if (open) return undefined
      throw new GatewayError('store_unavailable', { message: 'The limits of the key could not be checked. Try again later.', cause })
    })
    if (refusal !== undefined) throw new GatewayError('rate_limit_exceeded', { message: refusalText(refusal), retryAfterMs: refusal.retryAfterMs })
    hold(entry, lease)
  }

  return {
    async take (id, group, scopes, lease, lost) {
      const entry: Held = { claim: { id, group, scopes }, lost }
      if (scopes.length > 0) await acquire(entry, lease)
      return {
        change (next) {
          if (lease.released) return
          entry.claim = { id, group, scopes: next }
          if (next.length === 0) return
          hold(entry, lease)
          // Without a limit, so that it is counted whatever the limit is now.
          renew([{ id, group, scopes: next.map(({ id }) => ({ id })) }])
        }
      }
    },

    async close () {
      clearInterval(timer)
      await Promise.all(releasing)
    }
  }
}

function refusalText ({ scope, limit }: LimitRefusal): string {
  const whose = scope.startsWith('team:') ? "The team's limit" : 'The limit of this API key'
  return `${whose} on ${limit === 'maxParallel' ? 'concurrent sessions' : 'sessions opened in a minute'} is reached. Try again later.`
}
