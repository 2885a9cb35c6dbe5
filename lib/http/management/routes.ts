import type { FastifyInstance } from 'fastify'
import { loggable } from '../../loggable.ts'
import { admitCallers } from './caller.ts'
import { ManagementError, refusalOf } from './errors.ts'
import { keyInfoRoute, keyRoutes } from './keys.ts'
import { modelInfoRoutes, modelsRoute } from './models.ts'
import { validateAsWritten } from './schemas.ts'
import { sessionRoutes } from './sessions.ts'
import { teamRoutes } from './teams.ts'
import type { ManagementTools } from './tools.ts'

/** The management API, with LiteLLM's paths and shapes. */
export async function managementRoutes (scope: FastifyInstance, tools: ManagementTools): Promise<void> {
  validateAsWritten(scope)
  scope.addHook('onRoute', route => {
    // A query or a path may hold a key.
    route.logSerializers = { req: request => ({ method: request.method, url: route.url, remoteAddress: request.ip }) }
  })
  scope.setErrorHandler((error, request, reply) => {
    // All else is the store's fault, and what it says may hold addresses.
    const refusal = refusalOf(error) ?? new ManagementError(503, 'The key store could not be asked. Try again later.')
    if (refusal.statusCode >= 500) request.log.error({ err: loggable(error) }, 'realtime management request failed')
    if (refusal.statusCode === 503) reply.header('retry-after', '1')
    return reply.code(refusal.statusCode).send(refusal.body)
  })

  await scope.register(async admins => {
    admitCallers(admins, tools, true)
    keyRoutes(admins, tools)
    teamRoutes(admins, tools)
    modelInfoRoutes(admins, tools)
    sessionRoutes(admins, tools)
  })
  await scope.register(async anybody => {
    const callerOf = admitCallers(anybody, tools, false)
    keyInfoRoute(anybody, tools, callerOf)
    modelsRoute(anybody, tools, callerOf)
  })
}
