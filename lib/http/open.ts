import type { FastifyBaseLogger } from 'fastify'
import { GatewayError } from '../errors.ts'
import { expiryOf, isRestricted, longestSessionOf, mayUse, scopesOf } from '../keys/policy.ts'
import { createObservers } from '../session/observers.ts'
import type { Term, UpstreamParts } from '../session/parts.ts'
import { createModelStage } from '../session/pipeline/model-rule.ts'
import { createTranscriptionStage, createWithholding } from '../session/pipeline/transcription-model.ts'
import { Session } from '../session/session.ts'
import { loggable, traced } from '../loggable.ts'
import { modelOf, providerOf } from '../upstream/deployment.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'
import type { Admitted } from './admit.ts'
import type { ClientHandshake } from './handshake.ts'
import { billingOf } from './billing.ts'
import { hookObservers, logObserver, routerObserver } from './observers.ts'
import { reportTo } from './route.ts'
import type { RouteTools } from './route.ts'
import { transcriptionModels } from './transcription.ts'
import type { Upstream } from './upstream-for.ts'
import type { Adjustment, Deployment, Dialect, DialectName, Lease, Principal, RouteOutcome, Stage } from '../../types/index.ts'

/** Fields of which one session's log tells that they were adjusted. */
const mostTold = 16

const tellings: Readonly<Record<Adjustment, string>> = {
  nearest: 'realtime event adjusted to what the provider can do',
  unknown: 'realtime event passes what the gateway does not know',
  too_long: 'realtime event without a text that is too long to be kept'
}

/**
 * Joins an answered client and its upstream.
 * @param lease everything that was taken for the session; it is the session's from here on
 */
export function openSession (client: UpgradedSocket, handshake: Pick<ClientHandshake, 'dialect' | 'kind' | 'query'>, admitted: Admitted, lease: Lease, log: FastifyBaseLogger, tools: RouteTools): void {
  const { options, registry, now } = tools
  const { id, deployment, model, asked, route, asker: { standing } } = admitted
  const { principal } = standing
  const { id: principalId, keyHash, team } = principal
  const adjusted = adjustments(id, log)
  const report = reportTo(tools.router, log)
  const shape = {
    settled: principal.dialect ?? handshake.dialect,
    // A translation session has events of its own, which no dialect knows.
    untranslated: handshake.kind === 'translation',
    attached: handshake.kind === 'attached',
    resumes: handshake.query.has('conversation_id'),
    adjusted
  }
  // What lives as long as the session holds on to this alone, and not to the request and its handshake.
  const serving: Serving = { deployment, since: now() }
  const observers = createObservers([
    routerObserver(() => serving.deployment, report),
    logObserver(log, route),
    ...hookObservers(options)
  ], {
    patience: options.closeTimeout,
    failed: (name, err) => log.error({ err: traced(err) }, `${name} failed`)
  })
  const transcription = handshake.kind === 'transcription' ? transcribing({ id, admitted, serving, shape, log, report, session: (): Session => session }, tools) : undefined
  const billing = billingOf(() => serving.deployment, tools, err => log.error({ err: traced(err) }, 'adapter.usage failed'))
  const term: Term = { ...termOf(principal, options), time: tools.time }
  const held = tools.held.account(keyHash ?? principalId, () => session.shed())
  const session: Session = new Session({
    identity: { id, principal: principalId, keyHash, team, model, route },
    client,
    upstream: upstreamParts(admitted, shape, log, tools),
    limits: options,
    clientStages: [createModelStage({
      model: modelOf(deployment),
      aliases: [asked, model],
      strict: options.dialects?.strict === true,
      restricted: isRestricted(principal),
      adjusted
    }), ...transcription === undefined ? [] : [transcription.client]],
    upstreamStages: transcription === undefined ? none : [transcription.upstream],
    observer: {
      turn: turn => { observers.turn({ ...turn, ...billing.meter.take() }) },
      closed: summary => { registry.finish(observers.closed({ ...summary, cost: billing.meter.total() })) }
    },
    tap: billing.tap,
    lease,
    held,
    term,
    now
  })
  lease.defer(held.close)
  standing.join({
    changed (next) {
      Object.assign(term, termOf(next, options))
      admitted.claim.change(scopesOf(next))
      if (!mayUse(next, asked) && !mayUse(next, session.info().model)) session.revoke(new GatewayError('model_not_allowed'))
    },
    revoked (error, next) {
      Object.assign(term, termOf(next, options))
      session.revoke(error)
    }
  })
  registry.add(session)
  lease.defer(() => registry.remove(id))
  // From here on the router's observer reports the end.
  admitted.began()
  observers.opened(session.info())
  session.start()
}

