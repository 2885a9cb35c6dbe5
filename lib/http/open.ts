import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { createObservers } from '../session/observers.ts'
import type { UpstreamParts } from '../session/parts.ts'
import { createModelStage } from '../session/pipeline/model-rule.ts'
import { createTranscriptionStage, createWithholding } from '../session/pipeline/transcription-model.ts'
import { Session } from '../session/session.ts'
import { loggable } from '../loggable.ts'
import { modelOf, providerOf } from '../upstream/deployment.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'
import type { Admitted } from './admit.ts'
import type { ClientHandshake } from './handshake.ts'
import { hookObservers, logObserver, routerObserver } from './observers.ts'
import { reportTo } from './route.ts'
import type { RouteTools } from './route.ts'
import { transcriptionModels } from './transcription.ts'
import type { Upstream } from './upstream-for.ts'
import type { Adjustment, Deployment, Dialect, DialectName, Lease } from '../../types/index.ts'

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
  const { deployment, model, asked, route, asker: { principal } } = admitted
  const { id: principalId, keyHash, team, models, expiresAt } = principal
  const id = `sess_${randomUUID().replaceAll('-', '')}`
  const adjusted = adjustments(id, log)
  const report = reportTo(tools.router, log)
  const transcribes = handshake.kind === 'transcription'
  const withholding = createWithholding()
  let current: Upstream = admitted
  let since = now()
  const observers = createObservers([
    routerObserver(() => current.deployment, report),
    logObserver(log, route),
    ...hookObservers(options)
  ], {
    patience: options.closeTimeout,
    failed: (name, err) => log.error({ err }, `${name} failed`)
  })
  const session = new Session({
    identity: { id, principal: principalId, keyHash, team, model, route },
    client,
    upstream: partsOf(admitted),
    limits: options,
    clientStages: [createModelStage({
      model: modelOf(deployment),
      aliases: [asked, model],
      strict: options.dialects?.strict === true,
      restricted: models !== undefined && models.length > 0,
      adjusted
    }), ...transcribes ? [createTranscriptionStage(transcriptionModels(admitted, { current: () => current, replace, adjusted }, tools))] : []],
    upstreamStages: transcribes ? [withholding.stage] : [],
    observer: {
      turn: observers.turn,
      closed: summary => { registry.finish(observers.closed(summary)) }
    },
    lease,
    unfinished: tools.unfinished,
    ...(expiresAt !== undefined && { expiresAt: now() + expiresAt - tools.time() }),
    now
  })
  registry.add(session)
  lease.defer(() => registry.remove(id))
  // From here on the router's observer reports the end.
  admitted.began()
  observers.opened(session.info())
  session.start()

  function partsOf ({ upstream, lease, deployment, model: served }: Upstream): UpstreamParts {
    // A translation session has events of its own, which no dialect knows.
    const dialect = handshake.kind === 'translation' ? undefined : upstreamDialect(deployment, log, tools)
    return {
      ...upstream,
      lease,
      deployment: deployment.id,
      model: served,
      dialect: tools.dialects.choose(principal.dialect ?? handshake.dialect, dialect, {
        attached: handshake.kind === 'attached', resumes: handshake.query.has('conversation_id'), adjusted
      }),
      usualNames: typeof dialect !== 'object'
    }
  }

  function replace (next: Upstream): boolean {
    withholding.arm()
    if (!session.replaceUpstream(partsOf(next))) return false
    next.began()
    report({ type: 'ended', deployment: current.deployment, ms: now() - since, closeCode: 1000, unresponsive: false })
    log.info({ session: id, model: next.model, deployment: next.deployment.id, attempts: next.route.attempts }, 'realtime session has another upstream')
    current = next
    since = now()
    return true
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
