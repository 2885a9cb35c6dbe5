import { isFields } from '../../fields.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { itemDone, itemIn } from './items.ts'
import { filled, findKept, keptOf, remember, settle } from './kept.ts'
import { isRead, positioned } from './parts.ts'
import type { XaiState } from './state.ts'
import { nameOf, numberOf } from './values.ts'

/** An item of a response. From here on its position in the response is known. */
export function addOutput (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.item)) return positioned(event, state)
  const item = itemIn(event.item, isRead(event, state))
  const id = nameOf(item.id)
  const response = nameOf(event.response_id)
  const running = state.running.get(response ?? '')
  if (id === undefined || running === undefined) return { ...event, output_index: numberOf(event.output_index, 0), item }
  const kept = keptOf(state, id)
  if (kept.index === undefined) {
    kept.index = running.items++
    kept.response = response
    kept.growing = true
    if (kept.index > 0 && item.type === 'message') running.shifted = true
  }
  remember(kept, item)
  return { ...event, output_index: kept.index, item }
}

/** With this event the item is done in the conversation too. */
export function endOutput (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.item)) return positioned(event, state)
  const kept = findKept(state, event.item.id)
  const item = itemIn(filled(event.item, kept, state.context), isRead(event, state))
  const ended = { ...event, output_index: kept?.index ?? numberOf(event.output_index, 0), item }
  if (kept === undefined) return ended
  const { open } = kept
  settle(kept, item, 'running')
  return open ? [itemDone(event, kept, item), ended] : ended
}
