import type { Answer, DialectContext } from '../../../../types/index.ts'

/** `event_id` of the cancellation that makes room for the answer to a commit. The client never hears of it. */
export const cancelId = 'gateway_cancel_for_commit'

/** `event_id` of the request for the answer to a commit, which the client has not sent. */
const responseId = 'gateway_response_for_commit'

/** A `session.update` that the provider has not answered. */
export interface PendingUpdate {
  /** The `event_id` by which an error names it. */
  readonly id: string
  /** The client gave it no `event_id`, so an error names none. */
  readonly unnamed: boolean
  /** Whether it switches turn detection off; `undefined`: it says nothing of it. */
  readonly manual: boolean | undefined
  /** The gateway sent it, so the client does not hear the answer. */
  readonly hidden: boolean
}

/** What is remembered of the session of a client that speaks xAI's dialect. */
export interface XaiClientState {
  readonly context: DialectContext
  /** Those that the provider has not answered, in the order in which it does. */
  updates: readonly PendingUpdate[]
  /** Counts the updates that the client gave no id. */
  unnamed: number
  /** The provider has been told xAI's default before the client's first event. */
  opened: boolean
  /** The provider has accepted an update that sets turn detection. */
  settled: boolean
  /** Turn detection is off, as far as the provider has confirmed. For xAI's clients it is off from the start. */
  manual: boolean
  /** The voice that the client asked for, by its own name and by OpenAI's. */
  voice: { readonly asked: string, readonly sent: string } | undefined
  /**
   * Whether the client gets transcripts before they are final: xAI sends these to clients that have named a transcription model (its machine
   * schema). `undefined`: the client has said nothing of transcription.
   */
  snapshots: boolean | undefined
  /** Commits that the provider has not accepted yet. Each asks for a response. */
  commits: number
  /** Responses that have begun and not ended. */
  running: number
  /** The provider has been asked for a response that has not begun. */
  asked: boolean
  /** A response is to be asked for as soon as none is running. */
  due: boolean
  /** The transcripts so far, by item and content part. */
  readonly transcripts: Map<string, string>
}

// A client may send a few updates without waiting for an answer. A bound, for a provider that never answers.
const maxUpdates = 16

export function startXaiClient (context: DialectContext): XaiClientState {
  return { context, updates: [], unnamed: 0, opened: false, settled: context.attached === true, manual: true, voice: undefined, snapshots: undefined, commits: 0, running: 0, asked: false, due: false, transcripts: new Map() }
}

export function sentUpdate (state: XaiClientState, update: PendingUpdate): void {
  state.updates = [...state.updates, update].slice(-maxUpdates)
}

/**
 * The provider has accepted an update: the oldest, because it answers in order.
 * @param manual whether voice detection is off now, as the provider says
 */
export function acceptedUpdate (state: XaiClientState, manual: boolean): PendingUpdate | undefined {
  const [update, ...others] = state.updates
  state.updates = others
  state.manual = manual
  if (update?.manual !== undefined) state.settled = true
  return update
}

/**
 * The provider has refused an event. Where that is an update, nothing of it applies.
 * @param id of the event
 */
export function refusedUpdate (state: XaiClientState, id: string): PendingUpdate | undefined {
  const update = state.updates.find(update => update.id === id)
  state.updates = state.updates.filter(other => other !== update)
  return update
}

/** Whether the client says itself when its turn is over. */
export function isManual (state: XaiClientState): boolean {
  return state.updates.findLast(({ manual }) => manual !== undefined)?.manual ?? state.manual
}

/** Asks for the answer to a commit. */
export function askForResponse (state: XaiClientState): Answer {
  state.asked = true
  state.due = false
  return { answer: { type: 'response.create', event_id: responseId } }
}

/**
 * The provider has refused an event.
 * @param id of the event; an error without one may be about anything
 * @returns whether it was the request for the answer to a commit
 */
export function refusedResponse (state: XaiClientState, id: unknown): boolean {
  const ours = id === responseId
  if (ours || typeof id !== 'string') state.asked = false
  return ours
}
