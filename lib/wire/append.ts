// A buffer that grows gets half as much room again, up to this much: so it is seldom copied, and never twice as large as what the peer sent.
const mostRoom = 1024 * 1024

/**
 * Copies `chunk[start, end)` behind the first `length` bytes of `buffer`.
 * @param atMost the length that the whole will have, as far as it is known; `Infinity`: it is not
 * @returns `buffer`, or a larger copy where there was no room
 */
export function append (buffer: Buffer, length: number, chunk: Buffer, start: number, end: number, atMost: number): Buffer {
  const needed = length + end - start
  if (needed > buffer.length) {
    const grown = Buffer.allocUnsafeSlow(Math.ceil(Math.max(needed, Math.min(needed * 1.5, needed + mostRoom, atMost))))
    buffer.copy(grown, 0, 0, length)
    buffer = grown
  }
  chunk.copy(buffer, length, start, end)
  return buffer
}
