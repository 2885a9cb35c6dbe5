import { GatewayError } from '../errors.ts'
import type { SessionKind } from '../../types/index.ts'

/** What an adapter throws where its provider has no sessions of a kind. */
export function unsupported (kind: SessionKind): GatewayError {
  return new GatewayError('unsupported_feature', {
    ...(kind === 'transcription' && { param: 'intent' }),
    message: `The provider of this model has no ${kind} sessions.`
  })
}
