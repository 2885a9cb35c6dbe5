/** What a JSON object holds. */
export type Fields = Readonly<Record<string, unknown>>

/** An object, and no list. */
export function isFields (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a field asks for anything: `null` stands for what is usual. */
export function isSaid (value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The fields of a value; none where it is no object. */
export function fieldsOf (value: unknown): Fields {
  return isFields(value) ? value : {}
}

// The longest id that a client may give (client events of OpenAI's Realtime reference). No id or name on either side is longer.
const longestName = 512

/** Whether a value is an id or a name, and short enough to be remembered and repeated. */
export function isName (value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestName
}

/** @returns the same object where it has none of them */
export function omit (fields: Fields, names: readonly string[]): Fields {
  if (!names.some(name => Object.hasOwn(fields, name))) return fields
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}
