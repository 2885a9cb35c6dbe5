import type { LegMessages } from './leg-events.ts'
import type { ReadFailure } from './read-failure.ts'
import type { ReaderSink, Skim } from './reader-sink.ts'

/**
 * What a leg's reader reads for: the messages go on, the rest is the leg's own. A class, because object literals with getters have a
 * hidden class each, and every look at one of many is then a search.
 */
export class LegSink<Verdict> implements ReaderSink<Verdict> {
  /** Messages that came. */
  count = 0
  readonly control: (opcode: number, payload: Buffer) => void
  readonly fail: (failure: ReadFailure) => void
  readonly #messages: LegMessages<Verdict>

  constructor (messages: LegMessages<Verdict>, control: (opcode: number, payload: Buffer) => void, fail: (failure: ReadFailure) => void) {
    this.#messages = messages
    this.control = control
    this.fail = fail
  }

  // What is looked at may change while the session lives.
  get inspects (): boolean {
    return this.#messages.inspects
  }

  get inspectsBinary (): boolean {
    return this.#messages.inspectsBinary === true
  }

  get skim (): Skim | undefined {
    return this.#messages.skim
  }

  get remasks (): boolean {
    return this.#messages.remasks === true
  }

  judge (payload: Buffer, binary: boolean, live: boolean): Verdict | undefined {
    return this.#messages.judge(payload, binary, live)
  }

  take (verdict: Verdict): void {
    this.count++
    this.#messages.take(verdict)
  }

  forward (frames: Buffer, messages: number, skimmed: number): void {
    this.count += messages
    this.#messages.forward(frames, messages, skimmed)
  }
}
