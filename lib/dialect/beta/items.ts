import { isFields } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { own } from './fields.ts'

/** A conversation item in GA's shape. What is no item passes, as references to items in the `input` of a `response.create` do. */
export function itemToGa (item: unknown): unknown {
  if (!isFields(item)) return item
  const role = own(item, 'role')
  // Only the assistant's parts have other names in GA. For users and the system beta has `input_text` as GA, but many clients send `text`.
  if (role === 'assistant') return withParts(item, type => type === 'text' ? 'output_text' : type === 'audio' ? 'output_audio' : type)
  if (role === 'user' || role === 'system') return withParts(item, type => type === 'text' ? 'input_text' : type)
  return item
}

export function itemToBeta (item: unknown): unknown {
  if (!isFields(item)) return item
  return withParts(item, type => type === 'output_text' ? 'text' : type === 'output_audio' ? 'audio' : type)
}

/** An item as a beta server showed it: with the field `object`, which GA leaves out. */
export function itemToBetaClient (item: unknown): unknown {
  return isFields(item) ? { object: 'realtime.item', ...itemToBeta(item) as Fields } : item
}

/** The same with each item of its list `name` translated. */
export function withItems (fields: Fields, name: string, translate: (item: unknown) => unknown): Fields {
  const items = own(fields, name)
  const translated = each(items, translate)
  return translated === items ? fields : { ...fields, [name]: translated }
}

function withParts (item: Fields, rename: (type: unknown) => unknown): Fields {
  return withItems(item, 'content', part => {
    if (!isFields(part)) return part
    const type = own(part, 'type')
    const name = rename(type)
    return name === type ? part : { ...part, type: name }
  })
}

/** @returns the same where it is no list, or nothing in it changes */
function each (items: unknown, translate: (item: unknown) => unknown): unknown {
  if (!Array.isArray(items)) return items
  const translated = items.map(translate)
  return translated.every((item, i) => item === items[i]) ? items : translated
}
