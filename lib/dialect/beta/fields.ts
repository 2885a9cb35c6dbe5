import { isFields, omit } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { RealtimeEvent } from '../../../types/index.ts'

/** A field that the object has itself: one that all objects inherit is nothing that somebody sent. */
export function own (fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** What stands at a path, whatever stands on the way. */
export function at (fields: Fields, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => isFields(value) ? own(value, name) : undefined, fields)
}

/** A copy with a value at a path, and the objects on the way that were missing. */
export function put (fields: Fields, path: readonly string[], value: unknown): Fields {
  const [name, ...rest] = path
  const below = own(fields, name!)
  return { ...fields, [name!]: rest.length === 0 ? value : put(isFields(below) ? below : {}, rest, value) }
}

/** A copy without what stands at a path, and without the objects on the way that held nothing else. */
export function cut (fields: Fields, path: readonly string[]): Fields {
  const [name, ...rest] = path
  const below = own(fields, name!)
  if (rest.length === 0) return omit(fields, [name!])
  if (!isFields(below)) return fields
  const left = cut(below, rest)
  return Object.keys(left).length === 0 ? omit(fields, [name!]) : { ...fields, [name!]: left }
}

/** @returns the same event where the field stays as it is */
export function replace (event: RealtimeEvent, name: string, value: unknown): RealtimeEvent {
  return value === event[name] ? event : { ...event, [name]: value }
}
