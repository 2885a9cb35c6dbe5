import { fieldsOf, isSaid } from './fields.ts'
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
 * Called where a field is left out, or changed to what comes nearest.
 * @throws GatewayError where the session is strict
 */
export function adjust (context: DialectContext, field: string, message: string): void {
  if (context.strict) refuse(field, message)
  context.adjusted(field)
}

/** Whether a `truncation` in GA's shape limits the tokens that the model reads, and so what they cost. Any other only says how it forgets. */
export function hasTokenLimits (truncation: unknown): boolean {
  return isSaid(fieldsOf(truncation).token_limits)
}
