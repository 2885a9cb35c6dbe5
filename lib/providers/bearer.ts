import type { HandshakeRequest, Deployment, UpstreamRequest } from '../../types/index.ts'
import { addQuery, realtimeUrl } from './url.ts'

/** The request that OpenAI's protocol shares among its servers: model in the query, bearer key or token in the header. */
export function bearerRequest (defaultBase: string, deployment: Deployment, handshake: HandshakeRequest, token = deployment.apiKey): UpstreamRequest {
  const url = realtimeUrl(deployment.baseUrl ?? defaultBase)
  if (handshake.model !== undefined) url.searchParams.set('model', handshake.model)
  addQuery(url, handshake.query)
  return { url: url.href, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } }
}

/** Attached to a call that runs already, a server has nothing to say until something happens (seen in recordings). */
export function readyAt (handshake: HandshakeRequest): 'event' | 'open' {
  return handshake.query.has('call_id') ? 'open' : 'event'
}
