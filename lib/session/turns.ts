import { parseJson } from '../wire/json/parse.ts'

// Both shapes of the protocol: GA and beta.
const audioEvents: readonly string[] = ['response.output_audio.delta', 'response.audio.delta']

/** The events by which a session's responses are followed. */
export const turnEvents = ['response.created', 'response.done', ...audioEvents] as const

/** A response of which nothing comes for so long is unresponsive, in milliseconds. */
const muteAfter = 10_000

export interface TurnEvents {
  /** The first audio of a response came so many milliseconds after the response began. */
  onFirstAudio? (ms: number): void
  /** A response ended; so many tokens were used for it, as far as the upstream says. */
  onTurn? (tokens: number | undefined): void
}

/** Follows the responses of a session by the events that the upstream sends. */
export class Turns {
  readonly #events: TurnEvents
  readonly #now: () => number
  #running = 0
  #finished = 0
  /** When the response began whose first audio has not come; `undefined` when none is waited for. */
  #begunAt: number | undefined
  #heardAt = 0

  constructor (events: TurnEvents, now: () => number) {
    this.#events = events
    this.#now = now
  }

  /** Responses that have begun and not ended. */
  get running (): number {
    return this.#running
  }

  /** Responses that have ended. */
  get finished (): number {
    return this.#finished
  }

  /**
   * Looks at a message of the upstream.
   * @param type its type, where it is one of `turnEvents`
   */
  see (type: string | undefined, text: Buffer): void {
    if (this.#running > 0) this.#heardAt = this.#now()
    if (type === 'response.created') {
      this.#running++
      this.#begunAt = this.#heardAt = this.#now()
    } else if (type === 'response.done') {
      this.#finished++
      if (this.#running > 0) this.#running--
      this.#begunAt = undefined
      this.#events.onTurn?.(tokensIn(text))
    } else if (this.#begunAt !== undefined && type !== undefined && audioEvents.includes(type)) {
      const ms = this.#now() - this.#begunAt
      this.#begunAt = undefined
      this.#events.onFirstAudio?.(ms)
    }
  }

  /** Whether a response is running of which nothing has come for long. */
  get unresponsive (): boolean {
    return this.#running > 0 && this.#now() - this.#heardAt >= muteAfter
  }
}

/** `usage.total_tokens` of a `response.done`: in the response (OpenAI), or beside it (xAI, whose inner usage is empty). */
function tokensIn (text: Buffer): number | undefined {
  try {
    const event = parseJson(text.toString()) as { usage?: { total_tokens?: unknown }, response?: { usage?: { total_tokens?: unknown } } }
    const tokens = event.response?.usage?.total_tokens ?? event.usage?.total_tokens
    return typeof tokens === 'number' && tokens >= 0 && tokens <= Number.MAX_SAFE_INTEGER ? tokens : undefined
  } catch {
    return undefined
  }
}
