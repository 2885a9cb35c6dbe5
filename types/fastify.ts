import type { RealtimeGateway } from './session.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The realtime gateway of this instance. */
    realtime: RealtimeGateway
  }
}
