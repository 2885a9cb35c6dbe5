import type { Deployment, HandshakeRequest, UpstreamAdapter } from '../../../types/index.ts'
import { namesModel, readyAt } from '../bearer.ts'
import { openaiUsage } from '../openai/usage.ts'
import { classifyAnswer } from '../refusal.ts'
import { unsupported } from '../unsupported.ts'
import { addQuery, socketUrl } from '../url.ts'

/** `api-version` of the preview endpoints, where the deployment names none. */
export const defaultApiVersion = '2025-04-01-preview'

// Parameters that the request sets itself. A client may not choose them, and an address copied from the portal may hold them. Azure takes
// their names in upper and lower case.
const own = new Set(['model', 'deployment', 'api-version'])

/**
 * Azure OpenAI (learn.microsoft.com, "GPT Realtime API via WebSockets"): `wss://<resource>/openai/v1/realtime?model=<deployment>`, which refuses
 * an `api-version` with 401, or the dated preview `wss://<resource>/openai/realtime?api-version=…&deployment=<deployment>`,
 * which speaks the beta shape. A transcription session has `intent=transcription` and no model beside it. The credential is an `api-key`, or an Entra token as bearer. Refusals come at the upgrade.
 */
export const azure: UpstreamAdapter = {
  provider: 'azure',
  serves,
  request (deployment, handshake, token) {
    if (!serves(handshake)) throw unsupported(handshake.kind)
    const { model, query } = handshake
    const preview = isPreview(deployment)
    const url = endpointUrl(deployment.baseUrl, preview)
    const written = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]))
    for (const name of [...url.searchParams.keys()]) if (own.has(name.toLowerCase())) url.searchParams.delete(name)
    if (preview) url.searchParams.set('api-version', deployment.apiVersion ?? (written.get('api-version') || defaultApiVersion))
    if (namesModel(handshake)) url.searchParams.set(preview ? 'deployment' : 'model', model)
    addQuery(url, new URLSearchParams([...query].filter(([name]) => !own.has(name.toLowerCase()))))
    return { url: url.href, headers: credential(deployment, token) }
  },
  readyAt,
  classify (answer) {
    // 400: the endpoint does not take the api-version or the deployment, which the operator has configured.
    if (answer.type === 'status' && answer.status === 400) return { kind: 'fault' }
    return classifyAnswer(answer)
  },
  dialect: deployment => isPreview(deployment) ? 'beta' : 'openai',
  // Azure says what OpenAI says; its preview, which speaks beta, has the usage of `response.done` in the same place.
  usage: openaiUsage
}

/** Translation sessions are OpenAI's own: Azure documents none. */
function serves ({ kind }: HandshakeRequest): boolean {
  return kind !== 'translation'
}

function isPreview ({ realtimeProtocol }: Deployment): boolean {
  return realtimeProtocol === 'preview'
}

// The endpoint itself, or what leads to it, as the portal and the SDKs write them.
const knownEnd = /\/openai(?:\/v1|\/deployments\/[^/]+)?(?:\/realtime)?$/

/** @throws TypeError when there is no base, or none that is a URL */
function endpointUrl (base: string | undefined, preview: boolean): URL {
  if (base === undefined) throw new TypeError('a deployment of azure needs a baseUrl')
  const url = socketUrl(base)
  const path = url.pathname.replace(/\/+$/, '')
  // A path that ends in `/realtime` and is not Azure's own is a proxy's: it is used as it is.
  const whole = path.endsWith('/realtime') && !knownEnd.test(path)
  url.pathname = whole ? path : `${path.replace(knownEnd, '')}/openai${preview ? '' : '/v1'}/realtime`
  return url
}

// Key or token, never both: Azure does not document which would count.
function credential ({ apiKey }: Deployment, token: string | undefined): Record<string, string> {
  if (token !== undefined) return { Authorization: `Bearer ${token}` }
  return apiKey === undefined ? {} : { 'api-key': apiKey }
}
