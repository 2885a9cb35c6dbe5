import createError from '@fastify/error'
import { randomUUID } from 'node:crypto'
import type { RealtimeErrorBody, RealtimeErrorEvent } from '../types/index.ts'

/** An error of this package, as Fastify's own are: with a code. */
interface CodedError extends Error {
  readonly code: string
  readonly statusCode?: number | undefined
}

const BadOption: new (option: string, rule: string) => CodedError = createError('RTG_ERR_OPTION', 'realtime gateway: option %s %s', 500, TypeError)

/** A bad option, told at registration. The message names the option and the rule. */
export class OptionError extends BadOption {
  /** The path of the option: `keys[0].expiresAt`. */
  readonly option: string
  /** The rule that it breaks: `must be …`. It never holds the value. */
  readonly rule: string

  constructor (option: string, rule: string) {
    super(option, rule)
    this.option = option
    this.rule = rule
  }
}

/** A bad config file. The message names the file, the field and the rule. */
export const ConfigError: new (what: string) => CodedError = createError('RTG_ERR_CONFIG', 'realtime gateway: %s', 500, TypeError)
/** The plugin was registered twice in one scope. */
export const AlreadyRegisteredError: new () => CodedError = createError('RTG_ERR_ALREADY_REGISTERED',
  'realtime gateway: fastify.realtime exists already in this scope; register the plugin in a scope of its own', 500)

/** The server speaks HTTP/2 alone, on which no client opens a Realtime session. */
export const Http2OnlyError: new () => CodedError = createError('RTG_ERR_HTTP2_ONLY',
  'realtime gateway: this server speaks HTTP/2 only, and Realtime clients open their WebSocket over HTTP/1.1; add https: { allowHTTP1: true } to the options of Fastify()', 500)
/** A route of the host has `websocket: true`, and no plugin serves it. */
export const WebSocketRouteError: new (what: string) => CodedError = createError('RTG_ERR_WEBSOCKET_ROUTE',
  "realtime gateway: the route %s asks for a WebSocket and nothing gives it one; register the plugin before it: await fastify.register(import('@fastify/websocket'))", 500)

interface Row {
  /** HTTP status of a refused upgrade; 0 where the case only exists in a session. */
  readonly status: number
  readonly type: 'invalid_request_error' | 'rate_limit_error' | 'insufficient_quota' | 'server_error'
  /** Close code where the client is told by an event. */
  readonly close: number
  readonly message: string
}

