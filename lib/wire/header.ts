import { maxControlPayload, opcodes } from './frame.ts'

/** Length of the header at `at`; 2 while its second byte has not come. */
export function headerLength (chunk: Buffer, at: number, size: number): number {
  if (at + 1 >= size) return 2
  const second = chunk[at + 1]!
  const short = second & 0x7f
  return (short < 126 ? 2 : short === 126 ? 4 : 10) + (second >= 0x80 ? 4 : 0)
}

/**
 * Length of the frame at `at`, header included: 0 while the header is not complete, -1 when it breaks RFC 6455
 * section 5.2. Judged as soon as the byte at fault is there.
 * @param masked `true`: frames of this peer must be masked; `false`: they must not
 * @param continues whether the frame comes inside a fragmented message
 */
export function frameLength (chunk: Buffer, at: number, size: number, masked: boolean, continues: boolean): number {
  const first = chunk[at]!
  const opcode = first & 0x0f
  const control = opcode >= 8
  // No extension is negotiated that would give the reserved bits a meaning.
  if (first & 0x70) return -1
  if (opcode > opcodes.pong || (opcode > opcodes.binary && !control)) return -1
  if (control ? first < 0x80 : (opcode === opcodes.continuation) !== continues) return -1
  if (at + 1 >= size) return 0
  const second = chunk[at + 1]!
  if ((second >= 0x80) !== masked) return -1
  const short = second & 0x7f
  if (control && short > maxControlPayload) return -1
  const header = headerLength(chunk, at, size)
  if (at + header > size) return 0
  if (short < 126) return header + short
  if (short === 126) {
    const length = chunk.readUInt16BE(at + 2)
    return length < 126 ? -1 : header + length
  }
  const high = chunk.readUInt32BE(at + 2)
  const length = high * 4294967296 + chunk.readUInt32BE(at + 6)
  // The shortest form must be used, and the top bit must be 0.
  return high > 0x7fffffff || length < 65536 ? -1 : header + length
}
