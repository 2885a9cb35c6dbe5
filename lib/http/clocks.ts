import type { FastifyInstance } from 'fastify'

// Milliseconds that a client may take to say what it wants. Whoever is honest needs a tenth of it.
const patient = 30_000

/** Servers that were warned of: an app may hold several gateways. */
const told = new WeakSet<object>()

/**
 * Warns where the app's server lets connections stand that say nothing, or only half a handshake: no clock of the gateway's watches them yet,
 * and nobody needs a key for them. Node waits a minute and more by default, and Fastify puts no limit on silence.
 */
export function warnOfOpenClocks (fastify: FastifyInstance): void {
  fastify.addHook('onListen', async () => {
    const { headersTimeout, requestTimeout, timeout } = fastify.server
    const open = Object.entries({ 'http.headersTimeout': headersTimeout, requestTimeout, connectionTimeout: timeout })
      .filter(([, ms]) => ms === 0 || ms > patient)
      .map(([name]) => name)
    if (open.length === 0 || told.has(fastify.server)) return
    told.add(fastify.server)
    fastify.log.warn(`realtime gateway: this server waits long for clients that send half a request or none (${open.join(', ')}); ` +
      'to let go of them in ten seconds: Fastify({ connectionTimeout: 10_000, requestTimeout: 10_000, http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000 } })')
  })
}
