import type { Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { createDecoder, encode, OPCODE } from '../fixtures/wire/frames.ts'
import type { WireFrame } from '../fixtures/wire/frames.ts'
import { checksum, compose } from './messages.ts'
import type { Script } from './messages.ts'

/** What one end did and saw. */
export interface Tape {
  /** Checksums of the messages of the script that were sent. */
  readonly sent: number[]
  /** Checksums of the messages that came, the gateway's own left out. */
  readonly received: number[]
  /** `error.code` of the last `error` event that came. */
  error?: string
  /** Code of the close frame that came, 1005 for one without. */
  closeCode?: number
}

export function newTape (): Tape {
  return { sent: [], received: [] }
}

export interface EndOptions {
  readonly role: 'client' | 'upstream'
  /** Written on from one end of a session to the next, where an end has several. */
  readonly tape: Tape
  readonly mask?: Buffer
}

/** One end of a session after its handshake. It answers pings and close frames unless told not to. */
export class End {
  readonly socket: Socket
  readonly tape: Tape
  /** Pings stay without an answer. */
  unresponsive = false
  /** Close frames stay without an answer. */
  stubborn = false
  /** Called with each text message of the gateway's own: an `error` event, a `response.cancel`. */
  onOwn = (_text: string): void => {}
  /** Resolves when the peer has ended the connection, or this end has cut it. */
  readonly over: Promise<void>
  readonly #role: EndOptions['role']
  readonly #mask: Buffer | undefined
  readonly #decoder = createDecoder()
  readonly #aborter = new AbortController()
  #parts: WireFrame[] = []
  #closeSent = false
  #heard = (): void => {}
  #answered = (): void => {}

  constructor (socket: Socket, head: Buffer, { role, tape, mask }: EndOptions) {
    this.socket = socket
    this.tape = tape
    this.#role = role
    this.#mask = mask
    this.over = new Promise(resolve => {
      const over = (): void => {
        this.#aborter.abort()
        this.#heard()
        this.#answered()
        resolve()
      }
      socket.on('end', () => {
        socket.end()
        over()
      })
      socket.on('close', over)
    })
    socket.on('error', () => {})
    socket.on('data', chunk => this.#hear(chunk))
    if (head.length > 0) this.#hear(head)
    socket.resume()
  }

  get isOver (): boolean {
    return this.#aborter.signal.aborted
  }

  /** Waits, for less when the connection ends before. */
  async pause (ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#aborter.signal }).catch(() => {})
  }

  /** Sends a script, up to `count` messages of it. */
  async speak (script: Script, type: string, count = script.length): Promise<void> {
    for (const message of script.slice(0, count)) {
      await this.pause(message.gap)
      if (this.isOver || this.#closeSent) return
      this.socket.write(compose(message, type, this.tape, this.#mask))
      // Others have their turn between two messages, however large these are.
      await nextTurn()
    }
  }

  /** Sends an event that counts as one of the script. */
  say (event: object): void {
    const payload = Buffer.from(JSON.stringify(event))
    this.tape.sent.push(checksum(false, payload))
    this.frame(OPCODE.text, payload)
  }

  /** Sends a frame that is on no tape. */
  frame (opcode: number, payload: Buffer | string = '', { fin = true, rsv = 0, masked = this.#role === 'client' } = {}): void {
    this.socket.write(encode({ opcode, fin, rsv, payload: Buffer.from(payload) }, masked ? this.#mask ?? Buffer.from([1, 2, 3, 4]) : undefined))
  }

  /** Pings the peer; resolves with its next pong, or when the connection is over. */
  ping (): Promise<void> {
    return new Promise(resolve => {
      this.#answered = resolve
      this.frame(OPCODE.ping)
    })
  }

  /** Resolves when `count` messages of the peer's have come, or the connection is over. */
  heard (count: number): Promise<void> {
    return new Promise(resolve => {
      this.#heard = () => {
        if (this.tape.received.length < count && !this.isOver) return
        this.#heard = () => {}
        resolve()
      }
      this.#heard()
    })
  }

  close (code: number | undefined): void {
    if (this.#closeSent || this.isOver) return
    this.#closeSent = true
    const payload = Buffer.alloc(code === undefined ? 0 : 2)
    if (code !== undefined) payload.writeUInt16BE(code)
    this.frame(OPCODE.close, payload)
  }

  #hear (chunk: Buffer): void {
    for (const frame of this.#decoder.push(chunk)) this.#take(frame)
    this.#heard()
  }

  #take (frame: WireFrame): void {
    if (frame.opcode === OPCODE.close) {
      this.tape.closeCode ??= frame.payload.length >= 2 ? frame.payload.readUInt16BE() : 1005
      if (this.stubborn) return
      this.close(this.tape.closeCode === 1005 ? undefined : this.tape.closeCode)
      // The server ends the TCP connection, RFC 6455 section 7.1.1; a client waits for it to.
      if (this.#role === 'upstream') this.socket.end()
    } else if (frame.opcode === OPCODE.ping) {
      if (!this.unresponsive && !this.#closeSent) this.frame(OPCODE.pong, frame.payload)
    } else if (frame.opcode === OPCODE.pong) {
      this.#answered()
    } else {
      this.#parts.push(frame)
      if (!frame.fin) return
      const payload = this.#parts.length === 1 ? frame.payload : Buffer.concat(this.#parts.map(part => part.payload))
      const binary = this.#parts[0]!.opcode === OPCODE.binary
      this.#parts = []
      this.#message(binary, payload)
    }
  }

  #message (binary: boolean, payload: Buffer): void {
    if (!binary && isOwn(payload)) {
      const text = payload.toString()
      if (text.startsWith('{"type":"error"')) this.tape.error = (JSON.parse(text) as { error: { code: string } }).error.code
      this.onOwn(text)
    } else {
      this.tape.received.push(checksum(binary, payload))
    }
  }
}

function isOwn (payload: Buffer): boolean {
  const start = payload.toString('latin1', 0, 26)
  return start.startsWith('{"type":"error"') || start.startsWith('{"type":"response.cancel"}')
}
