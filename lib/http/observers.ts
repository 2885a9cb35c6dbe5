import type { FastifyBaseLogger } from 'fastify'
import type { NamedObserver } from '../session/observers.ts'
import type { Deployment, RealtimeGatewayOptions, RouteDecision, RouteOutcome } from '../../types/index.ts'

/**
 * Tells the router how its choice did.
 * @param current the deployment that serves the session now
 */
export function routerObserver (current: () => Deployment, report: (outcome: RouteOutcome) => void): NamedObserver {
  return {
    name: 'router.report',
    turn ({ times: { began, firstAudio }, usage }) {
      const deployment = current()
      if (began !== undefined && firstAudio !== undefined) report({ type: 'first_audio', deployment, ms: firstAudio - began })
      const tokens = tokensIn(usage)
      if (tokens !== undefined) report({ type: 'turn', deployment, tokens })
    },
    closed ({ ageMs, endedBy, closeCode, unresponsive }) {
      report({ type: 'ended', deployment: current(), ms: ageMs, closeCode: endedBy === 'upstream' ? closeCode : 1000, unresponsive })
    }
  }
}

/** One line when a session opens, and one when it is over. */
export function logObserver (log: FastifyBaseLogger, route: RouteDecision): NamedObserver {
  return {
    name: 'the log',
    opened ({ id, principal, model, deployment }) {
      log.info({ session: id, principal, model, deployment, attempts: route.attempts }, 'realtime session open')
    },
    closed ({ id, principal, model, deployment, ageMs, bytes, messages, turns, endedBy, closeCode, error, providerError, cost }) {
      log.info({ session: id, principal, model, deployment, ageMs, bytes, messages, turns, cost, endedBy, closeCode, error, providerError }, 'realtime session closed')
    }
  }
}

/** The host's hooks, each under its own name. */
export function hookObservers ({ onSessionOpen, onTurn, onSessionClose }: Pick<RealtimeGatewayOptions, 'onSessionOpen' | 'onTurn' | 'onSessionClose'>): NamedObserver[] {
  return [
    ...onSessionOpen === undefined ? [] : [{ name: 'onSessionOpen', opened: onSessionOpen }],
    ...onTurn === undefined ? [] : [{ name: 'onTurn', turn: onTurn }],
    ...onSessionClose === undefined ? [] : [{ name: 'onSessionClose', closed: onSessionClose }]
  ]
}

/** `total_tokens` of what a provider says was used. */
function tokensIn (usage: unknown): number | undefined {
  const tokens: unknown = typeof usage === 'object' && usage !== null ? (usage as { total_tokens?: unknown }).total_tokens : undefined
  return typeof tokens === 'number' && tokens >= 0 && tokens <= Number.MAX_SAFE_INTEGER ? tokens : undefined
}
