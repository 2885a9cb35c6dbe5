import type { RealtimeEvent, SessionError } from './events.ts'

/** A message on its way through the stages of one direction. It is valid until `handle` returns; what is kept longer must be copied. */
export interface StageMessage {
  /** The event's type, where a stage of the direction wants it. `undefined`: any other, seen because of `others` or `binary`. */
  readonly type: string | undefined
  readonly binary: boolean
  /** The payload as it came. The next message may overwrite it. */
  readonly payload: Buffer
  /** Decoded size in bytes of the longest text among the event's own fields: in an event that carries audio, the audio. */
  readonly audioBytes: number
  /**
   * The event, read once for all stages, which must not change it. It may be kept.
   * @returns `undefined` where the payload is not the JSON of an object with a `type`
   */
  event (): RealtimeEvent | undefined
  /**
   * Whether the payload is UTF-8; `event` checks it too. A checked message that is not UTF-8 ends the session, whatever the stage decides: its
   * sender is closed with 1007, the other side with 1011.
   */
  isText (): boolean
  /**
   * Gives the event another type in its own bytes, which are then forwarded.
   * @returns `false` where that is not possible, because the new type is longer or the bytes are a copy. Nothing is changed then, and the stage
   * has to replace the event.
   */
  rename (type: string): boolean
}

/** What is sent in place of a message. */
export interface Replacement {
  /** What is sent on, in order, through the stages behind. Empty: the message is dropped. */
  readonly onward: readonly Buffer[]
  /** What goes back to the sender. */
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
  /** Whether it wants text messages of all other types too. Default `false`. */
  readonly others?: boolean | undefined
  /** Whether it wants binary messages too. One that holds a wanted event has its type. Default `false`. */
  readonly binary?: boolean | undefined
  /**
   * Whether it may be spared audio that a client sends in the usual spelling. Where every stage of a direction says `true`, such audio is
   * forwarded unread. Default `false`.
   */
  readonly skims?: boolean | undefined
  /**
   * Decides what becomes of a message. While a promise is pending, this direction is not read and the other one flows on. A stage that takes
   * longer than 30 seconds ends the session, and so does one that throws or rejects.
   */
  handle (message: StageMessage): StageResult | Promise<StageResult>
}
