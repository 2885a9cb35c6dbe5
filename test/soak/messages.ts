import { crc32 } from 'node:zlib'
import { encode, OPCODE } from '../fixtures/wire/frames.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'

/** One message of a script, as numbers; `payloadOf` makes its bytes. */
export interface Scripted {
  readonly binary: boolean
  readonly bytes: number
  readonly fragments: number
  /** Milliseconds to wait before it. */
  readonly gap: number
  /** Where in the pool its bytes are. */
  readonly offset: number
}

export type Script = readonly Scripted[]

const poolBytes = 4 * 1024 * 1024
// Base64 letters, so that a text of any cut is UTF-8 and needs no escape.
const pool = drawPool()

function drawPool (): Buffer {
  const random = createRandom(7)
  const letters = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
  const bytes = Buffer.allocUnsafe(poolBytes)
  for (let i = 0; i < poolBytes; i++) bytes[i] = letters[Math.floor(random.next() * 64)]!
  return bytes
}

/**
 * @param heavy far more than the buffers between two peers hold
 * @param endless small messages for longer than a session may last
 */
export function drawScript (random: Random, heavy: boolean, endless: boolean): Script {
  const count = heavy ? 24 : endless ? 50 : random.spread(1, 25)
  const burst = random.chance(0.2)
  return Array.from({ length: count }, () => {
    const bytes = heavy ? 700_000 : endless ? 50 : random.chance(0.03) ? random.spread(60_000, 400_000) : random.spread(0, 20_000)
    return {
      binary: random.chance(0.1),
      bytes,
      fragments: random.chance(0.1) ? random.int(2, 6) : 1,
      gap: endless ? 200 : heavy || burst ? 0 : random.spread(0, 400),
      offset: random.int(0, poolBytes - bytes - 1)
    }
  })
}

function payloadOf ({ binary, bytes, offset }: Scripted, type: string): Buffer {
  const body = pool.subarray(offset, offset + bytes)
  return binary ? body : Buffer.concat([Buffer.from(`{"type":"${type}","delta":"`), body, Buffer.from('"}')])
}

function framesOf (opcode: number, payload: Buffer, fragments: number, mask: Buffer | undefined): Buffer {
  if (fragments <= 1) return encode({ opcode, fin: true, rsv: 0, payload }, mask)
  const step = Math.ceil(payload.length / fragments)
  return Buffer.concat(Array.from({ length: fragments }, (_, i) => encode({
    opcode: i === 0 ? opcode : OPCODE.continuation,
    fin: i === fragments - 1,
    rsv: 0,
    payload: payload.subarray(i * step, (i + 1) * step)
  }, mask)))
}

/** The bytes of a scripted message, which `tape` counts as sent. */
export function compose (message: Scripted, type: string, tape: { readonly sent: number[] }, mask: Buffer | undefined): Buffer {
  const payload = payloadOf(message, type)
  tape.sent.push(checksum(message.binary, payload))
  return framesOf(message.binary ? OPCODE.binary : OPCODE.text, payload, message.fragments, mask)
}

/** What both ends write down of a message, to compare in the end. */
export function checksum (binary: boolean, payload: Buffer): number {
  return crc32(payload, binary ? 1 : 0)
}
