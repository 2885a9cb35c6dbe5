import type { Deployment, HandshakeRequest, UpstreamAdapter } from '../../types/index.ts'

/** The adapters of a gateway, by the provider that each of them knows. */
export interface AdapterTools {
  readonly adapters: ReadonlyMap<string, UpstreamAdapter>
}

/** The provider's name of a deployment's model. */
export function modelOf ({ target }: Deployment): string {
  return target.slice(target.indexOf('/') + 1)
}

/** The provider of a deployment, which picks its adapter. */
export function providerOf ({ target }: Deployment): string {
  return target.slice(0, target.indexOf('/'))
}

/** A client's handshake without the model, for which each deployment has a name of its own. */
export type ClientRequest = Omit<HandshakeRequest, 'model'>

/** Whether the provider of a deployment has sessions of this kind, as far as its adapter says beforehand. */
export function serves (deployment: Deployment, request: ClientRequest, { adapters }: AdapterTools): boolean {
  try {
    return adapters.get(providerOf(deployment))?.serves?.({ ...request, model: modelOf(deployment) }) !== false
  } catch {
    // An adapter that throws here does so again when it is asked for a request, and is reported then.
    return true
  }
}

/** The error with which an adapter refuses a session that its provider does not have. */
export function rejectionOf (deployment: Deployment, request: ClientRequest, { adapters }: AdapterTools): unknown {
  try {
    adapters.get(providerOf(deployment))?.request(deployment, { ...request, model: modelOf(deployment) })
  } catch (cause) {
    return cause
  }
}
