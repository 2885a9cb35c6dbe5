import { createHash, randomBytes } from 'node:crypto'

const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** One unfragmented frame; `mask` as a client must send it. */
export function frame (opcode: number, payload: Buffer, mask: boolean): Buffer {
  const size = payload.length
  const extended = size < 126 ? 0 : size < 65536 ? 2 : 8
  const head = Buffer.alloc(2 + extended + (mask ? 4 : 0))
  head[0] = 0x80 | opcode
  head[1] = (mask ? 0x80 : 0) | (extended === 0 ? size : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(size, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(size), 2)
  if (!mask) return Buffer.concat([head, payload])
  // A real key: an all-zero one would spare the subject its unmasking.
  const key = randomBytes(4)
  key.copy(head, head.length - 4)
  const masked = Buffer.from(payload)
  for (let i = 0; i < masked.length; i++) masked[i] = masked[i]! ^ key[i & 3]!
  return Buffer.concat([head, masked])
}

/** What a reader tells its owner. `payload` is there for control frames and while `reader.collect` is on. */
export type OnFrame = (opcode: number, length: number, payload: Buffer | undefined) => void

/**
 * Counts frames in a byte stream without keeping their payload: the load generator and the upstream share
 * one core, and a full WebSocket parser there would be the bottleneck instead of the subject.
 */
export class FrameReader {
  /** Keep and unmask the payload of data frames too. */
  collect = false
  bytes = 0
  readonly #onFrame: OnFrame
  #left = 0
  #opcode = 0
  #length = 0
  #mask: Buffer | undefined
  #carry: Buffer | undefined
  #parts: Buffer[] | undefined
  #taker: ((payload: Buffer) => void) | undefined

  constructor (onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** Gives the payload of the next frame, unmasked, to `taker` instead of counting it. */
  take (taker: (payload: Buffer) => void): void {
    this.collect = true
    this.#taker = taker
  }

  /** Takes `size` bytes of `chunk`, which may be overwritten after the call. */
  push (chunk: Buffer, size: number): void {
    this.bytes += size
    let at = 0
    if (this.#carry !== undefined) {
      chunk = Buffer.concat([this.#carry, chunk.subarray(0, size)])
      size = chunk.length
      this.#carry = undefined
    }
    while (at < size) {
      if (this.#left === 0) {
        const head = this.#readHead(chunk, at, size)
        if (head === 0) {
          this.#carry = Buffer.from(chunk.subarray(at, size))
          return
        }
        at += head
      }
      const take = Math.min(this.#left, size - at)
      if (this.#parts !== undefined && take > 0) this.#parts.push(Buffer.from(chunk.subarray(at, at + take)))
      at += take
      this.#left -= take
      if (this.#left === 0) this.#finish()
    }
  }

  #readHead (chunk: Buffer, at: number, size: number): number {
    if (size - at < 2) return 0
    const masked = (chunk[at + 1]! & 0x80) !== 0
    const short = chunk[at + 1]! & 0x7f
    const extended = short < 126 ? 0 : short === 126 ? 2 : 8
    const head = 2 + extended + (masked ? 4 : 0)
    if (size - at < head) return 0
    this.#opcode = chunk[at]! & 0x0f
    this.#length = extended === 0 ? short : extended === 2 ? chunk.readUInt16BE(at + 2) : Number(chunk.readBigUInt64BE(at + 2))
    this.#left = this.#length
    if (this.collect || this.#opcode >= opcodes.close) {
      this.#parts = []
      this.#mask = masked ? Buffer.from(chunk.subarray(at + head - 4, at + head)) : undefined
    }
    return head
  }

  #finish (): void {
    const parts = this.#parts
    if (parts === undefined) {
      this.#onFrame(this.#opcode, this.#length, undefined)
      return
    }
    this.#parts = undefined
    const payload = Buffer.concat(parts)
    if (this.#mask !== undefined) {
      for (let i = 0; i < payload.length; i++) payload[i] = payload[i]! ^ this.#mask[i & 3]!
    }
    if (this.#taker !== undefined && this.#opcode < opcodes.close) {
      this.collect = false
      this.#taker(payload)
      this.#taker = undefined
      return
    }
    this.#onFrame(this.#opcode, this.#length, payload)
  }
}

export function upgradeRequest (url: URL, headers: Readonly<Record<string, string>>): string {
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${own}\r\n`
}

export function upgradeResponse (request: string): string {
  const key = /^sec-websocket-key:\s*(\S+)/im.exec(request)?.[1] ?? ''
  const accept = createHash('sha1').update(key + handshakeGuid).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}
