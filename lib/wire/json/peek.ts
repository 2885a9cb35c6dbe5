const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const typeCodes = [0x74, 0x79, 0x70, 0x65]

// Strings are read byte by byte up to this length and searched by a native call beyond it, which costs about as much as so many bytes.
const longString = 48

/** What a peek has found, as offsets into the text. The caller makes one for all messages of a direction, so that none is allocated for each. */
export interface PeekMatch {
  /** The value of `type`, without its quotes. */
  start: number
  end: number
  /** The longest other text of the outermost object: in an event that carries audio, the audio. */
  longestStart: number
  longestEnd: number
}

export function createMatch (): PeekMatch {
  return { start: 0, end: 0, longestStart: 0, longestEnd: 0 }
}

/** Finds the `type` of an event when it is one of the wanted ones, without parsing the event. */
export type Peek = (text: Buffer, match: PeekMatch) => string | undefined

/**
 * @returns a function that gives `JSON.parse(text).type` where that is one of `wanted`, and `undefined` for every other type. Keys may stand
 * in any order, with any white space and escapes; of several `type` keys the last counts, as for JSON parsers. For text that is not JSON it may
 * give a type or `undefined`.
 */
export function createPeek (wanted: Iterable<string>): Peek {
  const byLength: Array<Array<{ name: string, bytes: Buffer }> | undefined> = []
  const names = new Set(wanted)
  for (const name of names) {
    const bytes = Buffer.from(name)
    const candidates = byLength[bytes.length] ??= []
    candidates.push({ name, bytes })
  }

  return (text, match) => {
    if (!findType(text, match)) return undefined
    const { start, end } = match
    for (let i = start; i < end; i++) {
      if (text[i] === backslash) {
        const name = unescaped(text, start, end)
        return name !== undefined && names.has(name) ? name : undefined
      }
    }
    const candidates = byLength[end - start]
    if (candidates === undefined) return undefined
    for (const { name, bytes } of candidates) {
      if (endsWith(text, end, bytes)) return name
    }
    return undefined
  }
}

/** Whether `bytes` stands in front of `end`. From behind, because the types of the protocol differ there; a native call would cost more. */
function endsWith (text: Buffer, end: number, bytes: Buffer): boolean {
  let i = bytes.length - 1
  for (let at = end - 1; i >= 0 && text[at] === bytes[i]; at--) i--
  return i < 0
}

/**
 * Gives a peeked event another type, in its own bytes: white space fills the room that a shorter type leaves.
 * @param match what the peek has found in this text
 * @returns `false` where the new type is longer; then nothing is changed
 */
export function renamePeeked (text: Buffer, { start, end }: PeekMatch, type: string): boolean {
  // Types of the protocol are plain ASCII, and so is the space behind the closing quote.
  if (type.length > end - start || text[end] !== quote) return false
  text.write(type, start, 'latin1')
  text[start + type.length] = quote
  text.fill(0x20, start + type.length + 1, end + 1)
  return true
}

/** Looks for the last string value of a key `type` in the outermost object. */
function findType (text: Buffer, match: PeekMatch): boolean {
  const size = text.length
  let found = false
  match.longestStart = match.longestEnd = 0
  let at = skipSpace(text, size >= 3 && text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0)
  if (text[at] !== openBrace) return false
  at++
  for (;;) {
    at = skipSpace(text, at)
    if (text[at] === comma) {
      at++
      continue
    }
    if (text[at] !== quote) return found
    const keyStart = at + 1
    const keyEnd = stringEnd(text, keyStart)
    const isType = keyIsType(text, keyStart, keyEnd)
    at = skipSpace(text, keyEnd + 1)
    if (text[at] !== colon) return found
    at = skipSpace(text, at + 1)
    const first = text[at]
    if (first === quote) {
      const end = stringEnd(text, at + 1)
      if (isType) {
        found = true
        match.start = at + 1
        match.end = end
      } else if (end - at - 1 > match.longestEnd - match.longestStart) {
        match.longestStart = at + 1
        match.longestEnd = end
      }
      at = end + 1
    } else {
      if (isType) found = false
      at = first === openBrace || first === openBracket ? nestedEnd(text, at) : plainEnd(text, at)
    }
    if (at >= size) return found
  }
}

function skipSpace (text: Buffer, at: number): number {
  for (;; at++) {
    const byte = text[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
  }
}

/** Index of the quote that ends the string whose first character is at `start`; the text's length when none does. */
function stringEnd (text: Buffer, start: number): number {
  const size = text.length
  const near = Math.min(size, start + longString)
  let at = start
  for (; at < near; at++) {
    const byte = text[at]
    if (byte === quote) return at
    if (byte === backslash) at++
  }
  for (;;) {
    const end = at < size ? text.indexOf(quote, at) : -1
    if (end === -1) return size
    let slash = end - 1
    while (slash >= at && text[slash] === backslash) slash--
    if ((end - slash) & 1) return end
    at = end + 1
  }
}

/** Index behind the object or array that starts at `at`. */
function nestedEnd (text: Buffer, at: number): number {
  const size = text.length
  let depth = 0
  for (; at < size; at++) {
    const byte = text[at]
    if (byte === quote) at = stringEnd(text, at + 1)
    else if (byte === openBrace || byte === openBracket) depth++
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1
  }
  return size
}

/** Index behind the number or word that starts at `at`. */
function plainEnd (text: Buffer, at: number): number {
  const size = text.length
  while (at < size && text[at] !== comma && text[at] !== closeBrace) at++
  return at
}

function keyIsType (text: Buffer, start: number, end: number): boolean {
  let at = start
  for (const code of typeCodes) {
    if (text[at] === code) at++
    else if (isEscapeOf(code, text, at)) at += 6
    else return false
  }
  return at === end
}

/** Whether `\u00` and the two hex digits of `code` stand at `at`. The letters of `type` have no hex digit above 9 and no short escape. */
function isEscapeOf (code: number, text: Buffer, at: number): boolean {
  return text[at] === backslash && text[at + 1] === 0x75 && text[at + 2] === 0x30 && text[at + 3] === 0x30 &&
    text[at + 4] === 0x30 + (code >> 4) && text[at + 5] === 0x30 + (code & 0x0f)
}

function unescaped (text: Buffer, start: number, end: number): string | undefined {
  try {
    return JSON.parse(`"${text.toString('utf8', start, end)}"`) as string
  } catch {
    return undefined
  }
}
