import type { ReadFailure } from './read-failure.ts'

/** Texts of which only the beginning and the end are read: base64 between one of `prefixes` and `suffix`. */
export interface Skim {
  readonly prefixes: readonly Buffer[]
  readonly suffix: Buffer
}

/** What a reader tells. During every call the reader may be stopped, or told to wait. */
export interface ReaderSink<Verdict> {
  /** Whether `judge` wants to see text messages. Otherwise all pass, and none is unmasked. */
  readonly inspects: boolean
  /** The same for binary messages. Default `false`. */
  readonly inspectsBinary?: boolean
  /** Texts that `judge` need not see. Default: none. */
  readonly skim?: Skim | undefined
  /** Whether what a client masked is forwarded with masks that it does not know; they are written into the chunks that it came in. Default `false`. */
  readonly remasks?: boolean | undefined
  /**
   * A whole message is there. `undefined`: it passes, in the frames in which it came. Otherwise it does not pass, and `take` gets the verdict.
   * @param live whether `payload` is part of the bytes that will be forwarded, so that a change in it is forwarded too
   */
  judge (payload: Buffer, binary: boolean, live: boolean): Verdict | undefined
  /** The verdict of `judge` about a message. All messages before it have been passed to `forward` by then. */
  take (verdict: Verdict): void
  /**
   * Whole frames of `messages` messages that pass, as they came: masked by the peer if it is a client, unless `remasks`.
   * @param skimmed what the base64 of those among them that were skimmed stands for, in bytes
   */
  forward (frames: Buffer, messages: number, skimmed: number): void
  /** A ping, pong or close frame, unmasked. It may lie in a shared buffer: copy what is kept. */
  control (opcode: number, payload: Buffer): void
  /** The peer broke a rule. The reader has stopped. */
  fail (failure: ReadFailure): void
}
