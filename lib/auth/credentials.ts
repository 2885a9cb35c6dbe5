import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../errors.ts'

/** Subprotocols that carry a key: OpenAI's browser clients and xAI's. */
const secretProtocols = ['openai-insecure-api-key.', 'xai-client-secret.'] as const

// Parameters in which other gateways take a key. A URL is kept in logs, histories and traces.
const secretParameters = new Set(['api_key', 'api-key', 'apikey', 'x-api-key', 'key', 'token', 'access_token', 'client_secret', 'ephemeral_key', 'authorization', 'secret', 'auth', 'bearer', 'password'])

// The prefixes of keys in use. The query goes on to the provider, so a key must not stand there under another name either.
const keyShape = /^(?:bearer\s+)?(?:sk|xai|ek|pk|rk|gsk)[-_][\w-]{12,}$/i

// Longer than any key or token in use. What is longer is refused before it is hashed.
const maxCredentialLength = 4096

/** Whether a subprotocol holds a key. */
export function isSecretProtocol (protocol: string): boolean {
  return secretProtocols.some(prefix => protocol.startsWith(prefix))
}

/**
 * The one credential of a request, from `Authorization: Bearer`, `api-key`, `x-api-key` or a subprotocol.
 * @returns `undefined` where there is none, or one of another scheme, which only the host's hook can judge
 * @throws GatewayError `conflicting_api_keys` when there are two that differ, `invalid_api_key` for an empty or endless one
 */
export function findCredential (headers: IncomingHttpHeaders, protocols: readonly string[]): string | undefined {
  const found = new Set<string>()
  const bearer = /^bearer +(.*)$/i.exec(headers.authorization ?? '')
  if (bearer) found.add(bearer[1]!.trim())
  for (const name of ['api-key', 'x-api-key']) {
    const value = headers[name]
    if (value !== undefined) found.add(String(value).trim())
  }
  for (const protocol of protocols) {
    const prefix = secretProtocols.find(prefix => protocol.startsWith(prefix))
    if (prefix !== undefined) found.add(protocol.slice(prefix.length))
  }
  if (found.size > 1) throw new GatewayError('conflicting_api_keys')
  const [credential] = found
  if (credential !== undefined && (credential === '' || credential.length > maxCredentialLength)) throw new GatewayError('invalid_api_key')
  return credential
}

/**
 * @param credential what the client has brought in its place
 * @throws GatewayError `api_key_in_query`
 */
export function refuseKeyInQuery (query: URLSearchParams, credential: string | undefined): void {
  for (const [name, value] of query) {
    // Whoever forgets the name sends the key as one.
    if (keyShape.test(name) || name === credential) throw new GatewayError('api_key_in_query')
    if (secretParameters.has(name.toLowerCase()) || keyShape.test(value) || value === credential) throw new GatewayError('api_key_in_query', { param: name })
  }
}

/**
 * The subprotocol to answer with: `realtime` where it is offered, else the first that holds no key. xAI's secret is echoed only where
 * nothing else is offered, because xAI's clients want an echo. OpenAI's key never is.
 */
export function selectProtocol (offered: readonly string[]): string | undefined {
  if (offered.includes('realtime')) return 'realtime'
  const harmless = offered.find(protocol => !isSecretProtocol(protocol))
  if (harmless !== undefined) return harmless
  return offered.length === 1 && offered[0]!.startsWith('xai-client-secret.') ? offered[0] : undefined
}
