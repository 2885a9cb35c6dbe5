import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../errors.ts'
import { decodedBytes } from '../../wire/json/base64.ts'
import { isDense } from '../../wire/json/parse.ts'
import { createMatch, createPeek, renamePeeked } from '../../wire/json/peek.ts'
import type { Peek } from '../../wire/json/peek.ts'
import { parseEvent } from '../../wire/json/event.ts'
import type { RealtimeEvent, Replacement, Stage, StageMessage } from '../../../types/index.ts'

/** What is sent in place of a message, and how the session ends with it. */
export interface Replaced {
  readonly onward: readonly Buffer[]
  readonly back: readonly Buffer[]
  readonly end?: Replacement['end']
}

/** What becomes of a message that does not pass as it came: it is replaced, or was read and is not UTF-8. */
export type Outcome = Replaced | { readonly failure: 'invalid_utf8' }

/** A stage takes its time. `undefined` behind it: the message passes, as `payload` has it. */
export interface Waiting {
  readonly waits: Promise<Outcome | undefined>
  readonly payload: Buffer
  readonly binary: boolean
}

export type Verdict = Outcome | Waiting

/** The stages of one direction, in their order. */
export interface Pipeline {
  /** Whether any stage wants texts. Where none does, the direction is forwarded unread. */
  readonly inspects: boolean
  readonly inspectsBinary: boolean
  /** Whether every stage may be spared a client's audio. */
  readonly skims: boolean
  /**
   * Shows a message to the stages that want it.
   * @param live whether `payload` is the very bytes that will be forwarded
   * @returns `undefined` where it passes
   */
  judge (payload: Buffer, binary: boolean, live: boolean): Verdict | undefined
  /** A stage wants other types than before. */
  refresh (): void
}

/** What stages want, made ready to be looked up. */
interface Plan {
  readonly peek: Peek
  /** For each type, which of the stages want it. */
  readonly wanted: ReadonlyMap<string | undefined, readonly boolean[]>
}

// Sessions share what is the same for all: it is made once, and stays in the processor's cache. Types come from stages, never from a peer.
const plans = new Map<string, Plan>()

function planOf (stages: readonly Stage[]): Plan {
  const lists = stages.map(({ types }) => types)
  const key = lists.join('|')
  let plan = plans.get(key)
  if (plan === undefined) {
    const names = new Set(lists.flat())
    plan = { peek: createPeek(names), wanted: new Map(Array.from(names, name => [name, lists.map(types => types.includes(name))])) }
    plans.set(key, plan)
  }
  return plan
}

