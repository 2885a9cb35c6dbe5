import type { Fields } from '../../fields.ts'

// As long as OpenAI lets an id be.
const maxName = 512

/** Whether a value is an id or a name, and short enough to be remembered. */
export function isName (value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxName
}

export function isSaid (value: unknown): boolean {
  return value !== undefined && value !== null
}

/** A field for an object that is being made, where there is something to say. */
export function field (name: string, value: unknown): Fields {
  return isSaid(value) ? { [name]: value } : {}
}

/** The same for fields of its own, where there are some. */
export function section (name: string, fields: Fields): Fields {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {}
}