// The one table of answers: HTTP status, OpenAI error type, close code, text.
const table = {
  missing_api_key: row(401, 'invalid_request_error', 3000, 'You did not provide an API key. Send it as "Authorization: Bearer <key>", as "api-key: <key>", or as the WebSocket subprotocol "openai-insecure-api-key.<key>".'),
  invalid_api_key: row(401, 'invalid_request_error', 3000, 'Incorrect API key provided.'),
  key_expired: row(401, 'invalid_request_error', 3000, 'This API key has expired.'),
  key_blocked: row(401, 'invalid_request_error', 3000, 'This API key is blocked.'),
  api_key_in_query: row(400, 'invalid_request_error', 3000, 'API keys are not accepted in the URL, where logs would keep them. Send the key as "Authorization: Bearer <key>" or, from a browser, as the WebSocket subprotocol "openai-insecure-api-key.<key>".'),
  conflicting_api_keys: row(400, 'invalid_request_error', 3000, 'The request carries two different API keys. Send one.'),
  model_not_allowed: row(403, 'invalid_request_error', 3000, 'This API key may not use the model.'),
  origin_not_allowed: row(403, 'invalid_request_error', 3000, 'This origin may not connect.'),
  missing_model: row(400, 'invalid_request_error', 4000, 'You must provide a model parameter, for example /v1/realtime?model=grok-voice-latest.'),
  model_not_found: row(404, 'invalid_request_error', 4000, 'The model does not exist or is not served here.'),
  invalid_handshake: row(400, 'invalid_request_error', 4000, 'The WebSocket handshake is malformed.'),
  invalid_request: row(400, 'invalid_request_error', 4000, 'The upstream refused the parameters of this request.'),
  unsupported_feature: row(400, 'invalid_request_error', 4000, 'The provider of this model cannot do what was asked for.'),
  unsupported_protocol: row(400, 'invalid_request_error', 4000, 'This model speaks another protocol than Realtime: GPT-Live, on /v1/live/sessions, which is not served here.'),
  rate_limit_exceeded: row(429, 'rate_limit_error', 1013, 'The limit of concurrent sessions is reached. Try again later.'),
  open_rate_exceeded: row(429, 'rate_limit_error', 1013, 'This API key opens sessions too fast. Try again later.'),
  fair_share_exceeded: row(429, 'rate_limit_error', 1013, 'The server is nearly full, and this API key holds more than its share of it. Try again later.'),
  upstream_rate_limited: row(429, 'rate_limit_error', 1013, 'The upstream is rate limited. Try again later.'),
  upstream_unavailable: row(502, 'server_error', 1011, 'The upstream is unavailable.'),
  upstream_rejected: row(502, 'server_error', 1011, 'The upstream rejected the session.'),
  upstream_cooldown: row(503, 'server_error', 1013, 'Every deployment of the model is in cooldown. Try again later.'),
  upstream_timeout: row(504, 'server_error', 1011, 'The upstream did not answer in time.'),
  draining: row(503, 'server_error', 1012, 'The server is shutting down.'),
  at_capacity: row(503, 'server_error', 1013, 'The server is at capacity. Try again later.'),
  store_unavailable: row(503, 'server_error', 1013, 'The key could not be checked. Try again later.'),
  internal_error: row(500, 'server_error', 1011, 'The server had an error.'),
  upgrade_required: row(426, 'invalid_request_error', 4000, 'This is a WebSocket endpoint: connect with a WebSocket client. If yours is one, a proxy in front of the server has dropped its Upgrade header.'),
  websocket_only: row(404, 'invalid_request_error', 4000, 'Realtime is served over WebSocket only here: there are no client secrets and no WebRTC calls. Connect with the API key.'),
  message_too_large: row(0, 'invalid_request_error', 1009, 'The message is larger than the limit.'),
  too_many_fragments: row(0, 'invalid_request_error', 1008, 'The message has too many fragments.'),
  message_too_slow: row(0, 'invalid_request_error', 1008, 'The rest of the message came too slowly.'),
  event_too_complex: row(0, 'invalid_request_error', 4000, 'The event has too many fields and values. It was dropped.'),
  message_rate_exceeded: row(0, 'rate_limit_error', 1008, 'Too many messages in a short time.'),
  control_flood: row(0, 'rate_limit_error', 1008, 'Too many control frames in a short time.'),
  buffered_bytes_exceeded: row(0, 'server_error', 1013, 'The server holds too much that this session has not finished sending, or has not read.'),
  response_cancel_not_active: row(0, 'invalid_request_error', 4000, 'Cancellation failed: no active response found'),
  item_retrieve_invalid_item_id: row(0, 'invalid_request_error', 4000, 'The item does not exist, or is not kept any more.'),
  slow_consumer: row(0, 'server_error', 1013, 'A peer did not read its messages in time.'),
  session_expired: row(0, 'invalid_request_error', 1001, 'Your session hit the maximum duration or idle time.'),
  peer_timeout: row(0, 'server_error', 1011, 'A peer stopped answering.'),
  upstream_lost: row(0, 'server_error', 1011, 'The connection to the upstream was lost.')
} satisfies Record<string, Row>

/** Every `error.code` that the gateway itself gives. */
export type GatewayErrorCode = keyof typeof table

/** What may be said with a refusal beside its code. None of it may hold a secret or a provider's address. */
export interface GatewayErrorDetails {
  /** Replaces the table's message. */
  readonly message?: string | undefined
  readonly param?: string | undefined
  /** `event_id` of the client event at fault. */
  readonly eventId?: string | undefined
  /** Told to the client as `Retry-After`, rounded up to seconds. */
  readonly retryAfterMs?: number | undefined
  /** For the log only. */
  readonly cause?: unknown
}

/** A refusal, or the end of a session, that the gateway itself decided. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode
  readonly param: string | null
  readonly eventId: string | null
  readonly retryAfterMs: number | undefined

  constructor (code: GatewayErrorCode, details: GatewayErrorDetails = {}) {
    super(details.message ?? table[code].message, { cause: details.cause })
    this.name = 'GatewayError'
    this.code = code
    this.param = details.param ?? null
    this.eventId = details.eventId ?? null
    this.retryAfterMs = details.retryAfterMs
  }

  get statusCode (): number {
    return table[this.code].status || 500
  }

  get closeCode (): number {
    return table[this.code].close
  }

  /** Whole seconds for `Retry-After`; every 429 and 503 has one. */
  get retryAfterSeconds (): number | undefined {
    if (this.retryAfterMs !== undefined) return Math.max(1, Math.ceil(this.retryAfterMs / 1000))
    return this.statusCode === 429 || this.statusCode === 503 ? 1 : undefined
  }

  get body (): RealtimeErrorBody {
    return { type: table[this.code].type, code: this.code, message: this.message, param: this.param, event_id: this.eventId }
  }

  /** The `error` event that tells the same in a session. */
  toEvent (): RealtimeErrorEvent {
    return { type: 'error', event_id: `event_${randomUUID().replaceAll('-', '')}`, error: this.body }
  }
}

function row (status: number, type: Row['type'], close: number, message: string): Row {
  return { status, type, close, message }
}
