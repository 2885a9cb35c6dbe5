import { GatewayError } from '../errors.ts'
import type { Slots } from './capacity.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { Dial, ReadyUpstream } from './dial.ts'
import type { WarmPool } from './pool.ts'
import { mostUseful } from '../providers/refusal.ts'
import { askToken } from './token.ts'
import type { HandshakeRequest, Deployment, RouteAttempt, RouteOutcome, RoutePlan, UpstreamAdapter, UpstreamRefusal } from '../../types/index.ts'

/** What connecting works with, for all sessions of a gateway. */
export interface ConnectTools {
  readonly adapters: ReadonlyMap<string, UpstreamAdapter>
  readonly dial: Dial
  readonly pool: WarmPool
  readonly slots: Slots
  readonly connectTimeout: number
  readonly limits: ReaderLimits
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export interface ConnectRequest {
  /** The client's handshake without the model, which each candidate has its own name for. */
  readonly handshake: Omit<HandshakeRequest, 'model'>
  /** Whether the client named a model; only then does the upstream get one. */
  readonly named: boolean
  readonly report: (outcome: RouteOutcome, cause?: unknown) => void
  /** Told of each candidate that was tried, whatever comes of all. */
  readonly attempts: RouteAttempt[]
  /** Aborted when the client is gone or may wait no longer. */
  readonly signal: AbortSignal
}

export interface Connected {
  readonly deployment: Deployment
  readonly upstream: ReadyUpstream
  /** Gives the deployment's slot back. */
  readonly release: () => void
}

/** What became of one candidate. */
type Attempted = { readonly ready: Connected } | { readonly ready?: undefined, readonly refusal?: UpstreamRefusal, readonly cause?: unknown }

/**
 * Dials the candidates of `plan` in their order until one is ready; where the plan hedges, the second beside a slow first.
 * @throws GatewayError that helps the client most: come back later, mend the request, or the upstream's fault.
 */
export async function connect (plan: RoutePlan, request: ConnectRequest, tools: ConnectTools): Promise<Connected> {
  const { signal, attempts } = request
  const { hedgeAfterMs } = plan
  const waiting = [...plan.candidates]
  const refusals: UpstreamRefusal[] = []
  // Each dial of which nothing has been heard here, by what calls it off. Two may end at once, and neither must be lost.
  const dialling = new Map<AbortController, Promise<{ readonly off: AbortController, readonly attempted: Attempted }>>()
  let hedged = false
  let unsupported: GatewayError | undefined

  function next (): void {
    const off = new AbortController()
    const won = (): void => { for (const other of dialling.keys()) if (other !== off) other.abort() }
    const attempt = tryCandidate(waiting.shift()!, request, tools, AbortSignal.any([signal, off.signal]), won)
    dialling.set(off, attempt.then(attempted => ({ off, attempted })))
  }

  while (waiting.length > 0 || dialling.size > 0) {
    signal.throwIfAborted()
    if (dialling.size === 0) next()
    const hedge = hedgeAfterMs !== undefined && !hedged && waiting.length > 0 ? alarm(hedgeAfterMs) : undefined
    const first = await Promise.race([...dialling.values(), ...hedge ? [hedge.promise] : []])
    hedge?.cancel()
    if (first === 'late') {
      hedged = true
      next()
      continue
    }
    dialling.delete(first.off)
    const { ready, refusal, cause } = { refusal: undefined, cause: undefined, ...first.attempted }
    if (ready !== undefined) {
      if (!signal.aborted) return ready
      ready.upstream.socket.destroy()
      ready.release()
      request.report({ type: 'ended', deployment: ready.deployment, ms: 0, closeCode: 1000, unresponsive: false })
    } else if (refusal !== undefined) {
      refusals.push(refusal)
      if (isUnsupported(cause)) unsupported ??= cause
      // The client's own mistake is the same everywhere.
      if (refusal.kind === 'client') waiting.length = 0
    }
  }
  signal.throwIfAborted()
  throw mostUseful(refusals, attempts.some(({ outcome }) => outcome === 'full'), unsupported)
}

/**
 * @param signal aborted when nobody waits for this candidate any more
 * @param won called as soon as it is ready, to call the others off
 */
async function tryCandidate (deployment: Deployment, request: ConnectRequest, tools: ConnectTools, signal: AbortSignal, won: () => void): Promise<Attempted> {
  const { report, attempts } = request
  const startedAt = tools.now()
  const ended = (outcome: RouteAttempt['outcome']): number => {
    const ms = tools.now() - startedAt
    attempts.push({ deployment: deployment.id, outcome, ms })
    return ms
  }

  const plain = request.named && request.handshake.query.size === 0 && request.handshake.safetyIdentifier === undefined
  const warm = plain ? tools.pool.take(deployment) : undefined
  if (warm !== undefined) {
    won()
    report({ type: 'dial', deployment })
    report({ type: 'ready', deployment, ms: ended('warm'), warm: true })
    return { ready: { deployment, ...warm } }
  }
  const handshake = { ...request.handshake, ...(request.named && { model: modelOf(deployment) }) }
  // Who is not dialled needs no slot.
  if (!serves(deployment, request.handshake, tools)) {
    ended('unsupported')
    return { refusal: { kind: 'unsupported' }, cause: rejection(deployment, handshake, tools) }
  }
  const release = tools.slots.take(deployment) ?? evicted(deployment, tools)
  if (release === undefined) {
    ended('full')
    return {}
  }
  report({ type: 'dial', deployment })
  const { ready, refusal, cause } = await dialDeployment(deployment, handshake, tools, signal)
  if (ready !== undefined && !signal.aborted) {
    won()
    report({ type: 'ready', deployment, ms: ended('ready') })
    return { ready: { deployment, upstream: ready, release } }
  }
  ready?.socket.destroy()
  release()
  if (refusal === undefined || signal.aborted) {
    ended('dropped')
    report({ type: 'dropped', deployment })
    return {}
  }
  report({ type: 'refused', deployment, ms: ended(refusal.kind), refusal }, cause)
  return { refusal, cause }
}

/** A slot that a warm socket held: one that this client cannot use must not be what keeps it out. */
function evicted (deployment: Deployment, { slots, pool }: ConnectTools): (() => void) | undefined {
  return slots.full(deployment) && pool.evict(deployment) ? slots.take(deployment) : undefined
}

type DialTools = Pick<ConnectTools, 'adapters' | 'dial' | 'connectTimeout' | 'limits' | 'now'>

/** Dials one deployment through its adapter, with a token where it has one. */
export async function dialDeployment (deployment: Deployment, handshake: HandshakeRequest, tools: DialTools, signal: AbortSignal): Promise<{ ready?: ReadyUpstream, refusal?: UpstreamRefusal, cause?: unknown }> {
  try {
    const adapter = tools.adapters.get(providerOf(deployment))
    if (adapter === undefined) throw new Error(`no adapter for ${deployment.target}`)
    const startedAt = tools.now()
    const asked = deployment.token === undefined ? undefined : await askToken(deployment, tools.connectTimeout, signal)
    if (asked?.refusal !== undefined) return asked
    const request = adapter.request(deployment, handshake, asked?.token)
    const dialed = await tools.dial({ ...request, headers: { ...deployment.headers, ...request.headers } }, {
      readyAt: adapter.readyAt?.(handshake) ?? 'event',
      classify: adapter.classify?.bind(adapter),
      timeout: Math.max(1, tools.connectTimeout - (tools.now() - startedAt)),
      signal,
      limits: tools.limits
    })
    return dialed.ready === undefined ? dialed : { ready: { ...dialed.ready, secret: asked?.token ?? deployment.apiKey } }
  } catch (cause) {
    if (isUnsupported(cause)) return { refusal: { kind: 'unsupported' }, cause }
    // An adapter of the host's that throws costs its candidate, not the client's other chances.
    return { refusal: { kind: 'fault' }, cause }
  }
}

/** Whether the provider of a deployment has sessions of this kind, as far as its adapter says beforehand. */
export function serves (deployment: Deployment, handshake: Omit<HandshakeRequest, 'model'>, { adapters }: Pick<ConnectTools, 'adapters'>): boolean {
  try {
    return adapters.get(providerOf(deployment))?.serves?.(handshake) !== false
  } catch {
    // An adapter of the host's that throws is found out when it is asked for a request.
    return true
  }
}

/** What an adapter says of sessions that its provider has not. */
function rejection (deployment: Deployment, handshake: HandshakeRequest, { adapters }: Pick<ConnectTools, 'adapters'>): unknown {
  try {
    adapters.get(providerOf(deployment))?.request(deployment, handshake)
  } catch (cause) {
    return cause
  }
}

/** Whether an adapter has said that its provider has no such sessions. */
function isUnsupported (cause: unknown): cause is GatewayError {
  return cause instanceof GatewayError && cause.code === 'unsupported_feature'
}

/** The provider's name of a deployment's model. */
export function modelOf ({ target }: Deployment): string {
  return target.slice(target.indexOf('/') + 1)
}

/** The provider of a deployment, which picks its adapter. */
export function providerOf ({ target }: Deployment): string {
  return target.slice(0, target.indexOf('/'))
}

function alarm (ms: number): { promise: Promise<'late'>, cancel: () => void } {
  let timer: NodeJS.Timeout
  const promise = new Promise<'late'>(resolve => { timer = setTimeout(resolve, ms, 'late') })
  return { promise, cancel: () => clearTimeout(timer) }
}
