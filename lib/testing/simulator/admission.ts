import type { IncomingMessage } from 'node:http'
import { fatalError, maskKey } from './errors.ts'
import type { FatalError } from './errors.ts'
import type { SimulatorFlavour, SimulatorOptions } from './options.ts'

/** How a provider answers an upgrade: with 101, with an HTTP refusal, or with 101 and a fatal error. */
type Admission =
  | { readonly type: 'accept', readonly fatal?: FatalError }
  | { readonly type: 'refuse', readonly status: number, readonly message: string, readonly code: string }

/** Where OpenAI has its translation sessions, which no other flavour has. */
export const TRANSLATIONS_PATH = '/v1/realtime/translations'

export const PATHS: Readonly<Record<SimulatorFlavour, string>> = {
  openai: '/v1/realtime',
  azure: '/openai/v1/realtime',
  xai: '/v1/realtime'
}

const OPENAI_KEY = 'openai-insecure-api-key.'
const XAI_KEY = 'xai-client-secret.'
const OPENAI_BETA = 'openai-beta.realtime-v1'

/** The subprotocols that a client offers, in its order. */
export function offeredProtocols (request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim()).filter(name => name !== '')
}

/** Decides on an upgrade as the provider does. */
export function admit (request: IncomingMessage, url: URL, flavour: SimulatorFlavour, options: SimulatorOptions): Admission {
  const translates = flavour === 'openai' && url.pathname === TRANSLATIONS_PATH
  if (url.pathname !== PATHS[flavour] && !translates) {
    if (flavour === 'azure') return { type: 'refuse', status: 404, message: 'Resource not found', code: '404' }
    return { type: 'refuse', status: 404, message: `Invalid URL (GET ${url.pathname})`, code: 'not_found' }
  }
  const offered = offeredProtocols(request)
  const key = credential(request, url, offered, flavour)
  const isGood = key !== undefined && (options.apiKeys?.includes(key) ?? true)
  if (key === undefined) return { type: 'refuse', status: 401, message: 'Missing bearer or basic authentication in header', code: 'missing_api_key' }
  if (flavour === 'openai') return { type: 'accept', ...openAiProblem(request, url, offered, key, isGood, options) }
  if (flavour === 'azure') return azure(url, isGood, options)
  if (isGood) return { type: 'accept' }
  const message = `Incorrect API key provided: ${maskKey(key)}. You can obtain an API key from https://console.x.ai.`
  return { type: 'refuse', status: 400, message, code: 'invalid_api_key' }
}

/** A key in a subprotocol is never echoed, unless nothing else was offered: then the client could not connect. */
export function selectProtocol (offered: readonly string[]): string | undefined {
  if (offered.includes('realtime')) return 'realtime'
  return offered.find(name => !name.startsWith(OPENAI_KEY) && !name.startsWith(XAI_KEY)) ?? offered[0]
}

function credential (request: IncomingMessage, url: URL, offered: readonly string[], flavour: SimulatorFlavour): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const apiKey = request.headers['api-key'] ?? url.searchParams.get('api-key')
  if (flavour === 'azure') return (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined) ?? bearer
  const prefixes = flavour === 'xai' ? [XAI_KEY, OPENAI_KEY] : [OPENAI_KEY]
  const inProtocol = prefixes.flatMap(prefix => offered.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length)))
  return bearer ?? inProtocol.find(key => key !== '')
}

function openAiProblem (
  request: IncomingMessage, url: URL, offered: readonly string[], key: string, isGood: boolean, options: SimulatorOptions
): { fatal?: FatalError } {
  if (!isGood) return { fatal: fatalError('invalid_api_key', { apiKey: key }) }
  if (request.headers['openai-beta'] !== undefined || offered.includes(OPENAI_BETA)) return { fatal: fatalError('beta_api_shape_disabled') }
  const model = url.searchParams.get('model')
  const intent = url.searchParams.get('intent')
  if (intent !== null && intent !== 'transcription') return { fatal: fatalError('invalid_intent', { intent }) }
  const needsNone = url.searchParams.has('call_id') || intent !== null
  if (!model) return needsNone ? {} : { fatal: fatalError('missing_model') }
  // Exactly one of model, intent and call_id.
  if (needsNone || model.includes('translate') !== (url.pathname === TRANSLATIONS_PATH) || !model.includes('realtime')) return { fatal: fatalError('invalid_model', { model }) }
  if (options.models && !options.models.includes(model)) return { fatal: fatalError('model_not_found', { model }) }
  return {}
}

function azure (url: URL, isGood: boolean, { models }: SimulatorOptions): Admission {
  const deployment = url.searchParams.get('model')
  // The GA endpoint has no versions, and says so as if the key were wrong.
  if (!isGood || url.searchParams.has('api-version')) return { type: 'refuse', status: 401, message: 'Access denied due to invalid subscription key or wrong API endpoint.', code: '401' }
  const intent = url.searchParams.has('intent')
  if (intent && deployment !== null) return { type: 'refuse', status: 400, message: 'The requested operation is unsupported.', code: 'OperationNotSupported' }
  if (intent || url.searchParams.has('call_id')) return { type: 'accept' }
  if (!deployment || (models && !models.includes(deployment))) {
    return { type: 'refuse', status: 404, message: 'The API deployment for this resource does not exist.', code: 'DeploymentNotFound' }
  }
  return { type: 'accept' }
}
