import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers an upgrade, or gives it away. */
export type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Who answers some of a server's upgrades. */
export interface Claimant {
  owns (request: IncomingMessage): boolean
  readonly take: TakeUpgrade
  /** Routes what looks like a WebSocket handshake and nobody at all listens for: a path may become another on its way. */
  readonly route: TakeUpgrade
  /** Told where one listener of the host's took a socket that another had: nobody would catch it. */
  readonly collided: (cause: unknown) => void
}

const claimants = new WeakMap<Server, Claimant[]>()

/**
 * Asks `claimant` first about each upgrade of the server. A listener beside the host's would not do: each listener sees
 * every upgrade, so two may answer one socket, one may throw because another has taken it, and socket.io ends whatever
 * has no answer after a second. What the claimant does not own reaches the host's listeners as if it were not there.
 */
export function claimUpgrades (server: Server, claimant: Claimant): void {
  const known = claimants.get(server)
  if (known !== undefined) {
    known.push(claimant)
    return
  }
  const all = [claimant]
  claimants.set(server, all)
  const standIn = standInFor(server)
  const emit = server.emit
  server.emit = function (this: Server, name: string | symbol, ...given: unknown[]): boolean {
    if (name !== 'upgrade') return Reflect.apply(emit, this, [name, ...given]) as boolean
    const [request, socket, head] = given as Parameters<TakeUpgrade>
    const owner = all.find(each => each.owns(request))
    if (owner !== undefined) owner.take(request, socket, head)
    else if (!server.listeners('upgrade').includes(standIn)) {
      try {
        return Reflect.apply(emit, this, [name, ...given]) as boolean
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ERR_HTTP_SOCKET_ASSIGNED') throw cause
        claimant.collided(cause)
      }
    } else if (isHandshake(request)) claimant.route(request, socket, head)
    else withoutUpgrade(server, request, socket, head)
    return true
  }
}

/**
 * Keeps a listener on the server while the host has none, for Node asks whether somebody listens before it says
 * `upgrade` at all. It leaves when the host adds one: @fastify/http-proxy counts the listeners to learn whether it is alone.
 */
function standInFor (server: Server): () => void {
  const standIn = (): void => {}
  const stand = (): void => { if (server.listenerCount('upgrade') === 0) server.on('upgrade', standIn) }
  stand()
  server.on('newListener', (name, listener) => {
    if (name === 'upgrade' && listener !== standIn) server.off('upgrade', standIn)
  })
  // Not at once: where it left for the host's listener, that one comes next.
  server.on('removeListener', name => { if (name === 'upgrade') queueMicrotask(stand) })
  return standIn
}

function isHandshake ({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/**
 * Gives a request back to the server as one that asks for no upgrade, which a server may ignore (RFC 9110 section 7.8)
 * and Node does ignore where nobody listens: curl and Java's client offer `h2c` on requests with a body.
 */
function withoutUpgrade (server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}
