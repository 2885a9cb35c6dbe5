import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { isAnswer, isList } from '../../translated.ts'
import type { Answer, Dialect, EventFunction, EventTable, RealtimeEvent, Translated } from '../../../../types/index.ts'
import { shortId, withShortIds, xaiId } from './call-ids.ts'

type Change = (value: unknown) => unknown

// The fields of events that hold the id of a call. `conversation_id` is not among them: the client resumes by it.
const ofEvent = ['call_id', 'item_id', 'previous_item_id']
const ofItem = ['id', 'call_id', 'approval_request_id']

// Events of the client's that are read for nothing but the ids in them.
const pointing = ['conversation.item.delete', 'conversation.item.truncate']
const same = (event: RealtimeEvent): RealtimeEvent => event

/** Gives a dialect short ids of calls on the client's side. The dialect itself sees and remembers only the short ones. */
export function withShortCallIds<State> (dialect: Dialect<State>): Dialect<State> {
  const up = { ...Object.fromEntries(pointing.map(type => [type, same])), ...dialect.clientToUpstream }
  return {
    ...dialect,
    clientToUpstream: wrapped(up, entry => (event, state) => each(entry(event, state), toXai, same)),
    upstreamToClient: wrapped(dialect.upstreamToClient, entry => (event, state) => each(entry(toClient(event), state), same, toXai))
  }
}

function wrapped<State> (table: EventTable<State>, wrap: (entry: EventFunction<State>) => EventFunction<State>): EventTable<State> {
  return Object.fromEntries(Object.entries(table).map(([type, entry]) => [type, typeof entry === 'string' ? entry : wrap(entry)]))
}

/** @param back what happens to what is answered */
function each (translated: Translated, onward: typeof same, back: typeof same): Translated {
  const one = (each: RealtimeEvent | Answer): RealtimeEvent | Answer => isAnswer(each) ? { answer: back(each.answer) } : onward(each)
  if (translated === undefined) return undefined
  return isList(translated) ? translated.map(one) : one(translated)
}

/** @returns a function that renames the calls in an event, and gives the same event where there are none */
function renaming (rename: (id: string) => string): (event: RealtimeEvent) => RealtimeEvent {
  const id: Change = value => typeof value === 'string' ? rename(value) : value
  const item = inFields(ofItem, id)
  const items: Change = value => Array.isArray(value) ? changed(value, value.map(item)) : value
  const lists = inFields(['input', 'output'], items)
  return event => {
    const told = within(event, ofEvent, id)
    if (event.item !== undefined) return within(told, ['item'], item)
    return event.response === undefined ? told : within(told, ['response'], lists)
  }
}

const shortText: Change = text => typeof text === 'string' ? withShortIds(text) : text
const shortError: Change = error => isFields(error) ? within(error, ['message'], shortText) : shortText(error)
const shortReason = inFields(['status_details'], inFields(['error'], shortError))

const toXai = renaming(xaiId)
const withShortIdsIn = renaming(shortId)

function toClient (event: RealtimeEvent): RealtimeEvent {
  const told = withShortIdsIn(event)
  if (told.error !== undefined) return within(told, ['error'], shortError)
  return told.response === undefined ? told : within(told, ['response'], shortReason)
}

function inFields (names: readonly string[], change: Change): Change {
  return value => isFields(value) ? within(value, names, change) : value
}

/** A copy with `change` applied to some fields; the same object where nothing changes. */
function within<Whole extends Fields> (fields: Whole, names: readonly string[], change: Change): Whole {
  let told = fields
  for (const name of names) {
    if (!Object.hasOwn(fields, name)) continue
    const value = change(fields[name])
    if (value !== fields[name]) told = { ...told, [name]: value }
  }
  return told
}

function changed (before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return after.some((value, i) => value !== before[i]) ? after : before
}
