import { adjust as adjustField, hasTokenLimits, refuse as refuseField } from '../../lacking.ts'
import { fieldsOf } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext } from '../../../../types/index.ts'

/** @throws {GatewayError} `unsupported_feature`, naming the field */
export function refuse (field: string): never {
  refuseField(field, lacking(field))
}

/** Called where a field is changed to what comes nearest. */
export function adjust (context: DialectContext, field: string): void {
  adjustField(context, field, lacking(field))
}

function lacking (field: string): string {
  return `xAI has nothing that does what ${field} asks for.`
}

/** The nearest number that xAI takes. What is no number passes, for xAI to judge. */
export function clamp (value: unknown, lowest: number, highest: number, field: string, context: DialectContext): unknown {
  if (typeof value !== 'number') return value
  const near = Math.min(Math.max(value, lowest), highest)
  if (near !== value) adjust(context, field)
  return near
}

/**
 * What is lost where xAI does not get a field. `nothing`: xAI does the same anyway. `record`: OpenAI would keep a record that the client never
 * sees. `taste`: it sounds or works a little differently. `rule`: something that the client relies on. The first two are never refused, the
 * last always, taste where the session is strict.
 */
type Loss = 'nothing' | 'record' | 'taste' | 'rule'

// The largest number of tokens that a client can ask for. Many beta clients send it and mean no limit.
const mostTokens = 4096

// What xAI has no field for.
const foreign = new Map<string, (value: unknown) => Loss>([
  // The model was chosen at connect.
  ['model', () => 'nothing'],
  ['tracing', () => 'record'],
  ['include', value => Array.isArray(value) && value.length === 0 ? 'nothing' : 'taste'],
  ['max_output_tokens', value => value === 'inf' ? 'nothing' : typeof value === 'number' && value >= mostTokens ? 'taste' : 'rule'],
  ['truncation', value => value === 'auto' ? 'nothing' : hasTokenLimits(value) ? 'rule' : 'taste'],
  ['parallel_tool_calls', value => value === true ? 'nothing' : 'taste'],
  // It holds the instructions of the model.
  ['prompt', () => 'rule']
])

/**
 * Called where a field of the session or of a response does not reach xAI.
 * @param part `session` or `response`
 */
export function loseForeign (name: string, value: unknown, part: string, context: DialectContext): void {
  const loss = value === null ? undefined : foreign.get(name)?.(value)
  if (loss === 'rule') refuse(`${part}.${name}${name === 'truncation' ? '.token_limits' : ''}`)
  if (loss === 'record') context.adjusted(`${part}.${name}`)
  if (loss === 'taste') adjust(context, `${part}.${name}`)
}

/** Leaves out what xAI has no field for. */
export function withoutForeign (said: Fields, part: string, context: DialectContext): Fields {
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => {
    loseForeign(name, value, part, context)
    return !foreign.has(name)
  }))
}

/**
 * Whether the client wants text only. xAI always speaks; then the client gets the transcript as text, and no audio.
 * @returns `undefined` where the client does not say
 */
export function wantsText (modalities: unknown, field: string, context: DialectContext): boolean | undefined {
  if (!Array.isArray(modalities)) return undefined
  const textOnly = modalities.includes('text') && !modalities.includes('audio')
  if (textOnly) adjust(context, field)
  return textOnly
}

const efforts = new Map<unknown, string>([['minimal', 'none'], ['low', 'none'], ['medium', 'high'], ['xhigh', 'high']])

/** On xAI the effort is `high` or `none`. */
export function reasoningOut (said: unknown, part: string, context: DialectContext): Fields {
  if (said === undefined || said === null) return {}
  const effort = efforts.get(fieldsOf(said).effort)
  if (effort === undefined) return { reasoning: said }
  adjust(context, `${part}.reasoning.effort`)
  return { reasoning: { ...said, effort } }
}
