import { isSendable } from '../wire/close-frame.ts'

/** Longest close reason in bytes of UTF-8: a control frame holds 125, two are the code (RFC 6455 section 5.5). */
export const maxReasonBytes = 123

/**
 * The code to close one leg with when the other ended with `code`. 1005 (none given) and what may never be sent
 * (RFC 6455 section 7.4) are mapped; the rest passes.
 */
export function relayedCode (code: number): number {
  if (code === 1005) return 1000
  if (isSendable(code)) return code
  return 1011
}

/** `reason` cut to what a close frame holds, never inside a code point. */
export function cutReason (reason: string): string {
  const bytes = Buffer.from(reason)
  if (bytes.length <= maxReasonBytes) return reason
  let end = maxReasonBytes
  // 10xxxxxx continues a code point: the cut goes before the byte that starts it.
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

const secretTokens = /\b(?:sk|xai|ek|pk|key|token|secret|api|gsk|rk)[-_][\w-]{6,}/gi
const schemes = /\b(?:bearer\s+\S+|basic\s+[a-z0-9+/=]{16,})/gi
// Keys without a telling prefix, and JSON web tokens. A UUID is shorter.
const opaque = /\beyJ[\w-]{6,}(?:\.[\w-]+)*|\b[0-9a-f]{32}\b|[a-z0-9+/_-]{40,}/gi
const addresses = /\b(?:[a-z][a-z0-9+.-]{0,15}:\/\/\S+|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)/gi
const hidden = '[redacted]'

/**
 * A peer's reason without what looks like a credential, a URL or an address, and without control characters.
 * @param secret what must not pass whatever it looks like
 */
export function redactReason (reason: string, secret?: string): string {
  return cutReason((secret ? reason.replaceAll(secret, hidden) : reason)
    .replace(schemes, hidden)
    .replace(addresses, hidden)
    .replace(secretTokens, hidden)
    .replace(opaque, hidden)
    // eslint-disable-next-line no-control-regex -- control characters are what must go
    .replace(/[\u0000-\u001f\u007f]/g, ' '))
}
