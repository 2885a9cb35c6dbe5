import { keep } from '../../bounded.ts'
import { fieldsOf } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext } from '../../../../types/index.ts'
import { longestText, most } from './state.ts'
import type { Kept, Part, Speech, XaiState } from './state.ts'
import { isSmall, largestItem, nameOf, textOf } from './values.ts'

/** The memory of an item, which is begun here if there is none. */
export function keptOf (state: XaiState, id: string): Kept {
  const known = state.items.get(id)
  if (known !== undefined) return known
  // An item that has not ended is kept before newer ones that have.
  const oldest = state.items.size < most.items ? undefined : [...state.items.values()].find(({ open, response }) => !(open && (response === undefined || state.running.has(response))))
  if (oldest !== undefined) state.items.delete(oldest.id)
  return keep(state.items, id, {
    id, item: undefined, whole: true, previous: null, open: false, response: undefined, growing: false, index: undefined, parts: new Map<number, Part>(), arguments: '', argued: false
  }, most.items)
}

export function findKept (state: XaiState, id: unknown): Kept | undefined {
  return typeof id === 'string' ? state.items.get(id) : undefined
}

/** Remembers an item as the client knows it. One with more characters than `most` is kept without its texts. */
export function remember (kept: Kept, item: Fields | undefined, most = largestItem): void {
  kept.whole = isSmall(item, most)
  kept.item = kept.whole || item === undefined ? item : withoutTexts(item)
}

// The fields that are kept of an item whose texts are not.
const named = ['id', 'object', 'type', 'status', 'role', 'name', 'call_id', 'server_label']

function withoutTexts (item: Fields): Fields {
  const left = Object.fromEntries(named.map(name => [name, nameOf(item[name])]).filter(([, value]) => value !== undefined))
  if (!Array.isArray(item.content)) return left
  return { ...left, content: item.content.slice(0, most.parts).map((part: unknown) => ({ type: nameOf(fieldsOf(part).type) })) }
}

/** The item is complete, so its parts are forgotten. Until its response is done, `response.done` may have to list it. */
export function settle (kept: Kept, item: Fields | undefined, response: 'running' | 'done'): void {
  const lacks = (item === kept.item && !kept.whole) || kept.arguments === undefined || [...kept.parts.values()].some(({ text }) => text === undefined)
  remember(kept, item, response === 'running' ? longestText + largestItem : largestItem)
  if (lacks) kept.whole = false
  kept.open = kept.growing = false
  kept.parts.clear()
  kept.arguments = ''
}

/** An object with this text; without it, and told, where it is too long. To be spread. */
export function collected (name: string, text: string | undefined, path: string, { adjusted }: DialectContext): Fields {
  if (text === undefined) adjusted(`${path}${name}`, 'too_long')
  return text === undefined ? {} : { [name]: text }
}

const calls: ReadonlySet<unknown> = new Set(['function_call', 'mcp_call'])

/** An item with the content and arguments that were collected, where xAI leaves them out. */
export function filled (item: Fields, kept: Kept | undefined, context: DialectContext): Fields {
  if (kept === undefined) return item
  if (calls.has(item.type) && textOf(item.arguments, '') === '') {
    const { arguments: _, ...rest } = item
    const before = kept.whole ? textOf(kept.item?.arguments, '') : undefined
    return { ...rest, ...collected('arguments', kept.arguments === '' ? before : kept.arguments, 'item.', context) }
  }
  if (item.type !== 'message' || (Array.isArray(item.content) && item.content.length > 0)) return item
  const parts = [...kept.parts].sort(([a], [b]) => a - b).map(([index, { type, text }]) => {
    const path = `item.content[${index}].`
    return type === 'text' ? { type: 'output_text', ...collected('text', text, path, context) } : { type: 'output_audio', ...collected('transcript', text, path, context) }
  })
  if (parts.length === 0 && !kept.whole) context.adjusted('item.content', 'too_long')
  return { ...item, content: parts.length === 0 ? kept.item?.content : parts }
}

/** Puts a transcript into an item that is kept. */
export function setTranscript (kept: Kept | undefined, index: unknown, transcript: unknown): void {
  const content = kept?.item?.content
  if (kept === undefined || !kept.whole || !Array.isArray(content) || typeof transcript !== 'string') return
  const at = index ?? 0
  remember(kept, { ...kept.item, content: content.map((part: unknown, i) => i === at ? { ...fieldsOf(part), transcript } : part) })
}

/** What is known of a turn of the user's. */
export function speechOf (state: XaiState, item: string): Speech {
  return state.speeches.get(item) ??
    keep(state.speeches, item, { from: undefined, until: undefined, told: '', final: false, committed: false, shown: false }, most.speeches)
}
