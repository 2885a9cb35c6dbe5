import type { RealtimeEvent } from './events.ts'

/**
 * The shapes of the Realtime protocol that the gateway translates itself: `openai` (the GA shape, which all others are translated
 * through), `beta` (what OpenAI spoke until May 2026, and Azure's preview endpoints still do) and `xai`.
 */
export type DialectName = 'openai' | 'beta' | 'xai'

/** An event that goes back to where the translated one came from. */
export interface Answer {
  readonly answer: RealtimeEvent
}

/** What becomes of one event: what goes on in its place, and what goes back, in order. `undefined` or an empty list: it is dropped. */
export type Translated = RealtimeEvent | Answer | ReadonlyArray<RealtimeEvent | Answer> | undefined

/**
 * Event types, and what becomes of them. A text gives the event another type; nothing else of it is touched, or even parsed. A
 * function is called with each event of the type, which it must not change. A type that is not in the table passes as it came.
 *
 * A client event that a function refuses is answered with the `GatewayError` that it throws, and goes no further.
 */
export type EventTable<State> = Readonly<Record<string, string | EventFunction<State>>>

// Written as a method, so that a dialect with a state of its own is a `Dialect` wherever the state is nobody's business.
export type EventFunction<State> = { translate (event: RealtimeEvent, state: State): Translated }['translate']

/**
 * How one side's shape of the protocol is said in OpenAI's GA shape, and back. A dialect of a provider translates the client's events
 * from GA and the provider's to GA; a dialect of a client the other way round. Pure: no I/O, no clock; all it remembers of a session
 * is in its state, which must stay small however long the session.
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
   * Whether events of a type that a table names pass as they came for now, so that nothing of them is read. Default: never.
   */
  passes? (type: string, state: State): boolean
  /**
   * What the provider must hear before the client's first event, asked with the type of each event of the client (where the table
   * names it) until it gives a list. Default: nothing.
   */
  opening? (type: string | undefined, state: State): readonly RealtimeEvent[] | undefined
}

/** What a dialect may know of a session. */
export interface DialectContext {
  /** Refuse what has no equal on the other side, instead of saying what comes nearest. */
  readonly strict: boolean
  /** Voices by the client's name for them. */
  readonly voices: Readonly<Record<string, string>>
  /** The session was there before the client: it has attached to a call (`call_id`), whose settings are others' to make. Default `false`. */
  readonly attached?: boolean | undefined
  /** The client has asked to go on with an older conversation (xAI's `conversation_id` in the URL). Default `false`. */
  readonly resumes?: boolean | undefined
  /**
   * Told the field of an event that does not arrive as it was sent.
   * @param why default `nearest`
   */
  adjusted (field: string, why?: Adjustment): void
}

/**
 * Why a field is told: it was changed to what comes nearest, or left out, as the other side has no equal (`nearest`); it passes, though
 * nobody knows whether the other side has what it names (`unknown`); or it is left out, as it is too long to be kept (`too_long`).
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
   * What happens to a matter of taste that the provider has no equal for (`semantic_vad` on xAI): `false` says what comes nearest, `true`
   * answers the client's event with the error `unsupported_feature` naming the field. Rights, approvals, limits and privacy that the
   * provider does not keep are refused so in any case. Default `false`.
   */
  readonly strict?: boolean | undefined
  /** What xAI speaks with where a client asks for one of OpenAI's voices (`{ marin: 'eve' }`), over the built-in table. A name in neither passes. */
  readonly xaiVoices?: Readonly<Record<string, string>> | undefined
  /** What OpenAI speaks with where a client asks for one of xAI's voices, over the built-in table. A name in neither passes. */
  readonly openaiVoices?: Readonly<Record<string, string>> | undefined
  /**
   * Serves models that OpenAI has retired (`gpt-4o-realtime-preview`) by the successors that the catalogue names, with a warning in the log.
   * Default `false`: their provider refuses them.
   */
  readonly successors?: boolean | undefined
}
