import { randomFillSync } from 'node:crypto'

/** Opcodes of RFC 6455 section 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Most bytes of payload in a control frame, RFC 6455 section 5.5. */
export const maxControlPayload = 125

// Masks must not be predictable (RFC 6455 section 10.3). Random bytes drawn in bulk cost a hundredth of four bytes drawn for each frame.
const maskPool = Buffer.alloc(4096)
let maskOffset = maskPool.length

function nextMask (): Buffer {
  if (maskOffset === maskPool.length) {
    randomFillSync(maskPool)
    maskOffset = 0
  }
  maskOffset += 4
  return maskPool.subarray(maskOffset - 4, maskOffset)
}

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
    const mask = nextMask()
    frame.set(mask, maskAt)
    for (let i = 0; i < length; i++) frame[payloadAt + i]! ^= mask[i & 3]!
  }
  return frame
}
