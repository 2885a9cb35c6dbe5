import { GatewayError } from '../errors.ts'
import type { UpstreamRefusal } from '../../types/index.ts'

// The texts say whose fault it is, so that nobody replaces a client key that is good. What to do is in the log, for the operator.
const rejections: ReadonlyArray<readonly [UpstreamRefusal['kind'], string]> = [
  ['credentials', 'The provider refused the credential of this gateway. Your own key is good; whoever runs the gateway has to mend it.'],
  ['quota', 'The account of this gateway at the provider has no quota left. Your own key is good; whoever runs the gateway has to mend it.'],
  ['not_found', 'The provider does not know the model that this gateway asks it for. Whoever runs the gateway has to mend it.']
]

/** How long a client waits for a slot that a session holds: sessions end when they end. */
const fullRetryMs = 5_000

/**
 * What all refusals together mean to the client: come back later where anybody said so, else mend the request, else the upstream's fault.
 * @param full whether a limit of a deployment was reached
 * @param unsupported what an adapter said of a session that its provider does not have: the answer where nobody else was asked
 */
export function mostUseful (refusals: readonly UpstreamRefusal[], full: boolean, unsupported?: GatewayError): GatewayError {
  const has = (kind: UpstreamRefusal['kind']): boolean => refusals.some(refusal => refusal.kind === kind)
  if (has('rate_limit')) {
    const waits = refusals.flatMap(({ kind, retryAfterMs }) => kind === 'rate_limit' && retryAfterMs !== undefined ? [retryAfterMs] : [])
    return new GatewayError('upstream_rate_limited', waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {})
  }
  if (has('client')) return new GatewayError('invalid_request')
  if (full) return new GatewayError('rate_limit_exceeded', { retryAfterMs: fullRetryMs })
  if (has('timeout')) return new GatewayError('upstream_timeout')
  if (has('unsupported') && refusals.every(({ kind }) => kind === 'unsupported')) return unsupported ?? new GatewayError('unsupported_feature')
  if (has('fault')) return new GatewayError('upstream_unavailable')
  const [, message] = rejections.find(([kind]) => has(kind)) ?? []
  return new GatewayError('upstream_rejected', { message })
}
