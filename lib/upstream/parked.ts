import type { Duplex } from 'node:stream'
import { readClosePayload } from '../wire/close-frame.ts'
import { encodeFrame, opcodes } from '../wire/frame.ts'
import { MessageReader } from '../wire/reader.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'

/** What whoever parks a socket is told. */
interface ParkedEvents {
  /** The first whole message is there; `undefined`: a binary one. */
  first? (text: Buffer | undefined): void
  /** The upstream closed (1006: without a close frame). Comes at most once, like `failed`, and nothing after it. */
  ended (code: number): void
  /** The upstream broke the protocol, or said more than `maxBytes`. */
  failed (cause: Error): void
}

/**
 * An upstream's socket that no session owns yet. It is read all the while, so that pings are answered and its end is seen; what came is
 * kept, and whoever takes the socket reads it again from the first byte.
 */
export class ParkedSocket {
  readonly #socket: Duplex
  readonly #maxBytes: number
  readonly #events: ParkedEvents
  readonly #reader: MessageReader<never>
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #stopped = false

  /** @param maxBytes how much may come before the socket is taken */
  constructor (socket: Duplex, maxBytes: number, limits: ReaderLimits, events: ParkedEvents) {
    this.#socket = socket
    this.#maxBytes = maxBytes
    this.#events = events
    let first = (text: Buffer | undefined): void => {
      first = () => {}
      events.first?.(text)
    }
    this.#reader = new MessageReader<never>(false, limits, {
      inspects: true,
      inspectsBinary: true,
      judge: (payload, binary) => {
        first(binary ? undefined : payload)
        return undefined
      },
      take: () => {},
      forward: () => {},
      control: (opcode, payload) => this.#control(opcode, payload),
      fail: failure => this.#fail(`the upstream broke the protocol: ${failure}`)
    })
  }

  /** Begins to read. `head`: what came already. */
  start (head: Buffer): void {
    const socket = this.#socket
    // The socket was closed before anyone listened, so no `close` event will come.
    if (socket.destroyed) return this.#end(1006)
    socket.on('end', this.#onEnd).on('close', this.#onEnd)
    if (head.length > 0) this.#read(head)
    if (!this.#stopped) socket.on('data', this.#read).resume()
  }

  /** Reads no more, and gives the paused socket with all that came. */
  take (): UpgradedSocket {
    this.#stop()
    return { socket: this.#socket, head: Buffer.concat(this.#chunks) }
  }

  readonly #read = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#reader.push(chunk)
    if (!this.#stopped && this.#bytes > this.#maxBytes) this.#fail('the upstream said too much before there was a session')
  }

  readonly #onEnd = (): void => this.#end(1006)

  #control (opcode: number, payload: Buffer): void {
    if (opcode === opcodes.ping) {
      this.#socket.write(encodeFrame(opcodes.pong, payload, true))
    } else if (opcode === opcodes.close) {
      const close = readClosePayload(payload)
      this.#end(typeof close === 'string' ? 1006 : close.code)
    }
  }

  #end (code: number): void {
    this.#stop()
    this.#events.ended(code)
  }

  #fail (message: string): void {
    this.#stop()
    this.#events.failed(new Error(message))
  }

  #stop (): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#reader.stop()
    this.#socket.off('data', this.#read).off('end', this.#onEnd).off('close', this.#onEnd).pause()
  }
}
