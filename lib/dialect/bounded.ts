/** Keeps a value as the newest of its map, and of those no more than `most`. */
export function keep<Value> (map: Map<string, Value>, key: string, value: Value, most: number): Value {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value!)
  return value
}
