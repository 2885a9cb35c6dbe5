// Room for what is to come, half as much as came: held memory stays below twice what the peer has sent.
const mostRoom = 1024 * 1024

/** Puts `chunk[start, end)` behind the first `length` bytes of `buffer`, which grows, to `atMost` where it is known what is to come. */
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
