import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** The socket of an upgrade request, and the bytes that came behind its headers. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

export interface Upgrades {
  get (request: IncomingMessage): Upgrade | undefined
  /** Stops listening. */
  stop (): void
}

/**
 * Remembers socket and head of every upgrade request of a server. @fastify/websocket routes the request through
 * Fastify and keeps both to itself; the relay needs them, because it forwards frames as they come.
 * @param draining while true and nobody else listens for upgrades any more, they are refused here
 */
export function watchUpgrades (server: Server, draining: () => boolean): Upgrades {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    upgrades.set(request, { socket, head })
    // A host that registered @fastify/websocket before us stops routing upgrades before our sessions have ended.
    if (draining() && server.listenerCount('upgrade') === 1) {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n')
    }
  }
  server.prependListener('upgrade', onUpgrade)
  return {
    get: request => upgrades.get(request),
    stop: () => { server.off('upgrade', onUpgrade) }
  }
}
