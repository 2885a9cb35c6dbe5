import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createLease } from '../admission/lease.ts'
import { isSecretProtocol, selectProtocol } from '../auth/credentials.ts'
import { GatewayError } from '../errors.ts'
import { loggable } from '../loggable.ts'
import { admit } from './admit.ts'
import { accept, prepare, refuseByEvent, refuseByHttp } from './answer.ts'
import { readHandshake, readsEventsOnly } from './handshake.ts'
import type { ClientHandshake } from './handshake.ts'
import { openSession } from './open.ts'
import type { RouteTools } from './route.ts'
import { unlisted } from './unlisted.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'

/** The realtime route under all its paths, and below each of them the route of translation sessions. */
export function realtimeRoute (scope: FastifyInstance, tools: RouteTools): void {
  const { options, registry, upgrades, wrongCredentials } = tools
  let waiting = 0

  for (const path of options.paths) {
    route(path, false)
    route(translationsOf(path), true)
  }

  function route (url: string, translates: boolean): void {
    scope.route({
      method: 'GET',
      url,
      // The query may hold what must not be logged, and a model name is logged where it means something.
      logSerializers: { req: request => ({ method: request.method, url, remoteAddress: request.ip }) },
      schema: unlisted,
      preHandler: (request, reply) => upgrade(request, reply, translates),
      // Never reached: `preHandler` answers every request.
      handler: () => { throw new GatewayError('upgrade_required') }
    })
  }
  scope.setErrorHandler((error, _request, reply) => {
    // What is not ours is the host's to answer.
    if (!(error instanceof GatewayError)) throw error
    return refuseByHttp(reply, error)
  })

  async function upgrade (request: FastifyRequest, reply: FastifyReply, translates: boolean): Promise<void> {
    const upgrade = upgrades.claim(request)
    const handshake = readHandshake(request.raw, translates)
    const { socket } = upgrade
    prepare(socket)
    const gone = new AbortController()
    const leave = (): void => gone.abort(new ClientGone())
    const timer = setTimeout(() => gone.abort(new GatewayError('upstream_timeout')), options.upgradeTimeout)
    const stopDrain = registry.onDrain(error => gone.abort(error))
    // While hooks run, only the raw socket tells that the client left. A client that ends its half before the answer counts as gone too.
    socket.on('close', leave)
    socket.on('end', leave)
    // It may have left during an earlier hook, and then no event will come.
    if (socket.destroyed || socket.readableEnded) leave()
    const lease = createLease(leaseFailed(request.log))
    let refused: unknown
    waiting++
    try {
      if (waiting > options.maxUpgrades) throw new GatewayError('at_capacity')
      gone.signal.throwIfAborted()
      registry.refuseWhileDraining()
      const admitted = await admit(request, handshake, lease, gone.signal, tools)
      // From here to the session nothing is awaited, so the client cannot leave unnoticed.
      accept(reply, upgrade, handshake.key, selectProtocol(handshake.protocols))
      try {
        openSession(upgrade, handshake, admitted, lease, request.log, tools)
      } catch (cause) {
        // A host's dialect may throw in `start`: whatever was taken is given back.
        lease.release()
        request.log.error({ err: loggable(cause) }, 'realtime session could not begin')
        refuseByEvent(socket, new GatewayError('internal_error'), options.closeTimeout)
      }
    } catch (cause) {
      lease.release()
      const left = cause instanceof ClientGone || socket.destroyed
      // After a 101, or a part of one, no other answer can be sent.
      if (left || reply.sent) {
        if (left) request.log.debug('realtime client left before it was answered')
        else request.log.error({ err: loggable(cause) }, 'realtime upgrade could not be answered')
        reply.hijack()
        socket.destroy()
        return
      }
      refused = cause
    } finally {
      waiting--
      clearTimeout(timer)
      stopDrain()
    }
    try {
      if (refused !== undefined) await refuse(request, reply, upgrade, handshake, refused, gone.signal)
    } finally {
      socket.off('close', leave)
      socket.off('end', leave)
    }
  }

  async function refuse (request: FastifyRequest, reply: FastifyReply, upgrade: UpgradedSocket, handshake: ClientHandshake, cause: unknown, gone: AbortSignal): Promise<void> {
    // Nothing of the gateway's is held meanwhile.
    const crowded: unknown = await wrongCredentials.slow(cause, request.ip, gone).catch(cause => cause)
    // Whoever ends its half of the connection must not get its answer sooner for it.
    if (upgrade.socket.destroyed || gone.reason instanceof ClientGone) {
      reply.hijack()
      upgrade.socket.destroy()
      return
    }
    const refusal = crowded ?? cause
    const error = refusal instanceof GatewayError ? refusal : new GatewayError('internal_error', { cause: refusal })
    const level = error.statusCode >= 500 ? 'warn' : 'info'
    request.log[level]({ code: error.code, cause: loggable(error.cause) }, 'realtime upgrade refused')
    const byEvent = options.refusal === 'event' || (options.refusal === 'auto' && readsEventsOnly(handshake, isSecretProtocol))
    if (!byEvent) throw error
    accept(reply, upgrade, handshake.key, selectProtocol(handshake.protocols))
    refuseByEvent(upgrade.socket, error, options.closeTimeout)
  }
}

/** Where translation sessions are, beside the sessions of `path`. */
export function translationsOf (path: string): string {
  return `${path.replace(/\/$/, '')}/translations`
}

/** Made here and not in the route, because it lives as long as the session: it must not see the request and all that came with it. */
function leaseFailed (log: FastifyBaseLogger): (cause: unknown) => void {
  return cause => log.error({ err: loggable(cause) }, 'realtime lease')
}

/** The client is not there any more: there is nobody to answer. */
class ClientGone extends Error {}
