import { GatewayError } from '../errors.ts'
import type { Deployment, Lease, UpstreamRefusal } from '../../types/index.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import { modelOf, providerOf } from './deployment.ts'
import type { AdapterTools, ClientRequest } from './deployment.ts'
import type { Dial, ReadyUpstream } from './dial.ts'
import { askToken } from './token.ts'

export interface AttemptTools extends AdapterTools {
  readonly dial: Dial
  /** Milliseconds that one attempt may take, from its token to its first event. */
  readonly connectTimeout: number
  readonly limits: ReaderLimits
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** What came of one attempt. */
export type Attempted =
  { readonly ready: ReadyUpstream, readonly refusal?: undefined, readonly cause?: undefined } |
  { readonly ready?: undefined, readonly refusal: UpstreamRefusal, readonly cause?: unknown }

/**
 * Dials one deployment through its adapter, with a token where it has one. Never rejects.
 * @param lease takes the socket that is ready
 * @param signal aborted when nobody waits for it any more
 */
export async function dialDeployment (deployment: Deployment, client: ClientRequest, tools: AttemptTools, lease: Lease, signal: AbortSignal): Promise<Attempted> {
  try {
    const adapter = tools.adapters.get(providerOf(deployment))
    if (adapter === undefined) throw new Error(`no adapter for ${deployment.target}`)
    const handshake = { ...client, model: modelOf(deployment) }
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
    if (dialed.ready === undefined) return dialed
    const { socket, head } = dialed.ready
    lease.defer(() => { socket.destroy() })
    return { ready: { socket, head, secret: asked?.token ?? deployment.apiKey } }
  } catch (cause) {
    // An adapter that throws costs this candidate only: the next one is tried.
    return { refusal: { kind: isUnsupported(cause) ? 'unsupported' : 'fault' }, cause }
  }
}

/** Whether an adapter has said that its provider has no such sessions. */
export function isUnsupported (cause: unknown): cause is GatewayError {
  return cause instanceof GatewayError && cause.code === 'unsupported_feature'
}
