import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const keyPattern = /^[+/0-9A-Za-z]{22}==$/
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** `Sec-WebSocket-Accept` for a key, RFC 6455 section 4.2.2. */
export function acceptFor (key: string): string {
  return createHash('sha1').update(key + guid).digest('base64')
}

/** What is wrong with a client's handshake beyond the `Upgrade` header, RFC 6455 section 4.2.1. */
export function handshakeFault (method: string, httpVersion: string, headers: IncomingHttpHeaders): 'version' | 'malformed' | undefined {
  if (method !== 'GET' || httpVersion !== '1.1' || headers.upgrade?.toLowerCase() !== 'websocket') return 'malformed'
  // Node joins a repeated Sec-WebSocket-Key with a comma, which the pattern does not match.
  if (!keyPattern.test(String(headers['sec-websocket-key']))) return 'malformed'
  // injectWS of @fastify/websocket gives a number.
  if (String(headers['sec-websocket-version']) !== '13') return 'version'
  return undefined
}

/** The subprotocols that a client offers, or `undefined` when the header is malformed (RFC 6455 section 4.1, item 10). */
export function offeredProtocols (header: string | undefined): string[] | undefined {
  if (header === undefined) return []
  const protocols = header.split(',', maxOffers + 1).map(item => item.trim())
  if (protocols.length > maxOffers || protocols.some(item => !tokenPattern.test(item))) return undefined
  return new Set(protocols).size === protocols.length ? protocols : undefined
}

// The longest list in the field has five entries.
const maxOffers = 32

/** The answer that opens the socket. No extension is ever accepted. */
export function switchingProtocols (key: string, protocol: string | undefined): string {
  return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${acceptFor(key)}\r\n` +
    (protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`) + '\r\n'
}
