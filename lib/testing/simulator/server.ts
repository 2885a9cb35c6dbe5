import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { PATHS, admit, selectProtocol } from './admission.ts'
import type { SimulatorConnection } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { createFaultQueue, faultOf } from './faults.ts'
import type { SimulatorFault } from './faults.ts'
import { errorBody, failHandshake, refuse } from './handshake-faults.ts'
import { LiveConnection } from './live-connection.ts'
import { runSession } from './live-session.ts'
import type { SimulatorFlavour, SimulatorOptions } from './options.ts'

/** A running simulator. Emits `connection` for each upgrade that a client asks for, before it is answered. */
export interface Simulator extends EventEmitter<{ connection: [connection: SimulatorConnection] }> {
  readonly flavour: SimulatorFlavour
  readonly port: number
  /** Address of the realtime route, `ws://127.0.0.1:<port>/v1/realtime` say; a deployment's `baseUrl` takes it as it is. */
  readonly url: string
  /** Every connection so far, refused ones too. */
  readonly connections: readonly SimulatorConnection[]
  /** Resolves with the connection of this number (from 0), now or when it comes. */
  connection (index: number): Promise<SimulatorConnection>
  /**
   * Plans faults that happen together on each of the next `connections` (default 1) connections, behind those planned before.
   * @returns a function that takes back what has not happened yet.
   */
  inject (faults: SimulatorFault | readonly SimulatorFault[], connections?: number): () => void
  /** Cuts every connection and stops listening. A second call does nothing. */
  close (): Promise<void>
}

// Only the path and the query of an upgrade's target matter.
const BASE = 'ws://simulator'
/** OpenAI takes 15 MiB of audio in one event; base64 and JSON come on top. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024

/**
 * Starts a simulated realtime service: the events, orders, fields, errors and audio of the real one, without a network,
 * a key or a bill. For test suites and demos.
 * @throws when the port is taken, or the certificate is bad.
 */
export async function createSimulator (options: SimulatorOptions = {}): Promise<Simulator> {
  const { flavour = 'openai', host = '127.0.0.1', port = 0, tls, keepFrames = 1000 } = options
  const server: Server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }) : createServer()
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: offered => selectProtocol([...offered]) ?? false
  })
  const connections: LiveConnection[] = []
  const conversations = new Map<string, Conversation>()
  const planned = createFaultQueue()
  const emitter = new EventEmitter<{ connection: [connection: SimulatorConnection] }>()

  // Under TLS the socket of an upgrade cannot be reset. The TCP socket below it is found by the address of its peer.
  const transports = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    transports.set(peer, socket)
    socket.once('close', () => transports.delete(peer))
  })
  server.on('request', (_request, response) => {
    response.writeHead(426, { 'Content-Type': 'application/json', Upgrade: 'websocket' })
    response.end(errorBody('This is a WebSocket endpoint.', 'upgrade_required'))
  })
  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket
    const transport = transports.get(peerOf(socket)) ?? socket
    // Broken connections are normal here. `close` follows, and is what is acted on.
    socket.on('error', () => {})
    if (!URL.canParse(request.url ?? '', BASE)) return refuse(socket, 400, errorBody('Invalid URL.', 'invalid_url'))
    const url = new URL(request.url ?? '', BASE)
    const faults = [...options.faults ?? [], ...planned.take()]
    const connection = new LiveConnection({ index: connections.length, request, url, socket, transport, keepFrames })
    connections.push(connection)
    emitter.emit('connection', connection)
    const delay = faultOf(faults, 'delay')?.ms ?? 0
    const timer = setTimeout(() => answer(connection, url, head, faults), delay)
    socket.once('close', () => clearTimeout(timer))
  })

  function answer (connection: LiveConnection, url: URL, head: Buffer, faults: readonly SimulatorFault[]): void {
    const { request, socket } = connection
    const failed = failHandshake(faults, connection)
    if (failed !== undefined) {
      connection.status = failed
      return
    }
    const admission = admit(request, url, flavour, options)
    if (admission.type === 'refuse') {
      connection.status = admission.status
      refuse(socket, admission.status, errorBody(admission.message, admission.code))
      return
    }
    wss.handleUpgrade(request, socket, head, ws => {
      connection.attach(ws)
      runSession({ connection, flavour, options, faults, fatal: admission.fatal, conversations })
    })
  }

  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const authority = `${host.includes(':') ? `[${host}]` : host}:${address.port}`

  return Object.assign(emitter, {
    flavour,
    port: address.port,
    url: `${tls ? 'wss' : 'ws'}://${authority}${PATHS[flavour]}`,
    connections,
    async connection (index: number) {
      while (connections.length <= index) await once(emitter, 'connection')
      return connections[index]!
    },
    inject: planned.inject,
    async close () {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      for (const connection of connections) connection.destroy()
      await closed
    }
  })
}

function peerOf (socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? ''}`
}
