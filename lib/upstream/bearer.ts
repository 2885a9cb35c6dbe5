import type { ClientHello, Deployment, UpstreamRequest } from '../../types/index.ts'
import { addQuery, realtimeUrl } from './url.ts'

/** The request that OpenAI's protocol shares among its servers: model in the query, bearer key in the header. */
export function bearerRequest (defaultBase: string, deployment: Deployment, hello: ClientHello): UpstreamRequest {
  const url = realtimeUrl(deployment.baseUrl ?? defaultBase)
  if (hello.model !== undefined) url.searchParams.set('model', hello.model)
  addQuery(url, hello.query)
  return { url: url.href, headers: deployment.apiKey === undefined ? {} : { Authorization: `Bearer ${deployment.apiKey}` } }
}

/** Attached to a call that runs already, a server has nothing to say until something happens (seen in recordings). */
export function readyAt (hello: ClientHello): 'event' | 'open' {
  return hello.query.has('call_id') ? 'open' : 'event'
}
