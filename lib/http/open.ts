import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { createModelRule } from '../session/model-rule.ts'
import { Session } from '../session/session.ts'
import type { Joint } from '../session/parts.ts'
import { modelOf, providerOf } from '../upstream/connect.ts'
import { allowsModel } from '../wildcard.ts'
import type { Admitted } from './admit.ts'
import type { ClientHandshake } from './handshake.ts'
import { loggable, reportTo } from './route.ts'
import type { RouteTools } from './route.ts'
import type { Translation } from '../dialect/translation.ts'
import type { Adjustment, Deployment, Dialect, DialectName, SessionSummary } from '../../types/index.ts'

/** Fields of which one session's log tells that they were adjusted. */
const mostTold = 16

const adjustments: Readonly<Record<Adjustment, string>> = {
  nearest: 'realtime event adjusted to what the provider can do',
  unknown: 'realtime event passes what the gateway does not know',
  too_long: 'realtime event without a text that is too long to be kept'
}

/**
 * Joins an answered client and its upstream.
 * @param slot gives the process's slot for a session back
 */
export function openSession (client: Joint, handshake: Pick<ClientHandshake, 'dialect' | 'query'>, admitted: Admitted, slot: () => void, log: FastifyBaseLogger, tools: RouteTools): void {
  const { options, registry, now } = tools
  const { deployment, upstream, principal, model, route } = admitted
  const report = reportTo(tools.router, log)
  const { models } = principal
  const id = `sess_${randomUUID().replaceAll('-', '')}`
  const session = new Session({
    id,
    principal: principal.id,
    keyHash: principal.keyHash,
    model,
    deployment: deployment.id,
    route,
    secret: upstream.secret,
    client,
    upstream,
    limits: options,
    rule: models?.length ? createModelRule(name => name === modelOf(deployment) || name === admitted.asked || allowsModel(models, name)) : undefined,
    translation: translate(),
    unfinished: tools.unfinished,
    now,
    onFirstAudio: ms => report({ type: 'first_audio', deployment, ms }),
    onTurn: tokens => { if (tokens !== undefined) report({ type: 'turn', deployment, tokens }) },
    onClosed: (summary, unresponsive) => { closed(summary, unresponsive).finally(slot) }
  })
  registry.add(session)
  const info = session.info()
  log.info({ session: info.id, principal: info.principal, model, deployment: info.deployment, attempts: route.attempts }, 'realtime session open')
  // A hook that throws, or takes its time, must not keep the session from starting.
  runHook(log, 'onSessionOpen', () => options.onSessionOpen?.(info))
  session.start()

  function translate (): Translation | undefined {
    const told = new Set<string>()
    return tools.dialects.between(principal.dialect ?? handshake.dialect, upstreamDialect(deployment, log, tools), {
      attached: handshake.query.has('call_id'),
      resumes: handshake.query.has('conversation_id'),
      adjusted (field, why = 'nearest') {
        if (told.size < mostTold && told.size < told.add(field).size) log.warn({ session: id, field }, adjustments[why])
      }
    })
  }

  async function closed (summary: SessionSummary, unresponsive: boolean): Promise<void> {
    admitted.release()
    const { id, ageMs, bytes, messages, turns, endedBy, closeCode, error } = summary
    log.info({ session: id, principal: principal.id, model, deployment: deployment.id, ageMs, bytes, messages, turns, endedBy, closeCode, error }, 'realtime session closed')
    report({ type: 'ended', deployment, ms: ageMs, closeCode: endedBy === 'upstream' ? closeCode : 1000, unresponsive })
    await runHook(log, 'onSessionClose', () => options.onSessionClose?.(summary))
    registry.remove(id)
  }
}

/** @returns `undefined` where the clients of the deployment speak as its provider does */
function upstreamDialect (deployment: Deployment, log: FastifyBaseLogger, { connecting }: RouteTools): DialectName | Dialect | undefined {
  if (deployment.dialect === 'native') return undefined
  try {
    return connecting.adapters.get(providerOf(deployment))?.dialect?.(deployment) ?? 'openai'
  } catch (err) {
    // An adapter of the host's must not take the process along.
    log.error({ err: loggable(err), deployment: deployment.id }, 'adapter.dialect threw')
    return 'openai'
  }
}

async function runHook (log: FastifyBaseLogger, name: string, hook: () => void | Promise<void>): Promise<void> {
  try {
    await hook()
  } catch (err) {
    log.error({ err }, `${name} threw`)
  }
}