/** The deployment that serves a session, and since when on its clock. */
interface Serving {
  deployment: Deployment
  since: number
}

/** Until when a session of this owner may live. */
function termOf (principal: Principal, { drainTimeout }: RouteTools['options']): Omit<Term, 'time'> {
  return { expiresAt: expiryOf(principal), longest: longestSessionOf(principal), patience: principal.finishTurn === true ? drainTimeout : 0 }
}

/** How a session's client and its upstreams come together. */
interface SessionShape {
  /** What the client speaks whatever it says. */
  readonly settled: DialectName | undefined
  readonly untranslated: boolean
  readonly attached: boolean
  readonly resumes: boolean
  adjusted (field: string, why?: Adjustment): void
}

const none: readonly Stage[] = []

function upstreamParts ({ upstream, lease, deployment, model }: Upstream, { settled, untranslated, ...context }: SessionShape, log: FastifyBaseLogger, tools: RouteTools): UpstreamParts {
  const dialect = untranslated ? undefined : upstreamDialect(deployment, log, tools)
  return {
    ...upstream,
    lease,
    deployment: deployment.id,
    model,
    dialect: tools.dialects.choose(settled, dialect, context),
    usualNames: typeof dialect !== 'object'
  }
}

interface Transcribing {
  readonly id: string
  readonly admitted: Admitted
  readonly serving: Serving
  readonly shape: SessionShape
  readonly log: FastifyBaseLogger
  readonly report: (outcome: RouteOutcome) => void
  session (): Session
}

/** The stages of a session whose client names its model in an update, which another deployment may serve. */
function transcribing ({ id, admitted, serving, shape, log, report, session }: Transcribing, tools: RouteTools): { readonly client: Stage, readonly upstream: Stage } {
  const withholding = createWithholding()
  let current: Upstream = admitted

  function replace (next: Upstream): boolean {
    withholding.arm()
    if (!session().replaceUpstream(upstreamParts(next, shape, log, tools))) return false
    next.began()
    const now = tools.now()
    report({ type: 'ended', deployment: serving.deployment, ms: now - serving.since, closeCode: 1000, unresponsive: false })
    log.info({ session: id, model: next.model, deployment: next.deployment.id, attempts: next.route.attempts }, 'realtime session has another upstream')
    current = next
    serving.deployment = next.deployment
    serving.since = now
    return true
  }

  return {
    client: createTranscriptionStage(transcriptionModels(admitted, { current: () => current, replace, adjusted: shape.adjusted }, tools)),
    upstream: withholding.stage
  }
}

/** Logs each field that does not arrive as it was sent, once. */
function adjustments (session: string, log: FastifyBaseLogger): (field: string, why?: Adjustment) => void {
  const told = new Set<string>()
  return (field, why = 'nearest') => {
    if (told.size < mostTold && told.size < told.add(field).size) log.warn({ session, field }, tellings[why])
  }
}

/** @returns `undefined` where the clients of the deployment speak as its provider does */
function upstreamDialect (deployment: Deployment, log: FastifyBaseLogger, { connecting }: RouteTools): DialectName | Dialect | undefined {
  if (deployment.dialect === 'native') return undefined
  try {
    return connecting.adapters.get(providerOf(deployment))?.dialect?.(deployment) ?? 'openai'
  } catch (err) {
    // A host's adapter that throws must not end the process.
    log.error({ err: loggable(err), deployment: deployment.id }, 'adapter.dialect threw')
    return 'openai'
  }
}
