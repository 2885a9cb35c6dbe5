import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { RealtimeEvent } from '../../../types/index.ts'
import { offeredProtocols } from './admission.ts'
import type { ConnectionEvents, SimulatorConnection, SimulatorEnd, SimulatorFrame } from './connection.ts'
import { isFields } from './fields.ts'

interface LiveConnectionOptions {
  readonly index: number
  readonly request: IncomingMessage
  readonly url: URL
  /** What is written to and read from; under TLS, in the clear. */
  readonly socket: Socket
  /** The TCP socket. */
  readonly transport: Socket
  readonly keepFrames: number
}

/** The simulator's own handle of a connection. */
export class LiveConnection extends EventEmitter<ConnectionEvents> implements SimulatorConnection {
  readonly index: number
  readonly url: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly protocols: readonly string[]
  readonly received: SimulatorFrame[] = []
  readonly sent: SimulatorFrame[] = []
  readonly counts = { received: 0, sent: 0 }
  readonly ended: Promise<SimulatorEnd>
  status = 0
  readonly request: IncomingMessage
  readonly socket: Socket
  #transport: Socket
  #ws: WebSocket | undefined
  #end: SimulatorEnd | undefined
  #keep: number

  constructor ({ index, request, url, socket, transport, keepFrames }: LiveConnectionOptions) {
    super()
    this.index = index
    this.request = request
    this.socket = socket
    this.url = request.url ?? '/'
    this.path = url.pathname
    this.query = url.searchParams
    this.headers = request.headers
    this.protocols = offeredProtocols(request)
    this.#transport = transport
    this.#keep = keepFrames
    this.ended = new Promise(resolve => this.once('end', resolve))
    socket.once('close', () => { if (!this.#ws) this.#finish({ code: 1006, reason: '' }) })
  }

  get protocol (): string | undefined {
    return this.#ws?.protocol || undefined
  }

  get isOpen (): boolean {
    return this.#ws?.readyState === 1
  }

  /** The handshake is done: messages flow, `received` and `end` are emitted. */
  attach (ws: WebSocket): void {
    this.#ws = ws
    this.status = 101
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      this.emit('received', this.#record(data, isBinary, 'received'))
    })
    // An error is followed by `close`, which is what is acted on.
    ws.on('error', () => {})
    ws.once('close', (code, reason) => this.#finish({ code, reason: reason.toString() }))
  }

  waitFor (wanted: string | ((frame: SimulatorFrame) => boolean)): Promise<SimulatorFrame> {
    const fits = typeof wanted === 'function' ? wanted : ({ event }: SimulatorFrame) => event?.type === wanted
    const known = this.received.find(fits)
    if (known) return Promise.resolve(known)
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.off('received', onFrame)
        this.off('end', onEnd)
      }
      const onFrame = (frame: SimulatorFrame): void => {
        if (!fits(frame)) return
        stop()
        resolve(frame)
      }
      const onEnd = ({ code }: SimulatorEnd): void => {
        stop()
        reject(new Error(`connection ${this.index} ended with ${code} before the message came`))
      }
      if (this.#end) return onEnd(this.#end)
      this.on('received', onFrame)
      this.on('end', onEnd)
    })
  }

  send (message: RealtimeEvent | string | Buffer): void {
    const ws = this.#ws
    if (!ws || ws.readyState !== ws.OPEN) return
    const isBinary = Buffer.isBuffer(message)
    const data = isBinary ? message : Buffer.from(typeof message === 'string' ? message : JSON.stringify(message))
    ws.send(data, { binary: isBinary })
    this.emit('sent', this.#record(data, isBinary, 'sent'))
  }

  sendRaw (bytes: Buffer): void {
    if (this.socket.writable) this.socket.write(bytes)
  }

  close (code = 1000, reason = ''): void {
    this.#ws?.close(code, reason)
  }

  abort (how: 'rst' | 'fin' = 'rst'): void {
    if (how === 'rst') this.#transport.resetAndDestroy()
    else this.socket.end()
  }

  pause (): void {
    this.#ws?.pause()
  }

  resume (): void {
    this.#ws?.resume()
  }

  ping (): void {
    if (this.isOpen) this.#ws?.ping()
  }

  /** Lets go of the socket at once, whatever the peer does. */
  destroy (): void {
    this.socket.destroy()
  }

  #record (data: Buffer, isBinary: boolean, direction: 'received' | 'sent'): SimulatorFrame {
    const frame = createFrame(data, isBinary)
    const frames = this[direction]
    frames.push(frame)
    if (frames.length > this.#keep) frames.shift()
    this.counts[direction]++
    return frame
  }

  #finish (end: SimulatorEnd): void {
    if (this.#end) return
    this.#end = end
    this.emit('end', end)
  }
}

// Parsed when somebody looks: most frames are audio, and nobody does.
function createFrame (data: Buffer, isBinary: boolean): SimulatorFrame {
  let parsed: { readonly event: RealtimeEvent | undefined } | undefined
  return {
    data,
    isBinary,
    get event () {
      parsed ??= { event: isBinary ? undefined : parseEvent(data) }
      return parsed.event
    }
  }
}

function parseEvent (data: Buffer): RealtimeEvent | undefined {
  try {
    const value: unknown = JSON.parse(data.toString())
    return isFields(value) && typeof value.type === 'string' ? value as RealtimeEvent : undefined
  } catch {
    return undefined
  }
}
