import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { refuse } from '../../lacking.ts'
import type { RealtimeEvent } from '../../../../types/index.ts'

/** Content types of what the assistant says: xAI's, and GA's. */
const contents: ReadonlyArray<readonly [xai: string, openai: string]> = [['text', 'output_text'], ['audio', 'output_audio']]
const toOpenai: ReadonlyMap<unknown, string> = new Map(contents)
const toXai: ReadonlyMap<unknown, string> = new Map(contents.map(([xai, openai]) => [openai, xai]))

/** @throws GatewayError for a `force_message`, a text to be spoken word for word: OpenAI has nothing like it */
export function createItem (event: RealtimeEvent): RealtimeEvent {
  const { item } = event
  if (!isFields(item)) return event
  if (item.type === 'force_message') refuse('item.type', 'OpenAI has no force_message: it cannot be made to say a text word for word.')
  const said = openaiItem(item)
  return said === item ? event : { ...event, item: said }
}

export function openaiItem (item: unknown): unknown {
  return isFields(item) && item.role === 'assistant' ? withContent(item, toOpenai) : item
}

/** An event that shows an item, as xAI shows it. */
export function showItem (event: RealtimeEvent): RealtimeEvent {
  return { ...event, item: shownItem(event.item) }
}

export function shownItem (item: unknown): unknown {
  return isFields(item) ? { ...withContent(item, toXai), object: 'realtime.item' } : item
}

function withContent (item: Fields, types: ReadonlyMap<unknown, string>): Fields {
  if (!Array.isArray(item.content)) return item
  const content = item.content.map((part: unknown) => {
    const type = isFields(part) ? types.get(part.type) : undefined
    return type === undefined ? part : { ...part as Fields, type }
  })
  return { ...item, content }
}
