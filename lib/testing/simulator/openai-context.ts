import type { RealtimeEvent } from '../../../types/index.ts'
import type { Conversation } from './conversation.ts'
import type { SoftError } from './errors.ts'
import type { OpenAiSessionObject } from './openai-session-object.ts'
import type { SessionHost } from './session.ts'
import type { UsageMeter } from './usage.ts'

/** What the parts of an OpenAI (or Azure OpenAI) session share. */
export interface OpenAiContext {
  readonly host: SessionHost
  readonly session: OpenAiSessionObject
  readonly conversation: Conversation
  readonly conversationId: string
  readonly meter: UsageMeter
  /** Azure shows `part` twice, sends no rate limits, and transcribes only with a deployment of its own. */
  readonly azure: boolean
  /** Attached to a call: its audio runs elsewhere, so there are no audio deltas. */
  readonly sideband: boolean
  /** A fresh id of the session's kind. */
  readonly id: (prefix: string) => string
  readonly emit: (type: string, fields: Readonly<Record<string, unknown>>) => void
  /** Answers a client event with an `error` event. */
  readonly refuse: (error: SoftError, event?: RealtimeEvent) => void
}
