import type { HandshakeRequest, Deployment, UpstreamRequest } from '../../types/index.ts'
import { addQuery, realtimeUrl } from './url.ts'

/** The request that OpenAI's protocol shares among its servers: model in the query, bearer key or token in the header. */
export function bearerRequest (defaultBase: string, deployment: Deployment, handshake: HandshakeRequest, token = deployment.apiKey): UpstreamRequest {
  const url = realtimeUrl(deployment.baseUrl ?? defaultBase)
  if (handshake.kind === 'translation') url.pathname += '/translations'
  if (namesModel(handshake)) url.searchParams.set('model', handshake.model)
  else url.searchParams.delete('model')
  addQuery(url, handshake.query)
  return { url: url.href, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } }
}

/**
 * Whether the address names the model. OpenAI takes exactly one of `model`, `intent` and `call_id` (openai-node), and Azure refuses `model`
 * beside `intent` with 400. A transcription session gets its model by its first `session.update`, and a call has one already.
 */
export function namesModel ({ kind }: HandshakeRequest): boolean {
  return kind === 'realtime' || kind === 'translation'
}

/** A session that attaches to a running call gets no event until something happens in the call (seen in recordings). */
export function readyAt ({ kind }: HandshakeRequest): 'event' | 'open' {
  return kind === 'attached' ? 'open' : 'event'
}
