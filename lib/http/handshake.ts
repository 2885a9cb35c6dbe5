import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { handshakeFault, offeredProtocols } from '../wire/handshake.ts'
import type { DialectName } from '../../types/index.ts'

/** What a client asked for, as far as its request alone tells. */
export interface ClientHandshake {
  /** `Sec-WebSocket-Key`. */
  readonly key: string
  /** Subprotocols that the client offers, keys among them. */
  readonly protocols: readonly string[]
  readonly query: URLSearchParams
  readonly origin: string | undefined
  readonly safetyIdentifier: string | undefined
  /** The shape of the protocol that the client says, in one of the usual ways, that it speaks. */
  readonly dialect: DialectName | undefined
  /** `x-litellm-tags`, as LiteLLM's clients send it. */
  readonly tags: readonly string[]
}

// A session with more tags than that was not tagged by hand.
const maxTags = 32

/** @throws GatewayError `upgrade_required` or `invalid_handshake` */
export function readHandshake (request: IncomingMessage): ClientHandshake {
  const { headers, httpVersion, method = '', url = '' } = request
  const fault = handshakeFault(method, httpVersion, headers)
  if (fault === 'version') throw new GatewayError('upgrade_required', { message: 'Only version 13 of the WebSocket protocol is spoken here.' })
  if (fault !== undefined) throw new GatewayError('invalid_handshake')
  const protocols = offeredProtocols(headers['sec-websocket-protocol'])
  if (protocols === undefined) throw new GatewayError('invalid_handshake', { message: 'The Sec-WebSocket-Protocol header is malformed.' })
  const question = url.indexOf('?')
  const safety = headers['openai-safety-identifier']
  return {
    key: headers['sec-websocket-key']!,
    protocols,
    query: new URLSearchParams(question === -1 ? '' : url.slice(question + 1)),
    origin: headers.origin,
    safetyIdentifier: typeof safety === 'string' && /^[\x21-\x7e]{1,256}$/.test(safety) ? safety : undefined,
    dialect: saidDialect(headers['openai-beta'], protocols),
    tags: String(headers['x-litellm-tags'] ?? '').split(',', maxTags).map(tag => tag.trim()).filter(tag => tag !== '')
  }
}

/** OpenAI's beta clients name it in a header, or from a browser in a subprotocol; xAI's clients bring their key in one of their own. */
function saidDialect (beta: string | string[] | undefined, protocols: readonly string[]): DialectName | undefined {
  if (/(?:^|,)\s*realtime=v1\s*(?:,|$)/.test(String(beta ?? '')) || protocols.includes('openai-beta.realtime-v1')) return 'beta'
  return protocols.some(protocol => protocol.startsWith('xai-client-secret.')) ? 'xai' : undefined
}

/**
 * Whether this client can only read a refusal as an event: a browser sees nothing of a refused handshake. Its key is
 * in a subprotocol, or it sends an `Origin`.
 */
export function readsEventsOnly (handshake: ClientHandshake, isSecret: (protocol: string) => boolean): boolean {
  return handshake.origin !== undefined || handshake.protocols.some(isSecret)
}
