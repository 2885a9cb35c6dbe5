import { append } from './append.ts'
import { opcodes } from './frame.ts'
import { headerLength } from './header.ts'
import { unmasked } from './mask.ts'

const empty: Buffer = Buffer.alloc(0)

/** The frames of one message that comes in fragments, kept as they came. */
export class Fragments {
  /** How many have come; 0 where no message is under way. */
  count = 0
  /** Bytes of payload in them. */
  bytes = 0
  binary = false
  #held = empty
  #length = 0

  /** The frames so far, headers included. */
  get frames (): Buffer {
    return this.#held.subarray(0, this.#length)
  }

  add (chunk: Buffer, at: number, payloadAt: number, end: number): void {
    if (this.count++ === 0) this.binary = (chunk[at]! & 0x0f) === opcodes.binary
    this.bytes += end - payloadAt
    this.#held = append(this.#held, this.#length, chunk, at, end, Infinity)
    this.#length += end - at
  }

  /** The payload of the whole message, whose frames were checked as they came. */
  join (masked: boolean): Buffer {
    const { frames } = this
    const payload = Buffer.allocUnsafe(this.bytes)
    let filled = 0
    for (let at = 0; at < frames.length;) {
      const start = at + headerLength(frames, at, frames.length)
      const short = frames[at + 1]! & 0x7f
      const length = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : frames.readUInt32BE(at + 6)
      const part = masked ? unmasked(frames, start, start + length) : frames.subarray(start, start + length)
      part.copy(payload, filled)
      filled += length
      at = start + length
    }
    return payload
  }

  clear (): void {
    this.#held = empty
    this.#length = this.count = this.bytes = 0
  }
}
