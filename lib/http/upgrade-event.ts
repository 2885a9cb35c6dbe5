import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Takes over an upgrade, and answers it in the end. */
type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Who answers some of a server's upgrades. */
interface Claimant {
  owns (request: IncomingMessage): boolean
  readonly take: TakeUpgrade
  /** Routes a WebSocket handshake that the host does not listen for: `rewriteUrl` may turn its path into one of ours. */
  readonly route: TakeUpgrade
  /** Told where two listeners of the host took one socket: what the second throws would end the process. */
  readonly collided: (cause: unknown) => void
}

const claimants = new WeakMap<Server, Claimant[]>()

/**
 * Asks `claimant` first about each upgrade of the server. What it does not own reaches the host's listeners as if it were not there. One more
 * listener beside the host's would not do: every listener sees every upgrade, so two may answer one socket, one may throw because another has
 * taken it, and socket.io ends every socket that has no answer after a second.
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
 * Keeps a listener on the server while the host has none, because Node emits `upgrade` only where somebody listens. It is removed when the
 * host adds one, because @fastify/http-proxy counts the listeners to learn whether it is alone.
 */
function standInFor (server: Server): () => void {
  const standIn = (): void => {}
  const stand = (): void => { if (server.listenerCount('upgrade') === 0) server.on('upgrade', standIn) }
  stand()
  server.on('newListener', (name, listener) => {
    if (name === 'upgrade' && listener !== standIn) server.off('upgrade', standIn)
  })
  // In a microtask: where it was removed for the host's listener, that one is added next.
  server.on('removeListener', name => { if (name === 'upgrade') queueMicrotask(stand) })
  return standIn
}

function isHandshake ({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/**
 * Gives a request back to the server without its `Upgrade`. A server may ignore that header (RFC 9110 section 7.8), and Node does where nobody
 * listens. Such requests are common: curl and Java's client offer `h2c` on requests with a body.
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
