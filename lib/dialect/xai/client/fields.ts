import { isSaid } from '../../fields.ts'
import type { Fields } from '../../fields.ts'

/** A field for an object that is being made, where there is something to say. */
export function field (name: string, value: unknown): Fields {
  return isSaid(value) ? { [name]: value } : {}
}

/** The same for fields of its own, where there are some. */
export function section (name: string, fields: Fields): Fields {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {}
}
