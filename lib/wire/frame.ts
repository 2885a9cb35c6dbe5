import { drawMask, xor } from './mask.ts'

/** Opcodes of RFC 6455 section 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Most bytes of payload in a control frame, RFC 6455 section 5.5. */
export const maxControlPayload = 125

/**
 * One whole, final frame.
 * @param masked whether it goes to a server, which takes masked frames only.
 */
export function encodeFrame (opcode: number, payload: Uint8Array, masked: boolean): Buffer {
  const length = payload.length
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8
  const maskAt = 2 + lengthBytes
  const payloadAt = maskAt + (masked ? 4 : 0)
  const frame = Buffer.allocUnsafe(payloadAt + length)
  frame[0] = 0x80 | opcode
  const maskBit = masked ? 0x80 : 0
  if (lengthBytes === 0) {
    frame[1] = maskBit | length
  } else if (lengthBytes === 2) {
    frame[1] = maskBit | 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = maskBit | 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.set(payload, payloadAt)
  if (masked) {
    drawMask(frame, maskAt)
    xor(frame, payloadAt, frame.length, frame, maskAt)
  }
  return frame
}
