/** What a JSON object holds. */
export type Fields = Readonly<Record<string, unknown>>

/** An object, and no list. */
export function isFields (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields of a value; none where it is no object. */
export function fieldsOf (value: unknown): Fields {
  return isFields(value) ? value : {}
}

/** @returns the same object where it has none of them */
export function omit (fields: Fields, names: readonly string[]): Fields {
  if (!names.some(name => Object.hasOwn(fields, name))) return fields
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}
