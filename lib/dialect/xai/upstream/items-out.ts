import { GatewayError } from '../../../errors.ts'
import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext, RealtimeEvent, Translated } from '../../../../types/index.ts'
import { filled, findKept } from './kept.ts'
import { adjust, refuse } from './nearest.ts'
import type { XaiState } from './state.ts'
import { textOf } from './values.ts'

export function createItem (event: RealtimeEvent, { context }: XaiState): Translated {
  if (!isFields(event.item)) return event
  const item = itemOut(event.item, 'item.content', context)
  return item === event.item ? event : { ...event, item }
}

/**
 * An item as xAI reads it.
 * @param field the field that is told where an image is left out, because xAI takes none
 * @returns the same item where nothing changes
 */
export function itemOut (item: Fields, field: string, context: DialectContext): Fields {
  const { content, role } = item
  if (!Array.isArray(content)) return item
  const seen = content.filter(part => !isFields(part) || part.type !== 'input_image')
  if (seen.length < content.length) {
    if (seen.length === 0) refuse(field)
    adjust(context, field)
  }
  const parts = role === 'assistant' ? seen.map(spoken) : seen
  return parts.length === content.length && parts.every((part, i) => part === content[i]) ? item : { ...item, content: parts }
}

/** The assistant's spoken parts are sent as text. */
function spoken (part: unknown): unknown {
  if (!isFields(part)) return part
  if (part.type === 'text') return { ...part, type: 'output_text' }
  if (part.type !== 'output_audio' && part.type !== 'audio') return part
  return { type: 'output_text', text: textOf(part.transcript, '') }
}

/** xAI does not answer `conversation.item.retrieve`, so the gateway answers it from the items that it keeps. */
export function retrieveItem (event: RealtimeEvent, state: XaiState): Translated {
  const kept = findKept(state, event.item_id)
  if (kept?.item === undefined || !kept.whole) throw new GatewayError('item_retrieve_invalid_item_id', { param: 'item_id' })
  return { answer: { type: 'conversation.item.retrieved', event_id: `event_retrieved_${++state.answers}`, item: filled(kept.item, kept, state.context) } }
}

export function clearOutput (): never {
  throw new GatewayError('unsupported_feature', { param: 'type', message: 'xAI keeps no output audio that could be cleared.' })
}
