import type { RealtimeEvent } from '../../../types/index.ts'
import type { Conversation, WireItem } from './conversation.ts'
import type { SoftError } from './errors.ts'
import type { SessionHost } from './session.ts'
import type { UsageMeter } from './usage.ts'
import type { XaiSettings } from './xai-session-object.ts'

/** What the parts of an xAI session share. */
export interface XaiContext {
  readonly host: SessionHost
  readonly settings: XaiSettings
  readonly conversation: Conversation
  readonly meter: UsageMeter
  readonly id: () => string
  /** Nearly every event of xAI carries `previous_item_id`; it is `null` unless `fields` says otherwise. */
  readonly emit: (type: string, fields: Readonly<Record<string, unknown>>) => void
  readonly refuse: (error: SoftError, event?: RealtimeEvent) => void
  /** An item as this model generation shows it. */
  readonly show: (item: WireItem) => WireItem
}
