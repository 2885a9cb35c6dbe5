import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { handshakeFault, offeredProtocols } from '../wire/handshake.ts'
import type { SessionKind } from '../../types/index.ts'

/** What a client asked for, as far as its request alone tells. */
export interface ClientHandshake {
  /** `Sec-WebSocket-Key`. */
  readonly key: string
  readonly kind: SessionKind
  /** Subprotocols that the client offers, keys among them. */
  readonly protocols: readonly string[]
  readonly query: URLSearchParams
  readonly origin: string | undefined
  readonly safetyIdentifier: string | undefined
  /** The shape of the protocol that the handshake alone settles. */
  readonly dialect: 'xai' | undefined
  /** `x-litellm-tags`, as LiteLLM's clients send it. */
  readonly tags: readonly string[]
}

// More tags than anybody sets by hand.
const maxTags = 32

/**
 * @param translates whether it came by the route of translation sessions
 * @throws GatewayError `upgrade_required` or `invalid_handshake`
 */
export function readHandshake (request: IncomingMessage, translates = false): ClientHandshake {
  const { headers, httpVersion, method = '', url = '' } = request
  const fault = handshakeFault(method, httpVersion, headers)
  if (fault === 'version') throw new GatewayError('upgrade_required', { message: 'Only version 13 of the WebSocket protocol is spoken here.' })
  if (fault !== undefined) throw new GatewayError('invalid_handshake')
  const protocols = offeredProtocols(headers['sec-websocket-protocol'])
  if (protocols === undefined) throw new GatewayError('invalid_handshake', { message: 'The Sec-WebSocket-Protocol header is malformed.' })
  const question = url.indexOf('?')
  const query = new URLSearchParams(question === -1 ? '' : url.slice(question + 1))
  const safety = headers['openai-safety-identifier']
  return {
    key: headers['sec-websocket-key']!,
    protocols,
    kind: translates ? 'translation' : kindOf(query),
    query,
    origin: headers.origin,
    safetyIdentifier: typeof safety === 'string' && /^[\x21-\x7e]{1,256}$/.test(safety) ? safety : undefined,
    dialect: saidDialect(protocols),
    tags: String(headers['x-litellm-tags'] ?? '').split(',', maxTags).map(tag => tag.trim()).filter(tag => tag !== '')
  }
}

function kindOf (query: URLSearchParams): SessionKind {
  if (query.getAll('intent').includes('transcription')) return 'transcription'
  return query.has('call_id') ? 'attached' : 'realtime'
}

/**
 * xAI's browser clients bring their key in a subprotocol of their own. The header `OpenAI-Beta: realtime=v1` proves nothing: the samples for
 * Grok voice send it and listen for GA's events. What a client says decides (see dialect/evidence).
 */
function saidDialect (protocols: readonly string[]): 'xai' | undefined {
  return protocols.some(protocol => protocol.startsWith('xai-client-secret.')) ? 'xai' : undefined
}

/**
 * Whether this client can only read a refusal as an event: a browser sees nothing of a refused handshake. Its key is
 * in a subprotocol, or it sends an `Origin`.
 */
export function readsEventsOnly (handshake: ClientHandshake, isSecret: (protocol: string) => boolean): boolean {
  return handshake.origin !== undefined || handshake.protocols.some(isSecret)
}
