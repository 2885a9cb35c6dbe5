import type { Leg } from '../wire/leg.ts'

export interface PumpLimits {
  readonly highWaterMark: number
}

/**
 * Why a source is not read. `backlog`: too much waits for its sink. `answers`: the source itself does not read what it is answered.
 * `stage`: a stage has not decided yet. `pace`: it has sent more than its share.
 */
type Hold = 'backlog' | 'answers' | 'stage' | 'pace'

/**
 * One direction of a session: what `source` received goes to `sink`. While more than the high-water mark waits for
 * the sink, the source is not read; TCP then slows the sender, and nothing piles up here.
 */
export class Pump {
  readonly #source: Leg
  readonly #sink: Leg
  readonly #highWaterMark: number
  readonly #holds = new Set<Hold>()
  #stalledAt: number | undefined

  constructor (source: Leg, sink: Leg, limits: PumpLimits) {
    this.#source = source
    this.#sink = sink
    this.#highWaterMark = limits.highWaterMark
  }

  /** Whether the frames of a client need other masks on their way to the sink. */
  get remasks (): boolean {
    return this.#sink.exposed
  }

  forward (frames: Buffer, now: () => number): void {
    this.#sink.write(frames)
    if (this.#sink.backlog > this.#highWaterMark && this.#stalledAt === undefined && this.#sink.writable) {
      this.#stalledAt = now()
      this.hold('backlog')
      this.#sink.awaitDrain()
    }
  }

  /** The source has read `chunk` to its end. */
  spent (chunk: Buffer): void {
    this.#sink.spend(chunk)
  }

  /** Sends a message of our own making, or one that was taken out. */
  send (payload: Buffer, now: () => number, binary = false): void {
    this.forward(this.#sink.frame(payload, binary), now)
  }

  /** The sink has caught up. */
  drained (): void {
    this.#stalledAt = undefined
    this.release('backlog')
  }

  /** The source is not read until every hold is released. */
  hold (why: Hold): void {
    this.#holds.add(why)
    this.#source.pause()
  }

  release (why: Hold): void {
    if (this.#holds.delete(why) && this.#holds.size === 0) this.#source.resume()
  }

  /** The source has another sink from now on: nothing of this pump may keep it from being read. */
  abandon (): void {
    this.#stalledAt = undefined
    if (this.#holds.size === 0) return
    this.#holds.clear()
    this.#source.resume()
  }

  /** Whether what is sent still reaches the sink. */
  get writable (): boolean {
    return this.#sink.writable
  }

  /** When the sink stopped keeping up, on the clock given to `forward`; `undefined` while it does. */
  get stalledAt (): number | undefined {
    return this.#stalledAt
  }
}
