import { isUtf8 } from 'node:buffer'

/** Whether a close frame may carry this code (RFC 6455 section 7.4, and the IANA registry up to 1014). */
export function isSendable (code: number): boolean {
  if (!Number.isInteger(code)) return false
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
}

/** Payload of a close frame; no code gives the empty payload that a peer reads as 1005. */
export function encodeClosePayload (code: number | undefined, reason: string): Buffer {
  if (code === undefined) return Buffer.alloc(0)
  const text = Buffer.from(reason)
  const payload = Buffer.allocUnsafe(2 + text.length)
  payload.writeUInt16BE(code, 0)
  payload.set(text, 2)
  return payload
}

/** Code and reason of a close frame, or what is wrong with it. No payload reads as 1005. */
export function readClosePayload (payload: Buffer): { code: number, reason: string } | 'protocol_error' | 'invalid_utf8' {
  if (payload.length === 0) return { code: 1005, reason: '' }
  if (payload.length === 1) return 'protocol_error'
  const code = payload.readUInt16BE(0)
  if (!isSendable(code)) return 'protocol_error'
  const text = payload.subarray(2)
  return isUtf8(text) ? { code, reason: text.toString() } : 'invalid_utf8'
}
