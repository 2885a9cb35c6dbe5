import { isFields, omit } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { RealtimeEvent } from '../../../types/index.ts'

/** A field of the object itself, not one that every object inherits (`constructor`). */
export function own (fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

/** The value at a path; `undefined` where something on the way is no object. */
export function at (fields: Fields, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => isFields(value) ? own(value, name) : undefined, fields)
}

/** A copy with these values at their paths. Missing objects on the way are made, and each object is copied only once. */
export function putAll (fields: Fields, entries: ReadonlyArray<readonly [path: readonly string[], value: unknown]>): Fields {
  if (entries.length === 0) return fields
  const names = new Set(entries.map(([[name]]) => name!))
  const values = Array.from(names, (name): [string, unknown] => {
    const inner = entries.filter(([path]) => path[0] === name)
    const whole = inner.find(([path]) => path.length === 1)
    if (whole !== undefined) return [name, whole[1]]
    const below = own(fields, name)
    return [name, putAll(isFields(below) ? below : {}, inner.map(([path, value]) => [path.slice(1), value]))]
  })
  return { ...fields, ...Object.fromEntries(values) }
}

/** A copy without the values at these paths, and without objects that are empty then. */
export function cutAll (fields: Fields, paths: ReadonlyArray<readonly string[]>): Fields {
  const gone = paths.filter(({ length }) => length === 1).map(([name]) => name!)
  const left: Array<readonly [string, unknown]> = []
  for (const name of new Set(paths.filter(({ length }) => length > 1).map(([name]) => name!))) {
    const known = own(fields, name)
    if (!isFields(known)) continue
    const rest = cutAll(known, paths.filter(path => path[0] === name && path.length > 1).map(path => path.slice(1)))
    if (isEmpty(rest)) gone.push(name)
    else left.push([name, rest])
  }
  const kept = omit(fields, gone)
  return left.length === 0 ? kept : { ...kept, ...Object.fromEntries(left) }
}

/** The same for one path. */
export function cut (fields: Fields, path: readonly string[]): Fields {
  return cutAll(fields, [path])
}

function isEmpty (fields: Fields): boolean {
  for (const name in fields) if (Object.hasOwn(fields, name)) return false
  return true
}

/** @returns the same event where the field stays as it is */
export function replace (event: RealtimeEvent, name: string, value: unknown): RealtimeEvent {
  return value === event[name] ? event : { ...event, [name]: value }
}
