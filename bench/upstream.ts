import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from './certificate.ts'
import { boundId, createdFrame } from './frames.ts'
import { frame, FrameReader, opcodes, upgradeResponse } from './wire.ts'

/** The upstream's end of one session. */
export interface UpstreamLink {
  readonly socket: Socket
  readonly reader: FrameReader
  /** Takes every text frame after the first, which named the client. */
  onText: (length: number) => void
}

export interface Upstream {
  readonly url: string
  /** Resolves with the upstream's end of the client that sends `bindFrame(id)`. */
  bound (id: number): Promise<UpstreamLink>
  /** Errors, unexpected frames and lost sockets since the last call. */
  takeFaults (): string[]
  close (): Promise<void>
}

/** A provider as cheap as Node allows: raw sockets, ready-made frames, a frame counter. */
export async function startUpstream (certificate?: Certificate): Promise<Upstream> {
  const waiting = new Map<number, (link: UpstreamLink) => void>()
  const sockets = new Set<Socket>()
  let faults: string[] = []

  const serve = (socket: Socket): void => {
    sockets.add(socket)
    socket.setNoDelay(true)
    let request = ''
    let bound = false
    let open = false
    const reader = new FrameReader((opcode, length, payload) => {
      if (opcode === opcodes.text && bound) {
        link.onText(length)
      } else if (opcode === opcodes.text) {
        const id = boundId(payload!)
        // A gateway may have something to say before its client.
        if (id === undefined) return
        bound = true
        reader.collect = false
        waiting.get(id)?.(link)
        waiting.delete(id)
      } else if (opcode === opcodes.ping) {
        socket.write(frame(opcodes.pong, payload!, false))
      } else if (opcode === opcodes.close) {
        socket.end(frame(opcodes.close, payload!, false))
      } else if (opcode !== opcodes.pong) {
        faults.push(`upstream got opcode ${opcode}`)
      }
    })
    reader.collect = true
    const link: UpstreamLink = { socket, reader, onText: () => {} }
    socket.on('data', (chunk: Buffer) => {
      if (open) return reader.push(chunk, chunk.length)
      request += chunk.toString('latin1')
      const end = request.indexOf('\r\n\r\n')
      if (end < 0) return
      open = true
      socket.write(Buffer.concat([Buffer.from(upgradeResponse(request)), createdFrame.wire]))
      const rest = Buffer.from(request.slice(end + 4), 'latin1')
      if (rest.length > 0) reader.push(rest, rest.length)
    })
    socket.on('error', (error) => faults.push(`upstream socket: ${error.message}`))
    socket.on('close', () => sockets.delete(socket))
  }

  const server: Server = certificate === undefined
    ? createServer({ noDelay: true }, serve)
    // One version and one cipher for all, so that the subjects encrypt alike.
    : createTlsServer({ key: certificate.key, cert: certificate.cert, minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256', noDelay: true }, serve)
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `${certificate === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}`,
    bound: (id) => new Promise((resolve) => waiting.set(id, resolve)),
    takeFaults () {
      const taken = faults
      faults = []
      return taken
    },
    close () {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}
