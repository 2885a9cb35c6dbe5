import type { ReadFailure } from './read-failure.ts'
import type { ReaderLimits } from './reader.ts'
import type { ReaderSink } from './reader-sink.ts'

/** Where the messages of a leg go. */
export interface LegMessages<Verdict> extends Omit<ReaderSink<Verdict>, 'control' | 'fail'> {
  /** So many bytes have come, and are read next. Default: nobody counts them. */
  came? (bytes: number): void
  /** A chunk was read to its end, and is needed no longer than what was forwarded of it waits for the other leg's peer. Default: it is left to the garbage collector. */
  spent? (chunk: Buffer): void
}

/** What a leg tells its session. `ended` comes once, and `gone` once after it. */
export interface LegEvents {
  /** A ping or a pong came. */
  control (): void
  /** What waited for the peer has shrunk below the low-water mark. */
  drained (): void
  /** The peer closed (1005: without a code), vanished (1006), or broke a rule (`failure`, of which `reject` tells it). */
  ended (code: number, reason: string, failure?: ReadFailure): void
  /** The socket is closed and nothing of the leg is left. */
  gone (): void
}

export interface LegLimits extends ReaderLimits {
  readonly lowWaterMark: number
}
