import { GatewayError } from '../errors.ts'
import type { DialectContext } from '../../types/index.ts'

/**
 * @param field of the client's event that asks for what the other side cannot do
 * @throws GatewayError always
 */
export function refuse (field: string, message: string): never {
  throw new GatewayError('unsupported_feature', { param: field, message })
}

/**
 * To be called where a field is left out, or changed to what comes nearest.
 * @throws GatewayError where the session is strict
 */
export function adjust (context: DialectContext, field: string, message: string): void {
  if (context.strict) refuse(field, message)
  context.adjusted(field)
}
