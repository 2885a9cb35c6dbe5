import type { Places } from '../limits/places.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { Dial, ReadyUpstream } from './dial.ts'
import type { WarmPool } from './pool.ts'
import { mostUseful } from './refusal.ts'
import type { ClientHello, Deployment, RouteAttempt, RouteOutcome, RoutePlan, UpstreamAdapter, UpstreamRefusal } from '../../types/index.ts'

/** What connecting works with, for all sessions of a gateway. */
export interface ConnectTools {
  readonly adapters: ReadonlyMap<string, UpstreamAdapter>
  readonly dial: Dial
  readonly pool: WarmPool
  readonly places: Places
  readonly connectTimeout: number
  readonly limits: ReaderLimits
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export interface ConnectRequest {
  /** The client's hello without the model, which each candidate has its own name for. */
  readonly hello: Omit<ClientHello, 'model'>
  /** Whether the client named a model; only then does the upstream get one. */
  readonly named: boolean
  readonly report: (outcome: RouteOutcome, cause?: unknown) => void
  /** Aborted when the client is gone or may wait no longer. */
  readonly signal: AbortSignal
}

export interface Connected {
  readonly deployment: Deployment
  readonly upstream: ReadyUpstream
  readonly attempts: readonly RouteAttempt[]
  /** Gives the deployment's place back. */
  readonly release: () => void
}

/** What became of one candidate. */
type Attempted = { readonly ready: Omit<Connected, 'attempts'> } | { readonly ready?: undefined, readonly refusal?: UpstreamRefusal }

/**
 * Dials the candidates of `plan` in their order until one is ready; where the plan hedges, the second beside a slow first.
 * @throws GatewayError that helps the client most: come back later, mend the request, or the upstream's fault.
 */
export async function connect (plan: RoutePlan, request: ConnectRequest, tools: ConnectTools): Promise<Connected> {
  const { signal } = request
  const { hedgeAfterMs } = plan
  const waiting = [...plan.candidates]
  const attempts: RouteAttempt[] = []
  const refusals: UpstreamRefusal[] = []
  // Each dial under way, and how to call it off.
  const dialling = new Map<Promise<Attempted>, AbortController>()
  let hedged = false

  function next (): void {
    const off = new AbortController()
    const attempt = tryCandidate(waiting.shift()!, request, tools, attempts, AbortSignal.any([signal, off.signal]))
    dialling.set(attempt, off)
    attempt.finally(() => dialling.delete(attempt))
  }

  while (waiting.length > 0 || dialling.size > 0) {
    signal.throwIfAborted()
    if (dialling.size === 0) next()
    const hedge = hedgeAfterMs !== undefined && !hedged && waiting.length > 0 ? alarm(hedgeAfterMs) : undefined
    const first = await Promise.race([...dialling.keys(), ...hedge ? [hedge.promise] : []])
    hedge?.cancel()
    if (first === 'late') {
      hedged = true
      next()
    } else if (first.ready !== undefined) {
      for (const off of dialling.values()) off.abort()
      if (signal.aborted) {
        first.ready.upstream.socket.destroy()
        first.ready.release()
        request.report({ type: 'ended', deployment: first.ready.deployment, ms: 0, closeCode: 1000, mute: false })
      }
      signal.throwIfAborted()
      return { ...first.ready, attempts }
    } else if (first.refusal !== undefined) {
      refusals.push(first.refusal)
      // The client's own mistake is the same everywhere.
      if (first.refusal.kind === 'client') waiting.length = 0
    }
  }
  signal.throwIfAborted()
  throw mostUseful(refusals, attempts.some(({ outcome }) => outcome === 'full'))
}

async function tryCandidate (deployment: Deployment, request: ConnectRequest, tools: ConnectTools, attempts: RouteAttempt[], signal: AbortSignal): Promise<Attempted> {
  const { report } = request
  const startedAt = tools.now()
  const ended = (outcome: RouteAttempt['outcome']): number => {
    const ms = tools.now() - startedAt
    attempts.push({ deployment: deployment.id, outcome, ms })
    return ms
  }

  const plain = request.named && request.hello.query.size === 0 && request.hello.safetyIdentifier === undefined
  const warm = plain ? tools.pool.take(deployment) : undefined
  if (warm !== undefined) {
    report({ type: 'dial', deployment })
    report({ type: 'ready', deployment, ms: ended('warm'), warm: true })
    return { ready: { deployment, ...warm } }
  }
  const release = tools.places.take(deployment)
  if (release === undefined) {
    ended('full')
    return {}
  }
  report({ type: 'dial', deployment })
  const hello = { ...request.hello, ...(request.named && { model: modelOf(deployment) }) }
  const { ready, refusal, cause } = await dialDeployment(deployment, hello, tools, signal)
  if (ready !== undefined && !signal.aborted) {
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
  return { refusal }
}

type DialTools = Pick<ConnectTools, 'adapters' | 'dial' | 'connectTimeout' | 'limits'>

/** Dials one deployment through its adapter. */
export async function dialDeployment (deployment: Deployment, hello: ClientHello, tools: DialTools, signal: AbortSignal): Promise<{ ready?: ReadyUpstream, refusal?: UpstreamRefusal, cause?: unknown }> {
  try {
    const adapter = tools.adapters.get(deployment.target.slice(0, deployment.target.indexOf('/')))
    if (adapter === undefined) throw new Error(`no adapter for ${deployment.target}`)
    const request = adapter.request(deployment, hello)
    return await tools.dial({ ...request, headers: { ...deployment.headers, ...request.headers } }, {
      readyAt: adapter.readyAt?.(hello) ?? 'event',
      classify: adapter.classify?.bind(adapter),
      timeout: tools.connectTimeout,
      signal,
      limits: tools.limits
    })
  } catch (cause) {
    // An adapter of the host's that throws costs its candidate, not the client's other chances.
    return { refusal: { kind: 'fault' }, cause }
  }
}

/** The provider's name of a deployment's model. */
export function modelOf ({ target }: Deployment): string {
  return target.slice(target.indexOf('/') + 1)
}

function alarm (ms: number): { promise: Promise<'late'>, cancel: () => void } {
  let timer: NodeJS.Timeout
  const promise = new Promise<'late'>(resolve => { timer = setTimeout(resolve, ms, 'late') })
  return { promise, cancel: () => clearTimeout(timer) }
}
