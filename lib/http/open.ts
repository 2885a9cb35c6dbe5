import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { createModelRule } from '../session/model-rule.ts'
import { Session } from '../session/session.ts'
import type { Joint } from '../session/parts.ts'
import { modelOf } from '../upstream/connect.ts'
import { allowsModel } from '../wildcard.ts'
import type { Admitted } from './admit.ts'
import { reportTo } from './route.ts'
import type { RouteTools } from './route.ts'
import type { SessionSummary } from '../../types/index.ts'

/**
 * Joins an answered client and its upstream.
 * @param place gives the process's place for a session back
 */
export function openSession (client: Joint, admitted: Admitted, place: () => void, log: FastifyBaseLogger, tools: RouteTools): void {
  const { options, registry, now } = tools
  const { deployment, upstream, principal, model, route } = admitted
  const report = reportTo(tools.router, log)
  const { models } = principal
  const session = new Session({
    id: `sess_${randomUUID().replaceAll('-', '')}`,
    principal: principal.id,
    keyHash: principal.keyHash,
    model,
    deployment: deployment.id,
    route,
    secret: deployment.apiKey,
    client,
    upstream,
    limits: options,
    rule: models?.length ? createModelRule(name => name === modelOf(deployment) || allowsModel(models, name)) : undefined,
    unfinished: tools.unfinished,
    now,
    onFirstAudio: ms => report({ type: 'first_audio', deployment, ms }),
    onTurn: tokens => { if (tokens !== undefined) report({ type: 'turn', deployment, tokens }) },
    onClosed: (summary, mute) => { closed(summary, mute).finally(place) }
  })
  registry.add(session)
  const info = session.info()
  log.info({ session: info.id, principal: info.principal, model, deployment: info.deployment, attempts: route.attempts }, 'realtime session open')
  // A hook that throws, or takes its time, must not keep the session from starting.
  runHook(log, 'onSessionOpen', () => options.onSessionOpen?.(info))
  session.start()

  async function closed (summary: SessionSummary, mute: boolean): Promise<void> {
    admitted.release()
    const { id, ageMs, bytes, messages, turns, endedBy, closeCode, error } = summary
    log.info({ session: id, principal: principal.id, model, deployment: deployment.id, ageMs, bytes, messages, turns, endedBy, closeCode, error }, 'realtime session closed')
    report({ type: 'ended', deployment, ms: ageMs, closeCode: endedBy === 'upstream' ? closeCode : 1000, mute })
    await runHook(log, 'onSessionClose', () => options.onSessionClose?.(summary))
    registry.remove(id)
  }
}

async function runHook (log: FastifyBaseLogger, name: string, hook: () => void | Promise<void>): Promise<void> {
  try {
    await hook()
  } catch (err) {
    log.error({ err }, `${name} threw`)
  }
}
