import { fieldsOf } from '../../fields.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { collected, findKept } from './kept.ts'
import { longestText, most } from './state.ts'
import type { Part, XaiState } from './state.ts'
import { nameOf, numberOf, textOf } from './values.ts'

/** Whether the client gets the response of this event as text. */
export function isRead (event: RealtimeEvent, { running, sessionConfig }: XaiState): boolean {
  return running.get(nameOf(event.response_id) ?? '')?.textOnly ?? sessionConfig.textOnly
}

/** Sets `output_index`, which xAI always gives as 0. */
export function positioned (event: RealtimeEvent, state: XaiState): RealtimeEvent {
  const index = findKept(state, event.item_id)?.index ?? numberOf(event.output_index, 0)
  return event.output_index === index ? event : { ...event, output_index: index }
}

/** The same for what belongs to a part of an item's content. */
function positionedPart (event: RealtimeEvent, state: XaiState): RealtimeEvent {
  const told = positioned(event, state)
  return typeof told.content_index === 'number' ? told : { ...told, content_index: 0 }
}

/** What has been said so far of the part that an event is about. */
function partOf (event: RealtimeEvent, state: XaiState, type: Part['type']): Part | undefined {
  const parts = findKept(state, event.item_id)?.parts
  const index = numberOf(event.content_index, 0)
  if (parts === undefined || !(index >= 0 && index < most.parts)) return undefined
  const part = parts.get(index) ?? { type, text: '', ended: new Set() }
  if (parts.size < most.parts) parts.set(index, part)
  return part
}

function spokenPart (event: RealtimeEvent, state: XaiState): Part | undefined {
  return partOf(event, state, isRead(event, state) ? 'text' : 'audio')
}

export function addPart (event: RealtimeEvent, state: XaiState): Translated {
  const said = fieldsOf(event.part)
  const type = said.type === 'text' || isRead(event, state) ? 'text' : 'audio'
  partOf(event, state, type)
  const part = type === 'text' ? { type, text: textOf(said.text, '') } : { type, transcript: textOf(said.transcript, '') }
  // xAI has `"0"` here, which is no item's id.
  const { previous_item_id: _, ...told } = positionedPart(event, state)
  return { ...told, type: event.type, part }
}

/** Fills in the text, which xAI leaves out of this event. */
export function endPart (event: RealtimeEvent, state: XaiState): Translated {
  const said = fieldsOf(event.part)
  const known = spokenPart(event, state)
  known?.ended.add('part')
  const text = known === undefined ? '' : known.text
  const type = said.type === 'text' || known?.type === 'text' || isRead(event, state) ? 'text' : 'audio'
  const own = saidText(said.transcript) ?? saidText(said.text)
  const told = collected(type === 'text' ? 'text' : 'transcript', own ?? text, 'part.', state.context)
  return { ...positionedPart(event, state), part: { type, ...told } }
}

function saidText (text: unknown): string | undefined {
  return typeof text === 'string' ? text : undefined
}

function add (part: Part | undefined, delta: unknown): void {
  if (part !== undefined) part.text = joined(part.text, delta)
}

/** A text and the next delta; `undefined` as soon as that is longer than what is collected. */
function joined (text: string | undefined, delta: unknown): string | undefined {
  return text === undefined || typeof delta !== 'string' ? text : short(text + delta)
}

function short (text: string): string | undefined {
  return text.length <= longestText ? text : undefined
}

/** @returns all that was said in the part, as far as it was collected */
function end (part: Part | undefined, text: unknown): string | undefined {
  part?.ended.add('text')
  if (typeof text !== 'string') return part === undefined ? '' : part.text
  if (part !== undefined) part.text = short(text)
  return text
}

export function addTranscript (event: RealtimeEvent, state: XaiState): Translated {
  add(spokenPart(event, state), event.delta)
  const told = positionedPart(event, state)
  return isRead(event, state) ? { ...told, type: 'response.output_text.delta' } : told
}

export function endTranscript (event: RealtimeEvent, state: XaiState): Translated {
  const said = end(spokenPart(event, state), event.transcript)
  const { transcript, ...told } = positionedPart(event, state)
  return isRead(event, state)
    ? { ...told, type: 'response.output_text.done', ...collected('text', said, '', state.context) }
    : { ...told, type: event.type, ...collected('transcript', said, '', state.context) }
}

export function addText (event: RealtimeEvent, state: XaiState): Translated {
  add(partOf(event, state, 'text'), event.delta)
  return positionedPart(event, state)
}

export function endText (event: RealtimeEvent, state: XaiState): Translated {
  const { text: _, ...told } = positionedPart(event, state)
  return { ...told, type: event.type, ...collected('text', end(partOf(event, state, 'text'), event.text), '', state.context) }
}

export function sound (event: RealtimeEvent, state: XaiState): Translated {
  return isRead(event, state) ? undefined : positionedPart(event, state)
}

export function endSound (event: RealtimeEvent, state: XaiState): Translated {
  spokenPart(event, state)?.ended.add('sound')
  return sound(event, state)
}

/** Whether audio passes unread: no response is told as text, and only the first item of a response speaks. */
export function soundPasses ({ running, sessionConfig }: XaiState): boolean {
  for (const { textOnly, shifted } of running.values()) {
    if (textOnly || shifted) return false
  }
  return running.size > 0 || !sessionConfig.textOnly
}

export function addArguments (event: RealtimeEvent, state: XaiState): Translated {
  const kept = findKept(state, event.item_id)
  if (kept !== undefined) kept.arguments = joined(kept.arguments, event.delta)
  return positioned(event, state)
}

export function endArguments (event: RealtimeEvent, state: XaiState): Translated {
  const kept = findKept(state, event.item_id)
  if (kept !== undefined) {
    kept.argued = true
    if (typeof event.arguments === 'string') kept.arguments = short(event.arguments)
  }
  return positioned(event, state)
}
