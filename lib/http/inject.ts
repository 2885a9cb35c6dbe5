import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'

/**
 * Gives the app `injectWS` of @fastify/websocket, for tests without a network, unless the host has registered that plugin. Ours is in a scope
 * of its own and hears no upgrade of the server, so the host may register it for its own routes at any time.
 */
export async function offerInjectWS (fastify: FastifyInstance): Promise<void> {
  if (fastify.hasDecorator('injectWS')) return
  await fastify.register(async scope => {
    await scope.register(websocket, { options: { server: new Relay(fastify.server) as EventEmitter as Server } })
    // By now the host has registered what it wants.
    fastify.addHook('onReady', async () => {
      if (!fastify.hasDecorator('injectWS')) fastify.injectWS = scope.injectWS
    })
  })
}

/** Stands for the server: @fastify/websocket emits upgrades on it, and nothing of the real server reaches it. */
class Relay extends EventEmitter {
  readonly #server: EventEmitter

  constructor (server: EventEmitter) {
    super()
    this.#server = server
  }

  override emit (name: string | symbol, ...given: unknown[]): boolean {
    return this.#server.emit(name, ...given)
  }
}
