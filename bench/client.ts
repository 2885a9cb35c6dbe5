import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Certificate } from './certificate.ts'
import { frame, FrameReader, opcodes, upgradeRequest } from './wire.ts'

/** Where clients connect: a subject, or the upstream itself. */
export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The client's end of one session. */
export interface ClientLink {
  readonly socket: Socket
  readonly reader: FrameReader
  /** Milliseconds from the start of the TCP connect to the first event. */
  setUp: number
  /** Takes every text frame after the first event. */
  onText: (length: number) => void
  /** Called when the session ends without `close` having been called. */
  onLost: (reason: string) => void
  /** Closes with 1000 and resolves when the socket is gone. */
  close (): Promise<void>
}

// All plain sockets read into one buffer: a frame is counted at once and never kept.
const shared = Buffer.alloc(256 * 1024)

/** Opens a session and resolves at its first event. */
export function openClient (target: Target, certificate?: Certificate): Promise<ClientLink> {
  const url = new URL(target.url)
  const start = performance.now()
  return new Promise((resolve, reject) => {
    let head: string | undefined = ''
    let ready = false
    let closing = false

    const reader = new FrameReader((opcode, length, payload) => {
      if (opcode === opcodes.text && ready) {
        link.onText(length)
      } else if (opcode === opcodes.text) {
        ready = true
        link.setUp = performance.now() - start
        resolve(link)
      } else if (opcode === opcodes.ping) {
        socket.write(frame(opcodes.pong, payload!, true))
      } else if (opcode === opcodes.close) {
        if (!closing) {
          const code = payload!.length > 1 ? payload!.readUInt16BE(0) : 1005
          lost(`closed with ${code} ${payload!.subarray(2).toString()}`)
          socket.write(frame(opcodes.close, payload!, true))
        }
        socket.end()
      }
    })

    const receive = (chunk: Buffer, size: number): void => {
      if (head === undefined) return reader.push(chunk, size)
      head += chunk.toString('latin1', 0, size)
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!head.startsWith('HTTP/1.1 101')) {
        lost(`refused: ${head.slice(0, 300)}`)
        socket.destroy()
        return
      }
      const rest = Buffer.from(head.slice(end + 4), 'latin1')
      head = undefined
      if (rest.length > 0) reader.push(rest, rest.length)
    }

    const lost = (reason: string): void => {
      if (closing) return
      closing = true
      if (ready) link.onLost(reason)
      else reject(new Error(reason))
    }

    const secure = url.protocol === 'wss:'
    const where = { host: url.hostname, port: Number(url.port), noDelay: true }
    const socket = secure
      ? connectTls({ ...where, ca: certificate?.cert })
      : connect({ ...where, onread: { buffer: shared, callback: (size, buffer) => { receive(buffer as Buffer, size); return true } } })
    if (secure) socket.on('data', (chunk: Buffer) => receive(chunk, chunk.length))
    socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(upgradeRequest(url, target.headers)))
    socket.on('error', (error) => lost(error.message))
    socket.on('close', () => lost('socket lost'))

    const link: ClientLink = {
      socket,
      reader,
      setUp: 0,
      onText: () => {},
      onLost: (reason) => { throw new Error(`a session was lost: ${reason}`) },
      close () {
        if (socket.destroyed) return Promise.resolve()
        closing = true
        const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
        socket.write(frame(opcodes.close, Buffer.from([0x03, 0xe8]), true))
        // A subject that never answers the close frame must not hold the run up.
        const cut = setTimeout(() => socket.destroy(), 2_000)
        return gone.finally(() => clearTimeout(cut))
      }
    }
  })
}
