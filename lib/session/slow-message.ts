/** Bytes that an unfinished message must bring in the time that the option gives it: 15 MiB over 1 Mbit/s bring a hundred times as much. */
const leastBytes = 16 * 1024

/** As much of a leg as is looked at. */
interface Sending {
  /** Bytes of the message that has not come whole yet. */
  readonly unfinished: number
  /** Messages that came whole. */
  readonly messagesIn: number
  /** Whether the peer is not read: then it is not its fault that nothing comes. */
  readonly paused: boolean
}

/** Finds a message that is held open, and is not being sent: it takes memory that others need. */
export class SlowMessage {
  #message = -1
  #bytes = 0
  #readFor = 0

  /**
   * @param step milliseconds since the last look, without those for which this process was suspended
   * @param patience how long, in milliseconds, a message may bring too little
   */
  check (leg: Sending, step: number, patience: number): boolean {
    const { unfinished, messagesIn } = leg
    if (unfinished === 0 || messagesIn !== this.#message || unfinished - this.#bytes >= leastBytes) {
      this.#message = messagesIn
      this.#bytes = unfinished
      this.#readFor = 0
      return false
    }
    if (!leg.paused) this.#readFor += step
    return this.#readFor >= patience
  }
}
