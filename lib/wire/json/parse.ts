/** Most fields and values of any event. A session with 128 tools has a few thousand, a transcript of half an hour with probabilities a few ten thousand. */
const mostValues = 50_000

// Finds a key that holds an escape: behind the escape come the end of the key, its quote and the colon. A text that quotes JSON may match too.
const escapedKey = /\\.[^"\\]*"\s*:/s

/**
 * Gives what `JSON.parse` should give. In V8 12.8 and up (Node 24, 26) `JSON.parse` may take an escaped key for one that it has read
 * before, in any session: after `{"a":0,"\\u006":1}` it reads the key of `{"a":0,"\u006dodel":1}` as `\u006`, and a model that has to be
 * refused would pass. See nodejs/node issue 63785.
 * @throws {SyntaxError} where the text is not JSON
 * @throws {RangeError} where it holds more fields and values than any event needs, for reading them would hold up every session; or where it
 * has escaped keys and is nested thousands of levels deep
 */
export function parseJson (text: string): unknown {
  if (isDense(text, mostValues)) throw new RangeError('too many fields and values')
  const value: unknown = JSON.parse(text)
  return escapedKey.test(text) ? readByKeys(text) : value
}

/** Whether there are more than `most` fields and values. A string counts once, however long. */
export function isDense (text: string, most: number): boolean {
  if (text.length <= most) return false
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = stringEnd(text, at + 1) - 1
    // A comma, a bracket or a brace: each has a value behind it.
    else if ((code === 0x2c || code === 0x5b || code === 0x7b) && ++count > most) return true
  }
  return false
}

const plain = /[^\s,\]}]+/y
const space = /\s*/y

/** Reads a valid JSON text key by key. `JSON.parse` reads a string that stands alone rightly. */
function readByKeys (text: string): unknown {
  let at = 0
  return value()

  function value (): unknown {
    switch (next()) {
      case '{': return object()
      case '[': return array()
      case '"': return string()
      default: return JSON.parse(taken(plain))
    }
  }

  function object (): object {
    const object = {}
    for (at++; next() !== '}'; skip(',')) {
      const key = string()
      skip(':')
      // An assignment would set the prototype by the key `__proto__`.
      Object.defineProperty(object, key, { value: value(), configurable: true, enumerable: true, writable: true })
    }
    at++
    return object
  }

  function array (): unknown[] {
    const array: unknown[] = []
    for (at++; next() !== ']'; skip(',')) array.push(value())
    at++
    return array
  }

  function string (): string {
    const start = at
    at = stringEnd(text, start + 1)
    return JSON.parse(text.slice(start, at)) as string
  }

  function skip (what: string): void {
    if (next() === what) at++
  }

  /** The first character that is no white space. */
  function next (): string {
    taken(space)
    return text.charAt(at)
  }

  function taken (pattern: RegExp): string {
    pattern.lastIndex = at
    const [found] = pattern.exec(text)!
    at += found.length
    return found
  }
}

/** Index behind the quote that ends the string whose first character is at `start`. */
export function stringEnd (text: string, start: number): number {
  for (let end = text.indexOf('"', start); end !== -1; end = text.indexOf('"', end + 1)) {
    let slash = end - 1
    while (slash >= start && text[slash] === '\\') slash--
    if ((end - slash) & 1) return end + 1
  }
  return text.length
}
