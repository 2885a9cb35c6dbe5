import type { FastifyRequest } from 'fastify'
import { unlessAborted } from '../abort.ts'
import { findCredential, refuseKeyInQuery } from '../auth/credentials.ts'
import { purposeOf, speaksLive, successorOf } from '../catalogue.ts'
import { GatewayError } from '../errors.ts'
import { connect } from '../upstream/connect.ts'
import type { Connected } from '../upstream/connect.ts'
import { modelOf, serves } from '../upstream/deployment.ts'
import { allowsModel } from '../wildcard.ts'
import type { ClientHandshake } from './handshake.ts'
import { reportTo } from './route.ts'
import type { RouteTools } from './route.ts'
import type { Lease, Principal, RouteAttempt, RouteDecision, RoutePlan, RouteRequest } from '../../types/index.ts'

/** What is settled before a client is answered. */
export interface Admitted extends Connected {
  readonly principal: Principal
  /** Public model name. */
  readonly model: string
  /** What the client called it. */
  readonly asked: string
  readonly route: RouteDecision
}

/**
 * Everything that can refuse a client, in order: what costs least first, what tells a stranger least first.
 * @param lease takes what is taken for the session
 * @param signal aborted when the client is gone or may wait no longer; its reason is then what is thrown
 * @throws GatewayError
 */
export async function admit (request: FastifyRequest, handshake: ClientHandshake, lease: Lease, signal: AbortSignal, tools: RouteTools): Promise<Admitted> {
  const { options, router } = tools
  if (handshake.origin !== undefined && options.allowedOrigins?.includes(handshake.origin) === false) throw new GatewayError('origin_not_allowed')
  refuseKeyInQuery(handshake.query)
  const credential = findCredential(request.raw.headers, handshake.protocols)
  const principal = await unlessAborted(tools.authenticate(request, credential), signal).catch(cause => {
    // Whoever does not answer in time is away, and no upstream was asked yet.
    throw cause instanceof GatewayError && cause.code === 'upstream_timeout' ? new GatewayError('store_unavailable') : cause
  })

  const named = handshake.query.get('model') ?? ''
  const query = new URLSearchParams(handshake.query)
  query.delete('model')
  const asked = named !== '' ? named : defaultModel(handshake, principal, tools)
  if (asked === undefined) throw new GatewayError('missing_model', { param: 'model' })
  const model = options.dialects?.successors === true ? servedModel(asked, tools) : asked
  if (!allowsModel(principal.models, asked) && !allowsModel(principal.models, model)) throw new GatewayError('model_not_allowed', { param: 'model' })
  if (model !== asked) request.log.warn({ asked, model }, 'realtime model is retired; its successor serves the session')

  const client = { kind: handshake.kind, query, safetyIdentifier: handshake.safetyIdentifier }
  const plan = await planFor({
    model,
    principal,
    query,
    tags: [...principal.tags ?? [], ...handshake.tags],
    user: handshake.safetyIdentifier,
    ...((client.kind !== 'realtime' || query.size > 0) && { serves: deployment => serves(deployment, client, tools.connecting) })
  }, signal, tools)
  const attempts: RouteAttempt[] = []
  const route = { candidates: plan.candidates.map(({ id }) => id), passedOver: plan.passedOver ?? [], attempts }
  try {
    const candidates = plan.candidates.filter(({ target }) => !speaksLive(target))
    if (candidates.length === 0) {
      if (plan.candidates.length > 0 || speaksLive(`openai/${model}`)) throw new GatewayError('unsupported_protocol', { param: 'model' })
      throw plan.retryAfterMs === undefined
        ? new GatewayError('model_not_found', { param: 'model' })
        : new GatewayError('rate_limit_exceeded', { retryAfterMs: plan.retryAfterMs })
    }
    const connected = await connect({ ...plan, candidates }, {
      handshake: client,
      lease,
      report: reportTo(router, request.log),
      attempts,
      signal
    }, tools.connecting)
    return { ...connected, principal, model, asked, route }
  } finally {
    // A name that nobody serves may be anything, a key in the wrong slot too.
    const known = route.candidates.length + route.passedOver.length > 0
    request.log.debug({ ...(known && { model }), ...route }, 'realtime route')
  }
}

async function planFor (request: RouteRequest, signal: AbortSignal, { router }: RouteTools): Promise<RoutePlan> {
  const plan = await unlessAborted(router.candidates(request), signal)
  return 'candidates' in plan ? plan : { candidates: plan }
}

/** The successor of a model that was retired and that no deployment has by its very name. */
function servedModel (asked: string, { options }: RouteTools): string {
  const successor = successorOf(asked.startsWith('openai/') ? asked : `openai/${asked}`)
  if (successor === undefined || options.deployments.some(({ model }) => model === asked)) return asked
  return asked.startsWith('openai/') ? successor : successor.slice('openai/'.length)
}

/**
 * The model of a session whose client names none. Attached to a call, it has one already. For transcription the client names it later
 * than it waits for its first event: until then a deployment serves it that can.
 */
function defaultModel ({ kind, query, safetyIdentifier }: ClientHandshake, { models }: Principal, { options, connecting }: RouteTools): string | undefined {
  if (kind === 'attached') return options.defaultModel
  if (kind !== 'transcription') return undefined
  const able = options.deployments.filter(deployment => serves(deployment, { kind, query, safetyIdentifier }, connecting))
  const transcribing = able.filter(deployment => !deployment.model.includes('*') && purposeOf(modelOf(deployment)) === 'transcription').map(({ model }) => model)
  const named = options.defaultModel === undefined ? [] : [options.defaultModel]
  return [...named.filter(isServed), ...transcribing, ...named].find(name => allowsModel(models, name)) ?? options.defaultModel

  function isServed (name: string): boolean {
    return able.some(({ model }) => model === name)
  }
}
