import { randomFillSync } from 'node:crypto'

// Masks must not be predictable (RFC 6455 section 10.3). Drawing them in bulk costs a hundredth of drawing each.
const drawn = Buffer.alloc(4096)
let used = drawn.length

/** Writes a mask that nobody can predict to `target`, at `at`. */
export function drawMask (target: Uint8Array, at: number): void {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  for (let i = 0; i < 4; i++) target[at + i] = drawn[used++]!
}

// Eight bytes as the machine sees them in a word, whatever order it has them in.
const eightBytes = new Uint8Array(8)
const asWord = new BigInt64Array(eightBytes.buffer)

// Below it, a view of the words costs more than it saves.
const fewBytes = 64

/** Masks or unmasks `target[start, end)` in place, with the four bytes at `maskAt` of `mask`. */
export function xor (target: Buffer, start: number, end: number, mask: Uint8Array, maskAt: number): void {
  let at = start
  if (end - start >= fewBytes) {
    // Whole words where memory is aligned, and four of them a turn: a third of the time that 32 bits a turn take.
    while ((target.byteOffset + at) & 7) target[at]! ^= mask[maskAt + ((at++ - start) & 3)]!
    for (let i = 0; i < 8; i++) eightBytes[i] = mask[maskAt + ((at - start + i) & 3)]!
    const word = asWord[0]!
    const words = new BigInt64Array(target.buffer, target.byteOffset + at, (end - at) >> 3)
    const { length } = words
    let i = 0
    for (; i < length - 3; i += 4) {
      words[i]! ^= word
      words[i + 1]! ^= word
      words[i + 2]! ^= word
      words[i + 3]! ^= word
    }
    for (; i < length; i++) words[i]! ^= word
    at += length * 8
  }
  for (; at < end; at++) target[at]! ^= mask[maskAt + ((at - start) & 3)]!
}

const difference = new Uint8Array(4)

/** Gives the payload at `chunk[start, end)` another mask, in place. The mask stands in the four bytes before it. */
export function remask (chunk: Buffer, start: number, end: number): void {
  const maskAt = start - 4
  for (let i = 0; i < 4; i++) difference[i] = chunk[maskAt + i]!
  drawMask(chunk, maskAt)
  for (let i = 0; i < 4; i++) difference[i]! ^= chunk[maskAt + i]!
  xor(chunk, start, end, difference, 0)
}

// Messages are unmasked into memory that all share, which grows with them up to here; longer ones get memory of their own.
const largestShared = 1024 * 1024
let shared = Buffer.from(new ArrayBuffer(64 * 1024))

/**
 * The payload at `source[start, end)` without its mask, which stands in the four bytes before it.
 * The source stays as it is. The result is valid until the next call: it may lie in memory that all calls share.
 */
export function unmasked (source: Buffer, start: number, end: number): Buffer {
  const target = memoryFor(end - start)
  source.copy(target, 0, start, end)
  xor(target, 0, target.length, source, start - 4)
  return target
}

function memoryFor (length: number): Buffer {
  if (length <= shared.length) return shared.subarray(0, length)
  const grown = Buffer.from(new ArrayBuffer(Math.max(length, Math.min(length * 2, largestShared))))
  if (length <= largestShared) shared = grown
  return grown.subarray(0, length)
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
