import type { FastifyInstance, FastifyRequest } from 'fastify'
import findMyWay from 'find-my-way'
import type { Config, HTTPVersion } from 'find-my-way'
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { GatewayError } from '../errors.ts'
import { traced } from '../loggable.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'
import { dismiss, refuseUnrouted } from './answer.ts'
import { claimUpgrades } from './upgrade-event.ts'

/** The upgrades of a gateway's own paths, and of no others. */
export interface Upgrades {
  /** From here on an upgrade of this path is ours; a path as Fastify's router takes it. */
  own (path: string): void
  /**
   * Hands out the socket of an upgrade and the bytes that came behind its headers, once.
   * @throws GatewayError `upgrade_required` where the request asks for no upgrade; `internal_error` where it does and
   * did not come from the app's server, or its socket was handed out before
   */
  claim (request: FastifyRequest): UpgradedSocket
  /**
   * Answers every further upgrade with 503. Fastify does so too while it closes, but does not say when to come back.
   */
  refuse (): void
}

/**
 * Takes the upgrades of our own paths from the app's server and routes each through Fastify, with its hooks. @fastify/websocket does so too,
 * but keeps the socket to itself, and the relay needs the socket to forward frames as they come.
 * @param closeTimeout milliseconds that a refused client may take to close its socket
 */
export function watchUpgrades (fastify: FastifyInstance, closeTimeout: number): Upgrades {
  const paths = findMyWay(routerOptions(fastify))
  const waiting = new WeakMap<IncomingMessage, UpgradedSocket>()
  let refusing = false

  claimUpgrades(fastify.server, {
    owns: ({ method, url = '' }) => method === 'GET' && paths.find('GET', url) !== null,
    take (request, socket, head) {
      if (refusing) refuseUnrouted(socket, new GatewayError('draining'), closeTimeout)
      else route(request, socket, head)
    },
    route,
    collided: err => fastify.log.error({ err: traced(err) }, 'two plugins of this app answer the same WebSocket upgrade; register @fastify/http-proxy before @fastify/websocket')
  })

  function route (request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node has removed its own listener, and a reset while hooks run must not end the process.
    socket.on('error', () => {})
    waiting.set(request, { socket, head })
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    // A refusal is the last answer here: nobody reads requests from this socket any more.
    response.once('finish', () => dismiss(socket, undefined, closeTimeout))
    try {
      response.assignSocket(socket as Socket)
    } catch (err) {
      // An answer to the request before this one is still under way.
      fastify.log.debug({ err: traced(err) }, 'realtime upgrade behind an unanswered request')
      socket.destroy()
      return
    }
    fastify.routing(request, response)
  }

  return {
    own (path) {
      paths.on('GET', path, () => {})
    },
    claim ({ raw, log }) {
      const upgrade = waiting.get(raw)
      waiting.delete(raw)
      if (upgrade !== undefined) return upgrade
      if (!('upgrade' in raw) || raw.upgrade !== true) throw new GatewayError('upgrade_required')
      const cause = new Error('this upgrade did not come from fastify.server, or was routed twice; does a @fastify/websocket with a server of its own route it?')
      log.error({ cause: cause.message }, 'realtime upgrade refused')
      throw new GatewayError('internal_error', { cause })
    },
    refuse () {
      refusing = true
    }
  }
}

/** A path is found as Fastify finds it. */
function routerOptions ({ initialConfig }: FastifyInstance): Config<HTTPVersion.V1> {
  // A host may give them in `routerOptions` or, in the older form, beside its other options.
  const { caseSensitive, ignoreTrailingSlash, ignoreDuplicateSlashes, useSemicolonDelimiter, maxParamLength, allowUnsafeRegex } = { ...initialConfig, ...initialConfig.routerOptions }
  const options = { caseSensitive, ignoreTrailingSlash, ignoreDuplicateSlashes, useSemicolonDelimiter, maxParamLength, allowUnsafeRegex }
  return options
}
