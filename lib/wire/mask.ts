// Messages are unmasked into one shared buffer, which grows with them up to this size. Longer ones get a buffer of their own.
const largestShared = 1024 * 1024
let shared = new Int32Array(16 * 1024)

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * The payload at `source[start, end)` without its mask, which stands in the four bytes before it.
 * The source stays as it is. The result is valid until the next call: it may lie in memory that all calls share.
 */
export function unmasked (source: Buffer, start: number, end: number): Buffer {
  const length = end - start
  const words = wordsFor(length)
  const target = Buffer.from(words.buffer, 0, length)
  source.copy(target, 0, start, end)
  // Whole words of an aligned copy: several times faster than byte by byte.
  const mask = littleEndian ? source.readInt32LE(start - 4) : source.readInt32BE(start - 4)
  for (let i = 0, n = (length + 3) >> 2; i < n; i++) words[i]! ^= mask
  return target
}

function wordsFor (length: number): Int32Array<ArrayBuffer> {
  const needed = (length + 3) >> 2
  if (needed <= shared.length) return shared
  const words = new Int32Array(Math.max(needed, Math.min(needed * 2, largestShared / 4)))
  if (length <= largestShared) shared = words
  return words
}

/**
 * Whether `text` stands at `offset` of the payload that begins at `start`, read through its mask.
 * @param maskAt where the mask stands in the chunk; negative: there is none
 */
export function standsAt (chunk: Buffer, start: number, offset: number, text: Buffer, maskAt: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const mask = maskAt < 0 ? 0 : chunk[maskAt + ((offset + i) & 3)]!
    if ((chunk[start + offset + i]! ^ mask) !== text[i]) return false
  }
  return true
}

/** Whether the byte stands in the payload that begins at `start`, between these offsets, read through its mask as by `standsAt`. */
export function standsWithin (chunk: Buffer, start: number, from: number, to: number, byte: number, maskAt: number): boolean {
  for (let offset = from; offset < to; offset++) {
    const mask = maskAt < 0 ? 0 : chunk[maskAt + (offset & 3)]!
    if ((chunk[start + offset]! ^ mask) === byte) return true
  }
  return false
}
