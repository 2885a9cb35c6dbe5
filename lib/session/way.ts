import { GatewayError } from '../errors.ts'
import type { Leg } from '../wire/leg.ts'
import type { HeldBytes } from '../wire/held-bytes.ts'
import type { LegMessages } from '../wire/leg-events.ts'
import type { Skim } from '../wire/reader-sink.ts'
import type { Outcome, Pipeline, Verdict, Waiting } from './pipeline/pipeline.ts'
import { Pace } from './pace.ts'
import type { PaceLimits } from './pace.ts'
import type { Pump } from './pump.ts'
import type { SessionError } from '../../types/index.ts'

/** Longest time in milliseconds that the stages may take for one message. */
const longestWait = 30_000

// How clients send audio: the usual SDKs, with and without a space behind the colon, as JavaScript and Python write JSON.
const usualAudio: Skim = {
  prefixes: [Buffer.from('{"type":"input_audio_buffer.append","audio":"'), Buffer.from('{"type": "input_audio_buffer.append", "audio": "')],
  suffix: Buffer.from('"}')
}

// A smaller message costs nothing that could be told from the clock's own cost.
const costlyBytes = 1_024
/** Milliseconds that a message may take without a rest for its sender. */
const freeOfCost = 1

/** Who decides about a direction of a session. */
interface WayOwner {
  /** Whether what has come still goes on. `at`: the time on the session's clock. */
  admits (messages: number, at: number): boolean
  /** Whether the source may be answered. */
  mayAnswer (): boolean
  /** A message has passed or was dropped: a session that waits for the end of a response looks again. */
  passed (): void
  /** Audio has gone on unread, in decoded bytes. */
  skimmed (bytes: number): void
  fail (error: SessionError, closeCode?: number): void
  /** Whether the source rests after messages that took long. */
  readonly restsAfterCost: boolean
}

/** The legs at the ends of a way. */
interface WayEnds {
  readonly source: Leg<Verdict>
  /** From the source to the sink. */
  readonly on: Pump
  /** From the sink to the source: what answers the source goes through it. */
  readonly returning: Pump
  readonly pipeline: Pipeline
}

/** One direction of a session: what its source receives passes the stages and goes on to the sink. */
export class Way implements LegMessages<Verdict> {
  /** When the last message went on. */
  activeAt: number
  readonly #owner: WayOwner
  readonly #now: () => number
  readonly #held: HeldBytes | undefined
  readonly #pace: Pace
  #ends: WayEnds | undefined
  /** Whether it was joined to others since the last chunk. */
  #moved = false
  #waiting: { readonly timer: NodeJS.Timeout, readonly bytes: number, readonly ends: WayEnds } | undefined

  constructor (owner: WayOwner, limits: PaceLimits, now: () => number, held?: HeldBytes) {
    this.#owner = owner
    this.#now = now
    this.#held = held
    this.#pace = new Pace(limits, now, { hold: () => this.#ends!.on.hold('pace'), release: () => this.#ends!.on.release('pace') })
    this.activeAt = now()
  }

  /** Called before anything is read, and again where the upstream is replaced. */
  join (ends: WayEnds): void {
    this.#moved = this.#ends !== undefined
    this.#ends = ends
  }

  get inspects (): boolean {
    return this.#ends!.pipeline.inspects
  }

  get inspectsBinary (): boolean {
    return this.#ends!.pipeline.inspectsBinary
  }

  /** Whether a stage has not decided about a message yet. */
  get waits (): boolean {
    return this.#waiting !== undefined
  }

  get skim (): Skim | undefined {
    return this.#ends!.pipeline.skims ? usualAudio : undefined
  }

  get remasks (): boolean {
    return this.#ends!.on.remasks
  }

  judge (payload: Buffer, binary: boolean, live: boolean): Verdict | undefined {
    const timed = this.#owner.restsAfterCost && payload.length >= costlyBytes
    const before = timed ? this.#now() : 0
    try {
      return this.#ends!.pipeline.judge(payload, binary, live)
    } catch (cause) {
      return broken(cause)
    } finally {
      const cost = timed ? this.#now() - before : 0
      if (cost > freeOfCost) this.#pace.cost(cost)
    }
  }

