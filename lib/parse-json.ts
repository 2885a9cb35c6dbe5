import { parse } from 'lossless-json'

// A key with an escape: none of the quotes within a string is followed by a colon without a backslash before it.
const escapedKey = /\\.[^"\\]*"\s*:/s

const asJson = { parseNumber: Number, onDuplicateKey: ({ newValue }: { newValue: unknown }) => newValue }

/**
 * The same as `JSON.parse`, which in V8 12.8 and up (Node 24, 26) may take an escaped key for one that it has read before, in whatever
 * session: after `{"a":0,"\\u006":1}` it reads `{"a":0,"\u006dodel":1}` as if the key were `\u006`, and a model that is to be refused
 * would pass. See nodejs/node issue 63785.
 * @throws {SyntaxError} where the text is not JSON
 * @throws {RangeError} where a text with such keys is nested thousands of levels deep
 */
export function parseJson (text: string): unknown {
  return escapedKey.test(text) ? parse(text, null, asJson) : JSON.parse(text)
}
