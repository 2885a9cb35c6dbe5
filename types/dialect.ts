import type { RealtimeEvent } from './events.ts'

/**
 * The shapes of the Realtime protocol that the gateway translates itself: `openai` (the GA shape, which all others are translated
 * through), `beta` (what OpenAI spoke until May 2026, and Azure's preview endpoints still do) and `xai`.
 */
export type DialectName = 'openai' | 'beta' | 'xai'

/** An event that goes back to the sender of the translated one. */
export interface Answer {
  readonly answer: RealtimeEvent
}

/** What becomes of one event: the events that go on, and those that go back, in order. `undefined` or an empty list: it is dropped. */
export type Translated = RealtimeEvent | Answer | ReadonlyArray<RealtimeEvent | Answer> | undefined

/**
 * What becomes of events, by their type. A text is the event's new type; nothing else of the event is changed or even parsed. A function is
 * called with each event of the type, and must not change it. An event whose type is not in the table passes as it came.
 *
 * To refuse a client event, a function throws a `GatewayError`: the client gets it as an `error` event, and the event is not sent on.
 */
export type EventTable<State> = Readonly<Record<string, string | EventFunction<State>>>

// Declared as a method, whose parameters are bivariant: so a `Dialect<MyState>` is a `Dialect<unknown>` too.
export type EventFunction<State> = { translate (event: RealtimeEvent, state: State): Translated }['translate']

/**
 * Translates one side's shape of the protocol to OpenAI's GA shape and back. A provider's dialect translates the client's events from GA and
 * the provider's to GA; a client's dialect the other way round. Pure: no I/O, no clock. All that it remembers of a session is in its state,
 * which must stay small however long the session.
 */
export interface Dialect<State = unknown> {
  /** A name for logs and documentation. Client and provider with the same name need no translation. */
  readonly name: string
  /** What is remembered of one session. */
  start (context: DialectContext): State
  /** The client's events, on their way to the provider. */
  readonly clientToUpstream: EventTable<State>
  /** The provider's events, on their way to the client. */
  readonly upstreamToClient: EventTable<State>
  /**
   * Whether events of a type in a table pass unread at the moment. Default: never.
   */
  passes? (type: string, state: State): boolean
  /**
   * Gives the events that the provider must get before the client's first one. It is asked with the type of each event of the client
   * (`undefined` where the table does not have the type) until it gives a list. Default: none.
   */
  opening? (type: string | undefined, state: State): readonly RealtimeEvent[] | undefined
}

/** What a dialect may know of a session. */
export interface DialectContext {
  /** Refuse what has no equal on the other side, instead of saying what comes nearest. */
  readonly strict: boolean
  /** Voices by the client's name for them. */
  readonly voices: Readonly<Record<string, string>>
  /** The client attaches to a running call (`call_id`), whose settings others have made. Default `false`. */
  readonly attached?: boolean | undefined
  /** The client has asked to go on with an older conversation (xAI's `conversation_id` in the URL). Default `false`. */
  readonly resumes?: boolean | undefined
  /**
   * To be called with each field of an event that does not reach the other side as it was sent.
   * @param why default `nearest`
   */
  adjusted (field: string, why?: Adjustment): void
}

/**
 * Why a field is told. `nearest`: the other side has no equal, so it was changed to what comes nearest, or left out. `unknown`: it passes, but
 * the gateway does not know whether the other side has what it names. `too_long`: it is left out, because it is too long to be kept.
 */
export type Adjustment = 'nearest' | 'unknown' | 'too_long'

/** How clients and providers of different dialects are brought together. */
export interface DialectOptions {
  /**
   * The shape in which clients are answered until they show theirs: by the subprotocol `xai-client-secret.…`, or by the fields of what
   * they say. With `xai`, what they say shows nothing, as that shape shares fields with both others. Default `openai`.
   */
  readonly client?: DialectName | undefined
  /**
   * What happens to a matter of taste that the provider has no equal for (`semantic_vad` on xAI). `false`: it becomes what comes nearest.
   * `true`: the event is refused with the error `unsupported_feature`, which names the field. Rights, approvals, limits and privacy that the
   * provider does not keep are refused in any case. `true` also refuses an event that names another model. Default `false`.
   */
  readonly strict?: boolean | undefined
  /** xAI's voices by OpenAI's names (`{ marin: 'eve' }`). They win over the built-in table; a name in neither passes. */
  readonly xaiVoices?: Readonly<Record<string, string>> | undefined
  /** OpenAI's voices by xAI's names. They win over the built-in table; a name in neither passes. */
  readonly openaiVoices?: Readonly<Record<string, string>> | undefined
  /**
   * Serves models that OpenAI has retired (`gpt-4o-realtime-preview`) by the successors that the catalogue names, with a warning in the log.
   * Default `false`: their provider refuses them.
   */
  readonly successors?: boolean | undefined
}
