import { fieldsOf } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { most } from './state.ts'
import type { Kept, Part, Speech, XaiState } from './state.ts'
import { isSmall, keep, textOf } from './values.ts'

/** What is kept of an item, from now on at the latest. */
export function keptOf (state: XaiState, id: string): Kept {
  const known = state.items.get(id)
  if (known !== undefined) return known
  // One that still is to be ended is needed more than a newer one that is done.
  const oldest = state.items.size < most.items ? undefined : [...state.items.values()].find(({ open, response }) => !(open && (response === undefined || state.running.has(response))))
  if (oldest !== undefined) state.items.delete(oldest.id)
  return keep(state.items, id, {
    id, item: undefined, previous: null, open: false, response: undefined, growing: false, index: undefined, parts: new Map<number, Part>(), arguments: '', argued: false
  }, most.items)
}

export function findKept (state: XaiState, id: unknown): Kept | undefined {
  return typeof id === 'string' ? state.items.get(id) : undefined
}

/** Remembers an item as the client knows it. */
export function remember (kept: Kept, item: Fields | undefined): void {
  kept.item = isSmall(item) ? item : undefined
}

/** The item is what it will be: what it was made of is no longer needed. */
export function settle (kept: Kept, item: Fields | undefined): void {
  remember(kept, item)
  kept.open = kept.growing = false
  kept.parts.clear()
  kept.arguments = ''
}

/** An item with what was said of it before, where it does not say so itself. */
export function filled (item: Fields, kept: Kept | undefined): Fields {
  if (kept === undefined) return item
  if (item.type === 'function_call' && textOf(item.arguments, '') === '') {
    return { ...item, arguments: kept.arguments === '' ? textOf(kept.item?.arguments, '') : kept.arguments }
  }
  if (item.type !== 'message' || (Array.isArray(item.content) && item.content.length > 0)) return item
  const parts = [...kept.parts].sort(([a], [b]) => a - b).map(([, { type, text }]) => {
    return type === 'text' ? { type: 'output_text', text } : { type: 'output_audio', transcript: text }
  })
  return { ...item, content: parts.length === 0 ? kept.item?.content : parts }
}

/** Puts a transcript into an item that is kept. */
export function setTranscript (kept: Kept | undefined, index: unknown, transcript: unknown): void {
  const content = kept?.item?.content
  if (kept === undefined || !Array.isArray(content) || typeof transcript !== 'string') return
  const at = index ?? 0
  remember(kept, { ...kept.item, content: content.map((part: unknown, i) => i === at ? { ...fieldsOf(part), transcript } : part) })
}

/** What is known of something that the user says. */
export function speechOf (state: XaiState, item: string): Speech {
  return state.speeches.get(item) ??
    keep(state.speeches, item, { from: undefined, until: undefined, told: '', final: false, committed: false, shown: false }, most.speeches)
}
