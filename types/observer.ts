import type { SessionInfo, SessionSummary } from './session.ts'
import type { Spent, Usage } from './usage.ts'

/** When something of a turn happened, in milliseconds since the session was opened. */
export interface TurnTimes {
  /** The user had stopped speaking (`speech_stopped`), or the client had asked (`response.create`), whichever was later. Absent: neither was seen. */
  readonly asked?: number | undefined
  /** `response.created` came. Absent: it was never seen. */
  readonly began?: number | undefined
  /** The first audio came. Absent: there was none. */
  readonly firstAudio?: number | undefined
  /** `response.done` came, or the session ended. */
  readonly ended: number
}

/** One response and what led to it; the argument of `onTurn`. */
export interface TurnInfo {
  /** `SessionInfo.id` */
  readonly session: string
  /** 1 for the first response of its session. */
  readonly number: number
  /** `Principal.id` of the session's owner. */
  readonly principal: string
  readonly keyHash?: string | undefined
  readonly team?: string | undefined
  /** Public model name that was asked for. */
  readonly model: string
  /** `Deployment.id` */
  readonly deployment: string
  /** The model in the provider's latest session object. Absent: it named none. */
  readonly servedModel?: string | undefined
  /** The provider's id of the response. */
  readonly responseId?: string | undefined
  /** `completed`, `cancelled`, `failed` or `incomplete`, as the provider said. Absent: the session ended before the response did. */
  readonly status?: string | undefined
  /** The provider's own `usage`, untouched: OpenAI's nested counts, or xAI's with `billable_audio_seconds`. */
  readonly usage?: unknown
  /**
   * What is billed, as the adapter reads it: the response, and what came beside it since the turn before (transcriptions of the input, items of
   * text of which xAI bills each).
   */
  readonly billed: readonly Usage[]
  /** What that costs, at the price of the model that served it. */
  readonly cost: Spent
  readonly times: TurnTimes
  /** Bytes of audio that were forwarded: of the client since the turn before, and of the provider in this response. */
  readonly audioBytes: { readonly client: number, readonly upstream: number }
}

/**
 * Hears of a session. One that throws, rejects or hangs disturbs neither the session nor the other observers: it is logged, and nobody
 * waits for it longer than a shutdown may take.
 */
export interface SessionObserver {
  /** The session is open. */
  opened? (session: SessionInfo): void | Promise<void>
  /** A response has ended, with whatever status; or the session, while it ran. */
  turn? (turn: TurnInfo): void | Promise<void>
  /** The session is over, and both legs are closed. `fastify.close()` waits for it. */
  closed? (summary: SessionSummary): void | Promise<void>
}