/** @param mostValues fields and values that an event may hold. One that holds more, and that a stage wants to read, is dropped, and its sender told. */
export function createPipeline (stages: readonly Stage[], mostValues = Infinity): Pipeline {
  const message = new Message(mostValues)
  let plan: Plan
  let others: readonly boolean[] = []
  // Plain fields: an object literal with getters has a hidden class of its own, and every look at one of many is then a search.
  const pipeline = {
    inspects: false,
    inspectsBinary: false,
    skims: false,
    judge: (payload: Buffer, binary: boolean, live: boolean) => run(payload, binary, live, 0),
    refresh
  }

  function refresh (): void {
    plan = planOf(stages)
    others = stages.map(({ others }) => others === true)
    pipeline.inspects = plan.wanted.size > 0 || others.includes(true)
    pipeline.inspectsBinary = stages.some(({ binary }) => binary)
    pipeline.skims = stages.every(({ skims }) => skims)
  }
  refresh()

  /** @param from the first stage to ask */
  function run (payload: Buffer, binary: boolean, live: boolean, from: number): Verdict | undefined {
    message.take(payload, binary, live, plan.peek)
    for (let i = from; i < stages.length; i++) {
      const stage = stages[i]!
      if (binary ? stage.binary !== true : plan.wanted.get(message.type)?.[i] !== true && !others[i]) continue
      const result = stage.handle(message)
      // UTF-8 is checked only in a message that is read. In all others the far end does it.
      if (message.invalid) {
        if (result instanceof Promise) unheard(result)
        return { failure: 'invalid_utf8' }
      }
      if (message.complex) {
        if (result instanceof Promise) unheard(result)
        return { onward: [], back: [Buffer.from(JSON.stringify(new GatewayError('event_too_complex').toEvent()))] }
      }
      if (result === undefined) continue
      if (!(result instanceof Promise)) return spread(result, i + 1)
      // `payload` lies in memory that the next message takes over, so what a stage waits with is copied.
      const copy = Buffer.from(payload)
      return { waits: unheard(result.then(late => settle(late === undefined ? run(copy, binary, true, i + 1) : spread(late, i + 1)))), payload: copy, binary }
    }
    return undefined
  }

  /** Sends what a stage has made of a message through the stages behind it. */
  function spread ({ onward, back = [], end }: Replacement, from: number): Verdict {
    if (from === stages.length || onward.length === 0 || end !== undefined) return { onward, back, end }
    let sent: Replaced = { onward: [], back }
    for (const [i, payload] of onward.entries()) {
      // `live` is false: the stage may send the same buffer again, so nothing may be written into it.
      const verdict = run(payload, false, false, from) ?? { onward: [payload], back: [] }
      if ('waits' in verdict) {
        return { payload, binary: false, waits: unheard(spreadLate(sent, verdict, { onward: onward.slice(i + 1) }, from)) }
      }
      if ('failure' in verdict) return verdict
      sent = joined(sent, verdict)
      if (sent.end !== undefined) return sent
    }
    return sent
  }

  async function spreadLate (before: Replaced, { waits, payload }: Waiting, rest: Replacement, from: number): Promise<Outcome> {
    const outcome = await waits ?? { onward: [payload], back: [] }
    if ('failure' in outcome) return outcome
    const sent = joined(before, outcome)
    if (sent.end !== undefined) return sent
    const behind = await settle(spread(rest, from)) ?? { onward: rest.onward, back: [] }
    return 'failure' in behind ? behind : joined(sent, behind)
  }

  return pipeline
}

/** The session may end before the promise does. If it then rejects, that must not be an unhandled rejection, which ends the process. */
function unheard<T> (promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

async function settle (verdict: Verdict | undefined): Promise<Outcome | undefined> {
  return verdict !== undefined && 'waits' in verdict ? await verdict.waits : verdict
}

function joined (first: Replaced, { onward, back, end }: Replaced): Replaced {
  return { onward: [...first.onward, ...onward], back: [...first.back, ...back], end }
}

/** The message that the stages see. One object serves all messages of a direction, so that none is allocated for each. */
class Message implements StageMessage {
  type: string | undefined
  binary = false
  payload: Buffer = Buffer.alloc(0)
  /** Whether it was to be read, and holds too much for that. */
  complex = false
  readonly #match = createMatch()
  readonly #mostValues: number
  #live = false
  #event: RealtimeEvent | undefined
  #read = false
  #isText: boolean | undefined

  constructor (mostValues: number) {
    this.#mostValues = mostValues
  }

  take (payload: Buffer, binary: boolean, live: boolean, peek: Peek): void {
    this.payload = payload
    this.binary = binary
    this.#read = this.complex = false
    this.#event = this.#isText = undefined
    this.#live = live
    this.type = peek(payload, this.#match)
  }

  get audioBytes (): number {
    return decodedBytes(this.payload, this.#match.longestStart, this.#match.longestEnd)
  }

  isText (): boolean {
    this.#isText ??= isUtf8(this.payload)
    return this.#isText
  }

  get invalid (): boolean {
    return this.#isText === false
  }

  event (): RealtimeEvent | undefined {
    if (!this.#read) {
      this.#read = true
      const text = this.isText() ? this.payload.toString() : undefined
      this.complex = text !== undefined && isDense(text, this.#mostValues)
      this.#event = text === undefined || this.complex ? undefined : parseEvent(text)
    }
    return this.#event
  }

  rename (type: string): boolean {
    if (!this.#live || !renamePeeked(this.payload, this.#match, type)) return false
    this.type = type
    // The new type is shorter.
    this.#match.end = this.#match.start + type.length
    this.#event = undefined
    this.#read = false
    return true
  }
}
