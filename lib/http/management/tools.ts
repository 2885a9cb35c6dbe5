import type { FastifyRequest } from 'fastify'
import type { Authenticator } from '../../auth/authenticate.ts'
import type { WrongCredentials } from '../wrong-credential.ts'
import type { Deployment, KeyAdmin, Principal, RealtimeSessions } from '../../../types/index.ts'

/** What the management API works with. */
export interface ManagementTools {
  readonly keys: KeyAdmin
  readonly sessions: RealtimeSessions
  readonly deployments: readonly Deployment[]
  /** Public names that stand for others. */
  readonly aliases: readonly string[]
  readonly authenticate: Authenticator
  readonly masterKeyHash: string
  readonly wrongCredentials: WrongCredentials
  /** Unix time in milliseconds. */
  readonly time: () => number
}

/** Who asks. */
export interface Caller {
  readonly principal: Principal
  /** Whether it brought the master key. */
  readonly admin: boolean
}

export type CallerOf = (request: FastifyRequest) => Caller
