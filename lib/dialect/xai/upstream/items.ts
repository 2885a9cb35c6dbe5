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
 * An item in GA's shape: only messages have a role, and the types of their parts say who speaks.
 * @param textOnly whether spoken parts are shown as text
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
    // `null`: there is no transcript yet. An empty one would mean that nothing was said.
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

/** xAI tells of some items twice, and of none that it is done. */
export function addItem (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.item)) return { ...event, type: 'conversation.item.added' }
  const id = nameOf(event.item.id)
  if (id !== undefined && state.announced.has(id)) return undefined
  const item = itemIn(event.item, false)
  // For calls and later turns xAI leaves `previous_item_id` out.
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

/** xAI does not send this so far. If it does, the client hears the end of each item only once. */
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

/** With the commit, the user's item is done. */
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

/** xAI says the transcript that is left of the item. */
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
  // The client may use the id again for another item.
  state.announced.delete(event.item_id)
  return event
}
