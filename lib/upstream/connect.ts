import { GatewayError } from '../errors.ts'
import type { Slots } from '../limits/slots.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { Dial, ReadyUpstream } from './dial.ts'
import type { ClientHello, Deployment, RouteOutcome, UpstreamAdapter, UpstreamRefusal } from '../../types/index.ts'

export interface ConnectOptions {
  /** `hello` without the model, which each candidate has its own name for. */
  readonly hello: Omit<ClientHello, 'model'>
  /** Whether the client named a model; only then does the upstream get one. */
  readonly named: boolean
  readonly adapters: ReadonlyMap<string, UpstreamAdapter>
  readonly dial: Dial
  readonly slots: Slots
  readonly report: (outcome: RouteOutcome, cause?: unknown) => void
  readonly connectTimeout: number
  readonly limits: ReaderLimits
  readonly signal: AbortSignal
  readonly now: () => number
}

export interface Connected {
  readonly deployment: Deployment
  readonly upstream: ReadyUpstream
  /** Gives the deployment's place back. */
  readonly release: () => void
}

/** How long a client waits for a place that a session holds: sessions end when they end. */
const fullRetryMs = 5_000

/**
 * Dials the candidates one after another until one is ready.
 * @throws GatewayError that helps the client most: come back later, mend the request, or the upstream's fault.
 */
export async function connect (candidates: readonly Deployment[], options: ConnectOptions): Promise<Connected> {
  const { dial, slots, signal, now } = options
  const refusals: UpstreamRefusal[] = []
  let full = false

  for (const deployment of candidates) {
    signal.throwIfAborted()
    const release = slots.take(deployment.id, deployment.maxSessions ?? Infinity)
    if (release === undefined) {
      full = true
      continue
    }
    const startedAt = now()
    const { ready, refusal, cause } = await attempt(deployment)
    const ms = now() - startedAt
    if (signal.aborted) {
      ready?.socket.destroy()
      release()
      signal.throwIfAborted()
    }
    if (ready !== undefined) {
      options.report({ type: 'ready', deployment, ms })
      return { deployment, upstream: ready, release }
    }
    release()
    refusals.push(refusal)
    options.report({ type: 'refused', deployment, ms, refusal }, cause)
    if (refusal.kind === 'client') break
  }
  throw worstOf(refusals, full)

  async function attempt (deployment: Deployment): Promise<{ ready: ReadyUpstream, refusal?: undefined, cause?: undefined } | { ready?: undefined, refusal: UpstreamRefusal, cause?: unknown }> {
    try {
      const slash = deployment.target.indexOf('/')
      const adapter = options.adapters.get(deployment.target.slice(0, slash))
      if (adapter === undefined) throw new Error(`no adapter for ${deployment.target}`)
      const hello = { ...options.hello, ...(options.named && { model: deployment.target.slice(slash + 1) }) }
      const dialed = await dial(adapter.request(deployment, hello), {
        readyAt: adapter.readyAt?.(hello) ?? 'event',
        classify: adapter.classify?.bind(adapter),
        timeout: options.connectTimeout,
        signal,
        limits: options.limits
      })
      return 'ready' in dialed ? dialed : { refusal: dialed.refusal, cause: dialed.cause }
    } catch (cause) {
      // An adapter of the host's that throws costs its candidate, not the client's other chances.
      return { refusal: { kind: 'fault' }, cause }
    }
  }
}

/** What all refusals together mean to the client. */
function worstOf (refusals: readonly UpstreamRefusal[], full: boolean): GatewayError {
  const limited = refusals.filter(({ kind }) => kind === 'rate_limit')
  if (limited.length > 0) {
    const waits = limited.flatMap(({ retryAfterMs }) => retryAfterMs ?? [])
    return new GatewayError('upstream_rate_limited', waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {})
  }
  if (refusals.some(({ kind }) => kind === 'client')) return new GatewayError('invalid_request')
  if (full) return new GatewayError('rate_limit_exceeded', { retryAfterMs: fullRetryMs })
  if (refusals.some(({ kind }) => kind === 'timeout')) return new GatewayError('upstream_timeout')
  if (refusals.some(({ kind }) => kind === 'fault')) return new GatewayError('upstream_unavailable')
  return new GatewayError('upstream_rejected')
}
