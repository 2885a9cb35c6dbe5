import type { FastifyBaseLogger } from 'fastify'
import type { Claims } from '../admission/claims.ts'
import type { Authenticator } from '../auth/authenticate.ts'
import type { Dialects } from '../dialect/dialects.ts'
import { diagnoses } from '../diagnosis.ts'
import { told } from '../guard.ts'
import type { Authority } from '../keys/authority.ts'
import { loggable, traced } from '../loggable.ts'
import type { ResolvedOptions } from '../options/resolve.ts'
import type { Registry } from '../session/registry.ts'
import type { ConnectTools } from '../upstream/connect.ts'
import type { HeldBytesPool } from '../wire/held-bytes.ts'
import type { Shares } from './shares.ts'
import type { EnterStranger } from './strangers.ts'
import type { Upgrades } from './upgrades.ts'
import type { WrongCredentials } from './wrong-credential.ts'
import type { RouteOutcome, Router } from '../../types/index.ts'

/** What the realtime route works with, put together by the plugin. */
export interface RouteTools {
  readonly options: ResolvedOptions
  readonly authenticate: Authenticator
  /** Keeps what sessions may do in step with the store; without one of ours there is nothing to be kept in step with. */
  readonly authority: Pick<Authority, 'generation' | 'track'> & Partial<Pick<Authority, 'keys'>>
  readonly claims: Claims
  readonly router: Router
  readonly connecting: ConnectTools
  readonly dialects: Dialects
  readonly registry: Registry
  readonly upgrades: Upgrades
  readonly held: HeldBytesPool
  readonly shares: Shares
  readonly wrongCredentials: WrongCredentials
  readonly strangers: EnterStranger
  /** Monotonic clock in milliseconds. */
  readonly now: () => number
  /** Unix time in milliseconds. */
  readonly time: () => number
}

/** Reports outcomes to the router, and failures to the log. A router that throws changes nothing. */
export function reportTo (router: Router, log: FastifyBaseLogger): (outcome: RouteOutcome, cause?: unknown) => void {
  return (outcome, cause) => {
    if (outcome.type === 'refused') {
      const { kind } = outcome.refusal
      // `unsupported`: the provider has no such sessions, which is nobody's fault.
      const level = kind === 'credentials' ? 'error' : kind === 'unsupported' ? 'info' : 'warn'
      log[level]({ deployment: outcome.deployment.id, kind, ms: outcome.ms, cause: loggable(cause), ...diagnoses[kind] }, 'realtime upstream refused')
    }
    told(() => router.report?.(outcome), err => log.error({ err: traced(err) }, 'router.report failed'))
  }
}