  came (bytes: number): void {
    this.#pace.came(bytes)
  }

  take (verdict: Verdict): void {
    if (!this.#owner.admits(1, this.#now())) return
    if (!('waits' in verdict)) this.#settle(verdict)
    else if (this.#ends!.on.writable) this.#wait(verdict)
    // The sink is gone: the stage's decision is for nobody.
    else this.#owner.passed()
  }

  forward (frames: Buffer, messages: number, skimmed: number): void {
    const at = this.#now()
    if (!this.#owner.admits(messages, at)) return
    if (skimmed > 0) this.#owner.skimmed(skimmed)
    this.activeAt = at
    this.#ends!.on.forward(frames, this.#now)
    this.#owner.passed()
  }

  spent (chunk: Buffer): void {
    // The first part of it may wait for the sink before.
    if (!this.#moved) this.#ends!.on.spent(chunk)
    this.#moved = false
  }

  /** The session ends, and no stage is waited for any more: what it has not decided is dropped, so that the source's end is seen. */
  stop (): void {
    this.#pace.stop()
    if (this.#waiting === undefined) return
    this.#decided()
  }

  #decided (): void {
    const { on, source } = this.#forget()
    on.release('stage')
    source.proceed()
  }

  /** Nothing is waited for any more. */
  #forget (): WayEnds {
    const { timer, bytes, ends } = this.#waiting!
    this.#waiting = undefined
    clearTimeout(timer)
    this.#held?.add(-bytes)
    return ends
  }

  /** Nothing of the source is read until the stages have decided, so that order is kept and nothing piles up. */
  #wait ({ waits, payload, binary }: Waiting): void {
    const ends = this.#ends!
    const bytes = payload.length
    const timer = setTimeout(() => this.#owner.fail(new GatewayError('internal_error')), longestWait)
    const waiting = this.#waiting = { timer, bytes, ends }
    ends.source.wait()
    ends.on.hold('stage')
    const decide = (outcome: Outcome | undefined): void => {
      // The session may have ended meanwhile.
      if (this.#waiting !== waiting) return
      // Where the upstream was replaced meanwhile, the stages of the new one decide.
      const verdict = this.#ends === ends ? outcome : this.judge(payload, binary, false)
      if (verdict !== undefined && 'waits' in verdict) {
        this.#forget()
        ends.on.release('stage')
        this.#wait(verdict)
        return
      }
      if (this.#owner.admits(0, this.#now())) this.#settle(verdict ?? { onward: [payload], back: [] }, binary && verdict === undefined)
      if (this.#waiting === waiting) this.#decided()
    }
    waits.then(decide, (cause: unknown) => decide(broken(cause)))
    this.#held?.add(bytes)
  }

  #settle (outcome: Outcome, binary = false): void {
    const { source, on, returning } = this.#ends!
    if ('failure' in outcome) {
      source.fail(outcome.failure)
      return
    }
    const { onward, back, end } = outcome
    // A message of which nothing goes on does not count as activity.
    if (onward.length > 0) this.activeAt = this.#now()
    for (const payload of onward) on.send(payload, this.#now, binary)
    if (back.length > 0 && this.#owner.mayAnswer()) {
      for (const payload of back) returning.send(payload, this.#now)
      // A source that does not read its answers is not read either: each message of its could bring another answer.
      if (returning.stalledAt !== undefined) on.hold('answers')
    }
    if (end !== undefined) this.#owner.fail(end.error, end.closeCode)
    this.#owner.passed()
  }
}

/** A stage that throws or rejects ends its session: its decision is missing, and a guardrail that fails must not let anything pass. */
function broken (cause: unknown): Outcome {
  return { onward: [], back: [], end: { error: new GatewayError('internal_error', { cause }) } }
}
