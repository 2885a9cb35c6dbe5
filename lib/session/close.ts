import { redactText } from '../redact.ts'
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

/**
 * A peer's reason as the other peer may read it: see `redactText`.
 * @param secret what must not pass whatever it looks like
 */
export function redactReason (reason: string, secret?: string): string {
  return cutReason(redactText(reason, secret))
}
