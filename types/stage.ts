import type { RealtimeEvent, SessionError } from './events.ts'

/** A message on its way through the stages of one direction. Valid until `handle` returns; what is kept longer must be copied. */
export interface StageMessage {
  /** The event's type, where a stage of the direction wants it. `undefined`: another, which came because of `others` or `binary`. */
  readonly type: string | undefined
  readonly binary: boolean
  /** The payload as it came. It may lie in memory that the next message takes over. */
  readonly payload: Buffer
  /** Decoded size in bytes of the longest text among the event's own fields: in an event that carries audio, the audio. */
  readonly audioBytes: number
  /**
   * The event, read once for all stages, which must not change it. It may be kept.
   * @returns `undefined` where the payload is not the JSON of an object with a `type`
   */
  event (): RealtimeEvent | undefined
  /**
   * Whether the payload is UTF-8; `event` asks so itself. A message that is read and is not ends the session of its sender with 1007,
   * whatever the stage says.
   */
  isText (): boolean
  /**
   * Gives the event another type in its very bytes, which then pass on.
   * @returns `false` where that cannot be, because the new type is longer or the bytes are not those that will be forwarded. Nothing is
   * changed then, and the stage has to replace the event.
   */
  rename (type: string): boolean
}

/** What is sent in place of a message. */
export interface Replacement {
  /** To where it was going, in order, through the stages behind. Empty: the message is dropped. */
  readonly onward: readonly Buffer[]
  /** To where it came from. */
  readonly back?: readonly Buffer[] | undefined
  /** The session ends with this error. The client is closed with `closeCode`, by default the error's own. */
  readonly end?: { readonly error: SessionError, readonly closeCode?: number | undefined } | undefined
}

/** `undefined`: the message passes as it came (or as `rename` has left it). */
export type StageResult = Replacement | undefined

/** One step of a direction of a session. Stages are asked in order; what none of them asks for is forwarded unread. */
export interface Stage {
  /** The types of the events that it wants. They may change, and so may what follows; the pipeline is then told to `refresh`. */
  readonly types: readonly string[]
  /** It wants text messages of every other type too. Default `false`. */
  readonly others?: boolean | undefined
  /** It wants binary messages too; one that holds a wanted event has its type. Default `false`. */
  readonly binary?: boolean | undefined
  /**
   * It only takes note, and may be spared audio that a client sends in the usual shape, without a look at all of it. Where every stage of a
   * direction says so, such audio is forwarded unread. Default `false`.
   */
  readonly skims?: boolean | undefined
  /**
   * Says what becomes of a message. With a promise its direction waits, and nothing of it is read meanwhile, while the other direction
   * flows on; a stage that takes longer than the session's bound ends the session. A throw or rejection ends it too.
   */
  handle (message: StageMessage): StageResult | Promise<StageResult>
}
