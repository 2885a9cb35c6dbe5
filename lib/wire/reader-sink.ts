import type { ReadFailure } from './read-failure.ts'

/** Texts that pass without a look at all of them: base64 between one of `prefixes` and `suffix`. */
export interface Skim {
  readonly prefixes: readonly Buffer[]
  readonly suffix: Buffer
}

/** Who a reader reads for. Every call may stop the reader, or make it wait. */
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
   * A whole message is there. `undefined`: it passes, as the frames it came in. Otherwise it is taken out, see `take`.
   * @param live whether `payload` is the very bytes that will be forwarded, so that what is written into it goes along
   */
  judge (payload: Buffer, binary: boolean, live: boolean): Verdict | undefined
  /** What `judge` has said of a message, after all before it has been passed to `forward`. */
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
