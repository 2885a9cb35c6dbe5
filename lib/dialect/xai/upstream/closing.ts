import { fieldsOf, isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext, RealtimeEvent } from '../../../../types/index.ts'
import { doneId, itemDone } from './items.ts'
import { collected, filled, findKept, settle } from './kept.ts'
import type { Kept, XaiState } from './state.ts'

/**
 * When a response is cut off, xAI may leave its items and parts open. OpenAI sends the end of each.
 * @param event the end of the response
 * @param output what the response itself says of its items
 * @returns the events to send before it, and all items of the response
 */
export function closeOutputs (event: RealtimeEvent, state: XaiState, response: string, output: readonly unknown[], status: string): { closing: readonly RealtimeEvent[], output: readonly unknown[] } {
  const closing: RealtimeEvent[] = []
  const all = [...output]
  const items = [...state.items.values()].filter(kept => kept.response === response).sort((a, b) => a.index! - b.index!)
  for (const kept of items) {
    const said = output.filter(isFields).find(({ id }) => id === kept.id)
    const { open, growing } = kept
    const known = said ?? (kept.item && growing ? filled(kept.item, kept, state.context) : kept.item)
    const ended = known?.status === 'completed' || known?.status === 'incomplete'
    const item = known && growing && !ended && hasStatus(known) ? { ...known, status: status === 'completed' ? status : 'incomplete' } : known
    if (growing) closing.push(...closeParts(event, kept, response, item, state.context, closing.length))
    settle(kept, item, 'done')
    if (item === undefined) continue
    if (said === undefined) {
      // The position of an item in the list is its output_index.
      const next = all.findIndex(other => (findKept(state, fieldsOf(other).id)?.index ?? -1) > kept.index!)
      all.splice(next === -1 ? all.length : next, 0, item)
    } else all[all.indexOf(said)] = item
    if (open) closing.push(itemDone(event, kept, item, closing.length))
    if (growing) closing.push({ type: 'response.output_item.done', event_id: doneId(event, kept.id, closing.length), response_id: response, output_index: kept.index, item })
  }
  return { closing, output: all }
}

/** Calls of an MCP server's tools have none. */
function hasStatus ({ type }: Fields): boolean {
  return type !== 'mcp_call'
}

/** The events that end the parts of a message, or the arguments of a call. OpenAI sends these for a call that is cut off, too. */
function closeParts (event: RealtimeEvent, kept: Kept, response: string, item: Fields | undefined, context: DialectContext, from: number): readonly RealtimeEvent[] {
  const closing: RealtimeEvent[] = []
  const close = (name: string, fields: Fields): void => {
    const eventId = doneId(event, kept.id, from + closing.length)
    closing.push({ type: `response.${name}.done`, event_id: eventId, response_id: response, item_id: kept.id, output_index: kept.index, ...fields })
  }
  for (const [index, { type, text, ended }] of [...kept.parts].sort(([a], [b]) => a - b)) {
    const at = { content_index: index }
    const name = type === 'audio' ? 'transcript' : 'text'
    if (type === 'audio' && !ended.has('sound')) close('output_audio', at)
    if (!ended.has('text')) close(type === 'audio' ? 'output_audio_transcript' : 'output_text', { ...at, ...collected(name, text, '', context) })
    if (!ended.has('part')) close('content_part', { ...at, part: { type, ...collected(name, text, 'part.', context) } })
  }
  const { type, call_id: call, name, arguments: said } = item ?? {}
  if (kept.argued || (type !== 'function_call' && type !== 'mcp_call')) return closing
  const args = collected('arguments', typeof said === 'string' ? said : kept.arguments, '', context)
  if (type === 'function_call') close('function_call_arguments', { call_id: call, name, ...args })
  else close('mcp_call_arguments', args)
  return closing
}
