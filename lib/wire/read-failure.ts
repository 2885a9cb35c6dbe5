/** What may be wrong with what a peer sends, beyond RFC 6455's own rules. */
export type ReadFailure = 'protocol_error' | 'invalid_utf8' | 'message_too_large' | 'too_many_fragments' | 'message_too_slow' | 'buffered_bytes_exceeded'

/** Close code that tells a peer what it did wrong. */
export const failureCodes: Readonly<Record<ReadFailure, number>> = {
  protocol_error: 1002,
  invalid_utf8: 1007,
  too_many_fragments: 1008,
  message_too_slow: 1008,
  message_too_large: 1009,
  buffered_bytes_exceeded: 1013
}
