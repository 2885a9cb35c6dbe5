/** The same object without the fields that are `undefined`. */
export function present<T extends object> (object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}

/** The object with the fields of a patch: `null` takes a field away, `undefined` leaves it. */
export function patched<T extends object> (object: T, patch: object): T {
  return Object.fromEntries(Object.entries({ ...object, ...present(patch) }).filter(([, value]) => value !== null)) as T
}
