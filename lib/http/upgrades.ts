import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { GatewayError } from '../errors.ts'
import { refuseUnrouted } from './answer.ts'

/** The socket of an upgrade request, and the bytes that came behind its headers. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

export interface Upgrades {
  get (request: IncomingMessage): Upgrade | undefined
  /**
   * Answers every further upgrade of the server with 503. Fastify does so too while it closes, but it leaves the socket
   * open, which then holds the server, and does not say when to come back.
   */
  refuse (): void
  /** Stops listening. */
  stop (): void
}

/**
 * Remembers socket and head of every upgrade request of a server. @fastify/websocket routes the request through
 * Fastify and keeps both to itself; the relay needs them, because it forwards frames as they come.
 * @param closeTimeout milliseconds that a refused client may take to close its socket
 */
export function watchUpgrades (server: Server, closeTimeout: number): Upgrades {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    upgrades.set(request, { socket, head })
    // A host that registered @fastify/websocket before us stops routing upgrades before our own shutdown begins.
    if (server.listenerCount('upgrade') === 1) refuseUnrouted(socket, new GatewayError('draining'), closeTimeout)
  }
  server.prependListener('upgrade', onUpgrade)
  return {
    get: request => upgrades.get(request),
    refuse () {
      server.removeAllListeners('upgrade')
      server.on('upgrade', onUpgrade)
    },
    stop: () => { server.off('upgrade', onUpgrade) }
  }
}
