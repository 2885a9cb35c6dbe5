/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>

/** A JSON object, as opposed to `null`, an array or a plain value. */
export function isFields (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
