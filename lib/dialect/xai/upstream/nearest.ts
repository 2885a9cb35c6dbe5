import { adjust as adjustField, refuse as refuseField } from '../../lacking.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext } from '../../../../types/index.ts'

/** @throws {GatewayError} `unsupported_feature`, naming the field */
export function refuse (field: string): never {
  refuseField(field, lacking(field))
}

/** To be called where a field is changed to what comes nearest. */
export function adjust (context: DialectContext, field: string): void {
  adjustField(context, field, lacking(field))
}

function lacking (field: string): string {
  return `xAI has nothing that does what ${field} asks for.`
}

/** The nearest number that xAI takes. What is no number is xAI's to judge. */
export function clamp (value: unknown, lowest: number, highest: number, field: string, context: DialectContext): unknown {
  if (typeof value !== 'number') return value
  const near = Math.min(Math.max(value, lowest), highest)
  if (near !== value) adjust(context, field)
  return near
}

const always = (): boolean => true
// What xAI has no place for, and when it asks for nothing that xAI does not do anyway.
const foreign = new Map<string, (value: unknown) => boolean>([
  ['model', always],
  ['tracing', always],
  ['include', always],
  ['max_output_tokens', value => value === 'inf'],
  ['truncation', value => value === 'auto'],
  ['parallel_tool_calls', value => value === true],
  ['prompt', () => false]
])

/** Whether a field asks for something that xAI cannot do. */
export function isForeign (name: string, value: unknown): boolean {
  return value !== null && foreign.get(name)?.(value) === false
}

/** Leaves out what xAI has no place for. `where`: what the fields are of, `session` or `response`. */
export function withoutForeign (said: Fields, where: string, context: DialectContext): Fields {
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => {
    if (isForeign(name, value)) adjust(context, `${where}.${name}`)
    return !foreign.has(name)
  }))
}

/**
 * Whether the client only wants to read. xAI always speaks: its words can be written down, and its voice left out.
 * @returns `undefined` where the client does not say
 */
export function wantsText (modalities: unknown, field: string, context: DialectContext): boolean | undefined {
  if (!Array.isArray(modalities)) return undefined
  const textOnly = modalities.includes('text') && !modalities.includes('audio')
  if (textOnly) adjust(context, field)
  return textOnly
}

const efforts = new Map<unknown, string>([['minimal', 'none'], ['low', 'none'], ['medium', 'high'], ['xhigh', 'high']])

/** xAI thinks hard, or not at all. */
export function reasoningOut (said: unknown): Fields {
  if (said === undefined || said === null) return {}
  const effort = (said as { effort?: unknown }).effort
  return { reasoning: efforts.has(effort) ? { ...said, effort: efforts.get(effort) } : said }
}
