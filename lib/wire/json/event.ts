import { randomUUID } from 'node:crypto'
import { parseJson, stringEnd } from './parse.ts'
import type { RealtimeEvent } from '../../../types/index.ts'

// A number that JavaScript may not hold as it is written: many digits, or an exponent. Digits of ids stand in quotes and do not match.
const delicate = /[:,[\s]-?\d(?:[\d.]{15}|[\d.]*[eE])/

// Marks a number that is carried as a text. It is random, so that no peer can send it.
const mark = `number-${randomUUID()}:`
const marked = new RegExp(`"${mark}(-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)"`, 'g')

/**
 * Reads an event so that writing it loses nothing. A number that JavaScript cannot hold (2^53 + 1, 1e400) is read as a marked text, and
 * `writeEvent` writes it as it came, also as part of another event.
 * @returns `undefined` where the text is not the JSON of an object with a `type`
 */
export function readEvent (text: string): RealtimeEvent | undefined {
  const event = parseEvent(text)
  if (event === undefined || !delicate.test(text)) return event
  let carried = false
  const told = replaceNumbers(text, literal => {
    // Fifteen digits are held as they are, with any exponent of two digits.
    const short = literal.length < 16 && /^-?\d+(\.\d+)?([eE][+-]?\d{1,2})?$/.test(literal)
    if (short || String(Number(literal)) === literal) return literal
    carried = true
    return `"${mark}${literal}"`
  })
  return carried ? parseEvent(told) : event
}

export function writeEvent (event: RealtimeEvent): string {
  const text = JSON.stringify(event)
  return text.includes(mark) ? text.replace(marked, '$1') : text
}

/** Reads an event. @returns `undefined` where the text is not the JSON of an object with a `type` */
export function parseEvent (text: string): RealtimeEvent | undefined {
  try {
    const value = parseJson(text)
    return typeof value === 'object' && value !== null && typeof (value as RealtimeEvent).type === 'string' ? value as RealtimeEvent : undefined
  } catch {
    return undefined
  }
}

/** Replaces every number of a valid JSON text. */
function replaceNumbers (text: string, replace: (literal: string) => string): string {
  const number = /-?\d[\d.eE+-]*/y
  let out = ''
  let copied = 0
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = stringEnd(text, at + 1)
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      number.lastIndex = at
      const literal = number.exec(text)![0]
      out += text.slice(copied, at) + replace(literal)
      at += literal.length
      copied = at
    } else {
      at++
    }
  }
  return out + text.slice(copied)
}
