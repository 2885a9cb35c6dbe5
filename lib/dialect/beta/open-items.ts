import { keep } from '../bounded.ts'
import { isFields, isName } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { RealtimeEvent } from '../../../types/index.ts'
import { own } from './fields.ts'
import { itemToGa } from './items.ts'

// A response has a handful of items. Beyond this many the oldest open item is forgotten, and the client does not hear that it is done.
const mostItems = 64

/** An item of a response that runs. */
interface OpenItem {
  /** The id of its response. Absent: not known. */
  readonly response?: string
  /** Between `response.output_item.added` and `.done`. Calls of MCP tools have no `status` that would say so. */
  readonly growing?: boolean
  /** Of the function that it calls. */
  readonly name?: string
  /** What `conversation.item.added` has shown of it, while it was in progress. */
  readonly announced?: { readonly item: Fields, readonly after: Fields }
}

/**
 * Items that have been created and are not done. Beta says that an item is done in `response.output_item.done` only, GA also in
 * `conversation.item.done`.
 */
export type OpenItems = Map<string, OpenItem>

/** What is remembered of the items of a session. */
export interface ItemMemory {
  readonly items: OpenItems
  /** Ids of the latest items that the client knows to be done: newer endpoints send `conversation.item.done` themselves. */
  readonly done: Map<string, true>
}

/** Remembers which response an item belongs to. Until `response.output_item.done` it grows. */
export function learn ({ items }: ItemMemory, item: unknown, response: unknown): void {
  note(items, item, { growing: true, ...isName(response) && { response } })
}

/** The name of the function that an item calls. */
export function nameOf (items: OpenItems, id: unknown): string | undefined {
  return typeof id === 'string' ? items.get(id)?.name : undefined
}

/** `conversation.item.created` in GA: the item is added and, unless it grows, done. */
export function announce (event: RealtimeEvent, memory: ItemMemory): readonly RealtimeEvent[] {
  const item = itemToGa(event['item'])
  const added = { ...event, type: 'conversation.item.added', item }
  if (!isFields(item)) return [added]
  const after = Object.hasOwn(event, 'previous_item_id') ? { previous_item_id: event['previous_item_id'] } : {}
  const id = idOf(item)
  const grows = own(item, 'status') === 'in_progress' || memory.items.get(id ?? '')?.growing === true
  if (id === undefined || !grows) {
    settle(memory, item)
    return [added, doneEvent(event, item, after)]
  }
  const announced = { item: short(item, ['id', 'object', 'type', 'role', 'name', 'call_id', 'server_label']), after: short(after, ['previous_item_id']) }
  memory.done.delete(id)
  note(memory.items, item, { announced })
  return [added]
}

/** The `conversation.item.done` that comes before `response.output_item.done`. */
export function finish (event: RealtimeEvent, memory: ItemMemory): readonly RealtimeEvent[] {
  const item = itemToGa(event['item'])
  const id = idOf(item)
  const known = id === undefined ? undefined : memory.items.get(id)
  if (known !== undefined) note(memory.items, item, { growing: false })
  if (!isFields(item) || known?.announced === undefined) return []
  settle(memory, item)
  return [doneEvent(event, item, known.announced.after)]
}

/** A `conversation.item.done` that the provider sends itself. The client hears each only once. */
export function passDone (event: RealtimeEvent, memory: ItemMemory): readonly RealtimeEvent[] {
  const item = itemToGa(event['item'])
  if (memory.done.has(idOf(item) ?? '')) return []
  settle(memory, item)
  return [item === event['item'] ? event : { ...event, item }]
}

/** Forgets the items of a response that has ended. Those still open are done with it. */
export function finishAll (event: RealtimeEvent, memory: ItemMemory): readonly RealtimeEvent[] {
  const { items } = memory
  const response = isFields(event['response']) ? event['response'] : {}
  const responseId = own(response, 'id')
  const output = own(response, 'output')
  const done: RealtimeEvent[] = []
  for (const [id, known] of items) {
    if (known.response !== undefined && known.response !== responseId && responseId !== undefined) continue
    items.delete(id)
    if (known.announced === undefined) continue
    const last: unknown = Array.isArray(output) ? output.find(item => idOf(item) === id) : undefined
    const item = isFields(last) ? itemToGa(last) : unfinished(known.announced.item)
    keep(memory.done, id, true, mostItems)
    done.push(doneEvent(event, item, known.announced.after, done.length))
  }
  return done
}

function note (items: OpenItems, item: unknown, news: OpenItem): void {
  const id = idOf(item)
  if (!isFields(item) || id === undefined) return
  const known = items.get(id)
  const name = own(item, 'name')
  const oldest = items.keys().next()
  if (known === undefined && items.size === mostItems && oldest.done === false) items.delete(oldest.value)
  items.set(id, { ...known, ...isName(name) && { name }, ...news })
}

/** The item is done. Only the name of its function may still be needed. */
function settle ({ items, done }: ItemMemory, item: unknown): void {
  const id = idOf(item)
  if (id === undefined) return
  keep(done, id, true, mostItems)
  if (items.has(id)) note(items, item, { announced: undefined })
}

function unfinished (item: Fields): Fields {
  switch (own(item, 'type')) {
    case 'message': return { ...item, status: 'incomplete', content: [] }
    case 'function_call': return { ...item, status: 'incomplete', arguments: '' }
    // These have no status.
    case 'mcp_call': return { ...item, arguments: '' }
    default: return item
  }
}

/** Its `event_id` is made from that of the event that caused it, so that the same session gives the same ids. */
function doneEvent (source: RealtimeEvent, item: unknown, after: Fields, nth = 0): RealtimeEvent {
  const id = isName(source.event_id) ? { event_id: `${source.event_id}_done${nth === 0 ? '' : `_${nth + 1}`}` } : {}
  return { type: 'conversation.item.done', ...id, ...after, item }
}

function idOf (item: unknown): string | undefined {
  const id = isFields(item) ? own(item, 'id') : undefined
  return isName(id) ? id : undefined
}

/** Those of the fields that are worth remembering: short texts, and `null`. */
function short (fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map(name => [name, own(fields, name)]).filter(([, value]) => value === null || isName(value)))
}
