import { adjust, hasTokenLimits, refuse } from '../lacking.ts'
import type { Fields } from '../fields.ts'
import type { DialectContext } from '../../../types/index.ts'
import { at, cut } from './fields.ts'

/**
 * Leaves a setting out, and says so.
 * @param field as the client knows it: `session.temperature`
 * @throws GatewayError `unsupported_feature` where the session is strict
 */
export function leaveOut (field: string, context: DialectContext): void {
  adjust(context, field, `The provider of this model has no equal of '${field}'.`)
}

interface Surplus {
  readonly path: readonly string[]
  /** The value that asks for what happens anyway. `null` always does. */
  readonly usual?: unknown
}

const anywhere: readonly Surplus[] = [{ path: ['reasoning'] }, { path: ['parallel_tool_calls'], usual: true }]
// Settings of GA that the beta shape never had (the types of the `openai` package, beta/realtime): a beta server refuses the whole event for one.
const surplus: Readonly<Record<'session' | 'response', readonly Surplus[]>> = {
  session: [
    ...anywhere,
    { path: ['truncation'], usual: 'auto' },
    { path: ['audio', 'input', 'turn_detection', 'idle_timeout_ms'] },
    { path: ['audio', 'input', 'transcription', 'languages'] },
    { path: ['audio', 'input', 'transcription', 'keywords'] },
    { path: ['audio', 'input', 'transcription', 'delay'] },
    { path: ['audio', 'input', 'noise_reduction', 'strength'] }
  ],
  response: anywhere
}

/**
 * What a beta provider can hear of the settings of a GA client.
 * @throws GatewayError `unsupported_feature` for a limit, and for anything else where the session is strict
 */
export function withoutSurplus (part: 'session' | 'response', fields: Fields, context: DialectContext): Fields {
  return surplus[part].reduce<Fields>((left, { path, usual }) => {
    const value = at(left, path)
    if (value === undefined) return left
    if (hasTokenLimits(value)) refuse(`${part}.${path.join('.')}.token_limits`, 'The provider of this model cannot limit the tokens of a session.')
    if (value !== null && value !== usual) leaveOut(`${part}.${path.join('.')}`, context)
    return cut(left, path)
  }, fields)
}
