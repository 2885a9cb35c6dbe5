import { isSaid } from '../../fields.ts'
import type { Fields } from '../../fields.ts'

/** An object with this field, or an empty one where the value asks for nothing. To be spread. */
export function field (name: string, value: unknown): Fields {
  return isSaid(value) ? { [name]: value } : {}
}

/** The same for an object, which is left out where it is empty. */
export function section (name: string, fields: Fields): Fields {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {}
}
