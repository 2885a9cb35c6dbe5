import type { Deployment } from './deployment.ts'
import type { Dialect, DialectName } from './dialect.ts'
import type { RealtimeEvent } from './events.ts'
import type { Usage } from './usage.ts'

/**
 * What a session is for: `realtime` speaks and listens; `transcription` (`?intent=transcription`) only listens; `translation` came by
 * `/v1/realtime/translations`, and has events of its own; `attached` (`?call_id=…`) joins a call that runs already.
 */
export type SessionKind = 'realtime' | 'transcription' | 'translation' | 'attached'

/** What a client brought along, as far as an adapter may see it: never its credential. */
export interface HandshakeRequest {
  readonly kind: SessionKind
  /** The provider's model name: `target` without the provider. Not every kind of session takes it in its address. */
  readonly model: string
  /** The client's query parameters in their order, credentials and `model` left out. */
  readonly query: URLSearchParams
  /** `OpenAI-Safety-Identifier` of the client (a hashed end-user id for abuse monitoring), when it sent one. */
  readonly safetyIdentifier?: string | undefined
}

/** Where and how to open the upstream socket. */
export interface UpstreamRequest {
  /** A `ws:` or `wss:` URL. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Subprotocols to offer. Default: none, which is what providers expect of a server. */
  readonly protocols?: readonly string[] | undefined
}

/**
 * Why an upstream did not take a session. `client`: the client's own request is at fault (a bad `call_id`, say), so no other deployment is
 * tried. `unsupported`: the provider has no such sessions (transcription on xAI, say), but another deployment may.
 */
export interface UpstreamRefusal {
  readonly kind: 'credentials' | 'rate_limit' | 'quota' | 'not_found' | 'unsupported' | 'client' | 'fault' | 'timeout'
  /** When the upstream said so: how long to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** What an upstream answered before it was ready. */
export type UpstreamAnswer =
  /**
   * The handshake was answered with something other than 101. `body`: of a 400 the beginning of its text, as far as it came in a second,
   * because some providers say so to a wrong key. It is for classifying alone, and never shown or logged.
   */
  | { readonly type: 'status', readonly status: number, readonly headers: Readonly<Record<string, string | string[] | undefined>>, readonly body?: string | undefined }
  /** The first event after the handshake. */
  | { readonly type: 'event', readonly event: RealtimeEvent }
  /** The socket was closed before the first event. 1006: without a close frame. */
  | { readonly type: 'close', readonly code: number }

/** Knows one provider. Pure: no I/O, no clock, no state. */
export interface UpstreamAdapter {
  /** The prefix of `target` that picks this adapter. */
  readonly provider: string
  /**
   * URL, headers and subprotocols for a session on `deployment`, whose own `headers` are added. A throw refuses the
   * candidate as a `fault`, a `GatewayError` `unsupported_feature` as `unsupported`.
   * @param token what the deployment's `token` gave, where it has one
   */
  request (deployment: Deployment, handshake: HandshakeRequest, token?: string): UpstreamRequest
  /**
   * Whether the provider has such sessions at all; `false` where `request` would throw `unsupported_feature`. The built-in router asks before
   * it chooses, so that a deployment which cannot serve the session is no candidate. Default: it has all.
   */
  serves? (handshake: HandshakeRequest): boolean
  /**
   * When the upstream counts as having answered: with its first event (default), or as soon as the socket is open,
   * for sessions in which the upstream does not speak first.
   */
  readyAt? (handshake: HandshakeRequest): 'event' | 'open'
  /**
   * Reads an answer: `undefined` when it means ready, else why the session was refused.
   * Default: `classifyAnswer`, which knows HTTP statuses and OpenAI's error codes.
   */
  classify? (answer: UpstreamAnswer): UpstreamRefusal | undefined
  /** How the provider speaks: one of the shapes that the gateway knows, or one of your own. Default `openai`. */
  dialect? (deployment: Deployment): DialectName | Dialect
  /**
   * What the provider bills for an event, in the provider's own words: `response.done` whatever its status, a transcription of the input, or a
   * `conversation.item.create` of the client's, as it went upstream. It must take any event, and never throws.
   * @returns `undefined` for an event that costs nothing by itself, or says nothing of what it costs. Default: OpenAI's usage is read.
   */
  usage? (event: RealtimeEvent): Usage | undefined
}
