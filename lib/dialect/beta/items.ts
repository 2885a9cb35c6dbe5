import { isFields } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { own } from './fields.ts'

/** A conversation item, or what stands in its place. `response.create` may name items in its `input` by reference; they pass. */
export function itemToGa (item: unknown): unknown {
  if (!isFields(item)) return item
  const role = own(item, 'role')
  // What a model has said; users and system messages have no parts of their own names in beta, but many clients send `text` for theirs.
  if (role === 'assistant') return withParts(item, type => type === 'text' ? 'output_text' : type === 'audio' ? 'output_audio' : type)
  if (role === 'user' || role === 'system') return withParts(item, type => type === 'text' ? 'input_text' : type)
  return item
}

export function itemToBeta (item: unknown): unknown {
  if (!isFields(item)) return item
  return withParts(item, type => type === 'output_text' ? 'text' : type === 'output_audio' ? 'audio' : type)
}

/** As a beta server told it: with the `object` that GA leaves out. */
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
