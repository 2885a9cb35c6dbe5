import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findCredential } from '../../auth/credentials.ts'
import { GatewayError } from '../../errors.ts'
import { sameHash } from '../../keys/hash.ts'
import { ManagementError } from './errors.ts'
import type { Caller, CallerOf, ManagementTools } from './tools.ts'

/**
 * Lets whoever has a key into the routes of `scope`, before their bodies are read.
 * @param adminsOnly whether it has to be the master key
 */
export function admitCallers (scope: FastifyInstance, { authenticate, masterKeyHash, wrongCredentials }: ManagementTools, adminsOnly: boolean): CallerOf {
  const callers = new WeakMap<FastifyRequest, Caller>()

  scope.addHook('onRequest', async (request, reply) => {
    const gone = new AbortController()
    const leave = (): void => gone.abort()
    reply.raw.once('close', leave)
    try {
      const caller = await identify(request)
      // As LiteLLM answers: 401 and not 403.
      if (adminsOnly && !caller.admin) throw new ManagementError(401, 'Authentication Error, Only the master key may be used here.')
      callers.set(request, caller)
    } catch (cause) {
      await wrongCredentials.slow(cause, request.ip, gone.signal)
      throw cause
    } finally {
      reply.raw.off('close', leave)
    }
  })

  async function identify (request: FastifyRequest): Promise<Caller> {
    const credential = findCredential(request.headers, [])
    if (credential === undefined) throw new GatewayError('missing_api_key')
    const { principal } = await authenticate(request, credential)
    return { principal, admin: principal.keyHash !== undefined && sameHash(principal.keyHash, masterKeyHash) }
  }

  return request => callers.get(request)!
}

/** Who the audit says has made a change. @throws ManagementError where the header holds what no log should */
export function changedBy (request: FastifyRequest): string {
  const named = request.headers['litellm-changed-by']
  if (named === undefined || named === '') return 'master'
  if (typeof named !== 'string' || !/^[\x20-\x7e]{1,128}$/.test(named)) throw new ManagementError(400, 'litellm-changed-by must be at most 128 printable characters.', 'litellm-changed-by')
  return named
}
