import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../errors.ts'
import { unlisted } from './unlisted.ts'

/**
 * Tells whoever wants a client secret (`POST …/client_secrets`) or a WebRTC call (`POST …/calls`) that neither is here,
 * in the shape that OpenAI's clients read. A route of the host's at such a path comes first.
 */
export function websocketOnly (scope: FastifyInstance, paths: readonly string[]): void {
  for (const path of paths) {
    scope.route({
      method: 'POST',
      // The router prefers a fixed path to a parameter, so the host may have the same path before or after this.
      url: `${path.replace(/\/$/, '')}/:operation(^(?:client_secrets|calls)$)`,
      schema: unlisted,
      // Before the body is read, which may be SDP or a form.
      onRequest: async () => { throw new GatewayError('websocket_only') },
      handler: () => {}
    })
  }
}
