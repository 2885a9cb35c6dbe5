import type { ClientHello, Deployment, UpstreamRequest } from '../../types/index.ts'
import { addQuery, realtimeUrl } from './url.ts'

/** The request that OpenAI's protocol shares among its servers: model in the query, bearer key or token in the header. */
export function bearerRequest (defaultBase: string, deployment: Deployment, hello: ClientHello, token = deployment.apiKey): UpstreamRequest {
  const url = realtimeUrl(deployment.baseUrl ?? defaultBase)
  if (hello.model !== undefined) url.searchParams.set('model', hello.model)
  addQuery(url, hello.query)
  return { url: url.href, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } }
}

/** Attached to a call that runs already, a server has nothing to say until something happens (seen in recordings). */
export function readyAt (hello: ClientHello): 'event' | 'open' {
  return hello.query.has('call_id') ? 'open' : 'event'
}
