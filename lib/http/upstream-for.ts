import type { FastifyBaseLogger } from 'fastify'
import { unlessAborted } from '../abort.ts'
import { speaksLive } from '../catalogue.ts'
import { GatewayError } from '../errors.ts'
import { connect } from '../upstream/connect.ts'
import type { Connected } from '../upstream/connect.ts'
import { serves } from '../upstream/deployment.ts'
import type { ClientRequest } from '../upstream/deployment.ts'
import { reportTo } from './route.ts'
import type { RouteTools } from './route.ts'
import type { Standing } from './standing.ts'
import type { Lease, RouteAttempt, RouteDecision, RoutePlan } from '../../types/index.ts'

/** Who asks for an upstream. */
export interface Asker {
  readonly standing: Standing
  readonly client: ClientRequest
  /** Tags of the session. */
  readonly tags: readonly string[]
  readonly log: FastifyBaseLogger
  /** The session's lease, which gets what is taken for the upstream. */
  readonly lease: Lease
  /** Aborted when the client is gone or may wait no longer. */
  readonly signal: AbortSignal
}

/** An upstream that is ready, and how it was chosen. */
export interface Upstream extends Connected {
  /** Public model name. */
  readonly model: string
  readonly route: RouteDecision
}

/** Whom the router names for `model`. */
export async function planFor (model: string, { standing, client, tags, signal }: Asker, { router, connecting }: RouteTools): Promise<RoutePlan> {
  const { kind, query, safetyIdentifier } = client
  const plan = await unlessAborted(router.candidates({
    model,
    principal: standing.principal,
    query,
    tags,
    user: safetyIdentifier,
    ...((kind !== 'realtime' || query.size > 0) && { serves: deployment => serves(deployment, client, connecting) })
  }), signal)
  return 'candidates' in plan ? plan : { candidates: plan }
}

/**
 * Dials those whom the router has named, until one is ready.
 * @throws GatewayError
 */
export async function upstreamFor (model: string, plan: RoutePlan, { client, log, lease, signal }: Asker, { router, connecting }: RouteTools): Promise<Upstream> {
  const attempts: RouteAttempt[] = []
  const route = { candidates: plan.candidates.map(({ id }) => id), passedOver: plan.passedOver ?? [], attempts }
  try {
    const candidates = plan.candidates.filter(({ target }) => !speaksLive(target))
    if (candidates.length === 0) {
      if (plan.candidates.length > 0 || speaksLive(`openai/${model}`)) throw new GatewayError('unsupported_protocol', { param: 'model' })
      throw plan.retryAfterMs === undefined
        ? new GatewayError('model_not_found', { param: 'model' })
        : new GatewayError(plan.lacking === 'cooldown' ? 'upstream_cooldown' : 'rate_limit_exceeded', { retryAfterMs: plan.retryAfterMs })
    }
    const connected = await connect({ ...plan, candidates }, { handshake: client, lease, report: reportTo(router, log), attempts, signal }, connecting)
    return { ...connected, model, route }
  } finally {
    // A model name that nobody serves is not logged: it may be a key in the wrong parameter.
    const known = route.candidates.length + route.passedOver.length > 0
    log.debug({ ...(known && { model }), ...route }, 'realtime route')
  }
}
