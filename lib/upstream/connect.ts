import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayError } from '../errors.ts'
import type { Deployment, Lease, RouteAttempt, RouteOutcome, RoutePlan, UpstreamRefusal } from '../../types/index.ts'
import { dialDeployment, isUnsupported } from './attempt.ts'
import type { AttemptTools } from './attempt.ts'
import type { Slots } from './capacity.ts'
import { rejectionOf, serves } from './deployment.ts'
import type { ClientRequest } from './deployment.ts'
import type { ReadyUpstream } from './dial.ts'
import { mostUseful } from './most-useful.ts'
import { ownFault } from './own-fault.ts'
import type { WarmPool } from './pool.ts'

/** What connecting works with, for all sessions of a gateway. */
export interface ConnectTools extends AttemptTools {
  readonly pool: WarmPool
  readonly slots: Slots
  /** Makes the lease of one attempt. */
  readonly lease: () => Lease
}

interface ConnectRequest {
  readonly handshake: ClientRequest
  /** The session's lease. It gets what the attempt that is ready has taken. The other attempts give everything back themselves. */
  readonly lease: Lease
  readonly report: (outcome: RouteOutcome, cause?: unknown) => void
  /** Told of each candidate that was tried, whatever comes of all. */
  readonly attempts: RouteAttempt[]
  /** Aborted when the client is gone or may wait no longer. */
  readonly signal: AbortSignal
}

export interface Connected {
  readonly deployment: Deployment
  readonly upstream: ReadyUpstream
  /** What was taken for this upstream alone; it hangs on the session's lease. */
  readonly lease: Lease
  /** To be called when the session has begun: its end is then reported by its observer, and no longer by the lease. */
  readonly began: () => void
}

/** What became of one candidate. */
type Tried = { readonly ready: Connected } | { readonly ready?: undefined, readonly refusal?: UpstreamRefusal, readonly cause?: unknown, readonly own?: GatewayError }

/**
 * Dials the candidates of `plan` in their order until one is ready; where the plan hedges, the second beside a slow first.
 * @throws GatewayError that helps the client most: come back later, mend the request, or the upstream's fault.
 */
export async function connect (plan: RoutePlan, request: ConnectRequest, tools: ConnectTools): Promise<Connected> {
  const { signal, attempts } = request
  const { hedgeAfterMs } = plan
  const waiting = [...plan.candidates]
  const refusals: UpstreamRefusal[] = []
  // The dials that have not ended, each by what calls it off. Two may end at the same time, and neither may be lost.
  const dialling = new Map<AbortController, Promise<{ readonly off: AbortController, readonly tried: Tried }>>()
  let hedged = false
  let unsupported: GatewayError | undefined

  function next (): void {
    const off = new AbortController()
    const won = (): void => { for (const other of dialling.keys()) if (other !== off) other.abort() }
    // Only where the plan hedges is there another that may call it off.
    const trying = tryCandidate(waiting.shift()!, request, tools, hedgeAfterMs === undefined ? signal : AbortSignal.any([signal, off.signal]), won)
    dialling.set(off, trying.then(tried => ({ off, tried })))
  }

  /** The first dial of which something is heard, or `late` when a hedge is due before. */
  async function firstHeard (): Promise<{ readonly off: AbortController, readonly tried: Tried } | 'late'> {
    if (hedgeAfterMs === undefined || hedged || waiting.length === 0) return await Promise.race(dialling.values())
    const heard = new AbortController()
    const late = sleep(hedgeAfterMs, 'late' as const, { signal: heard.signal }).catch(() => 'late' as const)
    return await Promise.race([...dialling.values(), late]).finally(() => heard.abort())
  }

  while (waiting.length > 0 || dialling.size > 0) {
    signal.throwIfAborted()
    if (dialling.size === 0) next()
    const first = await firstHeard()
    if (first === 'late') {
      hedged = true
      next()
      continue
    }
    dialling.delete(first.off)
    const { tried } = first
    // Where the client has left meanwhile, its lease closes what is ready.
    if (tried.ready !== undefined) {
      signal.throwIfAborted()
      return tried.ready
    }
    if (tried.own !== undefined) {
      for (const other of dialling.keys()) other.abort()
      throw tried.own
    }
    if (tried.refusal === undefined) continue
    refusals.push(tried.refusal)
    if (isUnsupported(tried.cause)) unsupported ??= tried.cause
    // The client's own mistake is the same everywhere.
    if (tried.refusal.kind === 'client') waiting.length = 0
  }
  signal.throwIfAborted()
  throw mostUseful(refusals, attempts.some(({ outcome }) => outcome === 'full'), unsupported)
}

