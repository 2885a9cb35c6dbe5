import { keep } from '../../bounded.ts'
import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { filled, findKept, keptOf, remember, setTranscript, speechOf } from './kept.ts'
import { most } from './state.ts'
import type { Kept, XaiState } from './state.ts'
import { nameOf, textOf } from './values.ts'

const assistantTypes = new Map<unknown, string>([['audio', 'output_audio'], ['text', 'output_text']])
const otherTypes = new Map<unknown, string>([['audio', 'input_audio'], ['text', 'input_text']])

/**
 * An item in GA's shape: only messages have a role, and the parts of their content names that say who they come from.
 * @param textOnly what was spoken is told as text
 * @returns the same item where nothing changes
 */
export function itemIn (said: Fields, textOnly: boolean): Fields {
  if (said.type !== 'message') {
    const { role, ...rest } = said
    return role === undefined ? said : rest
  }
  const parts: unknown = said.content
  if (!Array.isArray(parts)) return { ...said, content: [] }
  const types = said.role === 'assistant' ? assistantTypes : otherTypes
  const content = parts.map((part: unknown) => {
    if (!isFields(part)) return part
    const type = types.get(part.type) ?? part.type
    if (textOnly && type === 'output_audio') return { type: 'output_text', text: textOf(part.transcript, '') }
    // OpenAI knows of no transcript yet; an empty one would say that nothing was said.
    if (type === 'input_audio' && (part.transcript === undefined || part.transcript === '')) return { ...part, type, transcript: null }
    return type === part.type ? part : { ...part, type }
  })
  return content.every((part, i) => part === parts[i]) ? said : { ...said, content }
}

/**
 * The `conversation.item.done` that xAI does not send.
 * @param cause the event that tells the same
 * @param nth of those that one event tells
 */
export function itemDone (cause: RealtimeEvent, { id, previous }: Pick<Kept, 'id' | 'previous'>, item: Fields, nth = 0): RealtimeEvent {
  return { type: 'conversation.item.done', event_id: doneId(cause, id, nth), previous_item_id: previous, item }
}

/** The `event_id` of the n-th event of our own that says what another one tells. */
export function doneId (cause: RealtimeEvent, otherwise: string, nth: number): string {
  return `${nameOf(cause.event_id) ?? otherwise}_done${nth === 0 ? '' : `_${nth + 1}`}`
}

/** xAI says of some items twice that they are there, and of none that it is done. */
export function addItem (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.item)) return { ...event, type: 'conversation.item.added' }
  const id = nameOf(event.item.id)
  if (id !== undefined && state.announced.has(id)) return undefined
  const item = itemIn(event.item, false)
  // Of functions and of later turns xAI does not say what they come after.
  const previous = nameOf(event.previous_item_id) ?? state.last
  const growing = findKept(state, id)?.growing === true
  const grows = growing || (item.status === 'in_progress' && !(id !== undefined && state.speeches.get(id)?.committed === true))
  const added = { ...event, type: 'conversation.item.added', previous_item_id: previous, item }
  const last = grows || item.status !== 'in_progress' ? item : { ...item, status: 'completed' }
  if (id !== undefined) {
    keep(state.announced, id, true, most.announced)
    state.last = id
    const kept = keptOf(state, id)
    kept.previous = previous
    kept.open = grows
    remember(kept, last)
  }
  return grows ? added : [added, itemDone(event, { id: id ?? 'item', previous }, last)]
}

/** xAI has not said so until now. Where it does, the client does not hear again what it has heard already. */
export function endItem (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.item)) return event
  const kept = findKept(state, event.item.id)
  const id = nameOf(event.item.id)
  if (id !== undefined && state.announced.has(id) && kept?.open !== true) return undefined
  const textOnly = state.running.get(kept?.response ?? '')?.textOnly ?? false
  const item = itemIn(filled(event.item, kept, state.context), textOnly)
  if (kept !== undefined) {
    kept.open = false
    remember(kept, item)
  }
  return { ...event, previous_item_id: nameOf(event.previous_item_id) ?? kept?.previous ?? null, item }
}

/** With this, what the user said is done. */
export function commitItem (event: RealtimeEvent, state: XaiState): Translated {
  const id = nameOf(event.item_id)
  if (id === undefined) return event
  speechOf(state, id).committed = true
  const kept = state.items.get(id)
  const told = { ...event, previous_item_id: nameOf(event.previous_item_id) ?? (state.announced.has(id) ? kept?.previous ?? null : state.last) }
  if (kept?.item === undefined || !kept.open) return told
  const item = { ...kept.item, status: 'completed' }
  kept.open = false
  kept.item = item
  return [told, itemDone(event, kept, item)]
}

/** xAI says what the item is left with. */
export function truncateItem (event: RealtimeEvent, state: XaiState): Translated {
  setTranscript(findKept(state, event.item_id), event.content_index, event.transcript)
  return event
}

export function deleteItem (event: RealtimeEvent, state: XaiState): Translated {
  if (typeof event.item_id !== 'string') return event
  const previous = findKept(state, event.item_id)?.previous ?? null
  if (state.last === event.item_id) state.last = previous
  for (const kept of state.items.values()) if (kept.previous === event.item_id) kept.previous = previous
  state.items.delete(event.item_id)
  // The client may give the id to another item.
  state.announced.delete(event.item_id)
  return event
}
