import type { Leg } from '../wire/leg.ts'

export interface PumpLimits {
  readonly highWaterMark: number
}

/**
 * One direction of a session: what `source` received goes to `sink`. While more than the high-water mark waits for
 * the sink, the source is not read; TCP then slows the sender, and nothing piles up here.
 */
export class Pump {
  readonly #source: Leg
  readonly #sink: Leg
  readonly #highWaterMark: number
  #stalledAt: number | undefined
  #held = false

  constructor (source: Leg, sink: Leg, limits: PumpLimits) {
    this.#source = source
    this.#sink = sink
    this.#highWaterMark = limits.highWaterMark
  }

  forward (frames: Buffer, now: () => number): void {
    this.#sink.write(frames)
    if (this.#sink.backlog > this.#highWaterMark && this.#stalledAt === undefined && this.#sink.writable) {
      this.#stalledAt = now()
      this.#source.pause()
      this.#sink.awaitDrain()
    }
  }

  /** Sends a text message of our own making. */
  send (text: Buffer, now: () => number): void {
    this.forward(this.#sink.frame(text), now)
  }

  /** The sink has caught up. */
  drained (): void {
    this.#stalledAt = undefined
    this.#resume()
  }

  /** The source is not read until `release`, however much the sink takes. */
  hold (): void {
    this.#held = true
    this.#source.pause()
  }

  release (): void {
    if (!this.#held) return
    this.#held = false
    this.#resume()
  }

  #resume (): void {
    if (!this.#held && this.#stalledAt === undefined) this.#source.resume()
  }

  /** When the sink stopped keeping up, on the clock given to `forward`; `undefined` while it does. */
  get stalledAt (): number | undefined {
    return this.#stalledAt
  }
}
