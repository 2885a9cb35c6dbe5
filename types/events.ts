/** An event of the OpenAI Realtime protocol, in either direction. Unknown types and fields are legal and pass. */
export interface RealtimeEvent {
  readonly type: string
  readonly event_id?: string | undefined
  readonly [field: string]: unknown
}

/** The `error` event, and with the same inner object the body of a refused upgrade. */
export interface RealtimeErrorEvent {
  readonly type: 'error'
  readonly event_id: string
  readonly error: RealtimeErrorBody
}

/** OpenAI's error object. */
export interface RealtimeErrorBody {
  readonly type: string
  readonly code: string
  readonly message: string
  /** The option, query parameter or field at fault. */
  readonly param: string | null
  /** The `event_id` of the client event at fault, when it had one. */
  readonly event_id: string | null
}

/** A refusal, or the end of a session, that the gateway itself decided. `GatewayError` is one. */
export interface SessionError extends Error {
  /** `error.code` of the event. */
  readonly code: string
  /** What the client is closed with. */
  readonly closeCode: number
  toEvent (): RealtimeErrorEvent
}
