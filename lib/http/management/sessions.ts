import type { FastifyInstance } from 'fastify'
import { notFound } from './errors.ts'
import { described, id, object } from './schemas.ts'
import type { ManagementTools } from './tools.ts'

/** The live sessions of this process. */
export function sessionRoutes (scope: FastifyInstance, { sessions }: ManagementTools): void {
  scope.get('/v1/realtime/sessions', { schema: described('sessions', 'listSessions', 'The live sessions of this process.') }, async () => ({ object: 'list', data: sessions.list() }))

  scope.delete<{ Params: { readonly id: string } }>('/v1/realtime/sessions/:id', { schema: described('sessions', 'endSession', 'End a session.', { params: object({ id }) }) }, async ({ params }) => {
    if (!sessions.close(params.id)) throw notFound('Session', 'id')
    return { id: params.id, deleted: true }
  })
}