/**
 * @param signal aborted when nobody waits for this candidate any more
 * @param won called as soon as it is ready, to call the others off
 */
async function tryCandidate (deployment: Deployment, request: ConnectRequest, tools: ConnectTools, signal: AbortSignal, won: () => void): Promise<Tried> {
  const { report, attempts, handshake } = request
  const startedAt = tools.now()
  const lease = tools.lease()
  const ended = (outcome: RouteAttempt['outcome']): number => {
    const ms = tools.now() - startedAt
    attempts.push({ deployment: deployment.id, outcome, ms })
    return ms
  }

  const plain = handshake.kind === 'realtime' && handshake.query.size === 0 && handshake.safetyIdentifier === undefined
  const warm = plain ? tools.pool.take(deployment, lease) : undefined
  if (warm !== undefined) {
    won()
    report({ type: 'dial', deployment })
    report({ type: 'ready', deployment, ms: ended('warm'), warm: true })
    return { ready: handOver(deployment, warm, lease, request, tools) }
  }
  // Before a slot is taken: a deployment that cannot serve the session is not dialled.
  if (!serves(deployment, handshake, tools)) {
    ended('unsupported')
    return { refusal: { kind: 'unsupported' }, cause: rejectionOf(deployment, handshake, tools) }
  }
  if (!takeSlot(deployment, lease, tools)) {
    ended('full')
    return {}
  }
  report({ type: 'dial', deployment })
  const { ready, refusal, cause } = await dialDeployment(deployment, handshake, tools, lease, signal)
  if (ready !== undefined && !signal.aborted) {
    won()
    report({ type: 'ready', deployment, ms: ended('ready') })
    return { ready: handOver(deployment, ready, lease, request, tools) }
  }
  lease.release()
  if (refusal === undefined || signal.aborted) {
    ended('dropped')
    report({ type: 'dropped', deployment })
    return {}
  }
  const own = refusal.kind === 'fault' ? ownFault(cause) : undefined
  if (own !== undefined) {
    ended('dropped')
    report({ type: 'dropped', deployment })
    return { own }
  }
  report({ type: 'refused', deployment, ms: ended(refusal.kind), refusal }, cause)
  return { refusal, cause }
}

/** Takes a slot. Where none is free, a warm socket is closed for it: this client cannot use one, and must not be refused because of it. */
function takeSlot (deployment: Deployment, lease: Lease, { slots, pool }: ConnectTools): boolean {
  const release = slots.take(deployment) ?? (slots.full(deployment) && pool.evict(deployment) ? slots.take(deployment) : undefined)
  if (release !== undefined) lease.defer(release)
  return release !== undefined
}

/** Hands what an attempt has taken to the session's lease, with the report of the end that has to follow `ready`. */
function handOver (deployment: Deployment, upstream: ReadyUpstream, lease: Lease, { lease: session, report }: ConnectRequest, { now }: ConnectTools): Connected {
  const readyAt = now()
  const began = lease.defer(() => report({ type: 'ended', deployment, ms: now() - readyAt, closeCode: 1000, unresponsive: false }))
  session.defer(() => lease.release())
  return { deployment, upstream, lease, began }
}
