import type { DialectName, DialectOptions } from '../../types/index.ts'
import { isName, isObject, rule } from './rule.ts'

const names: readonly DialectName[] = ['openai', 'beta', 'xai']
const fields = new Set<string>(['client', 'strict', 'xaiVoices', 'openaiVoices', 'successors'] satisfies Array<keyof DialectOptions>)

/** Checks the option `dialects`. @throws OptionError */
export function checkDialects (dialects: DialectOptions | undefined): void {
  if (dialects === undefined) return
  rule(isObject(dialects), 'dialects', 'must be an object')
  for (const name of Object.keys(dialects)) rule(fields.has(name), `dialects.${name}`, 'is not a field of dialects')
  if (dialects.client !== undefined) checkDialectName(dialects.client, 'dialects.client')
  for (const flag of ['strict', 'successors'] as const) {
    rule(dialects[flag] === undefined || typeof dialects[flag] === 'boolean', `dialects.${flag}`, 'must be true or false')
  }
  for (const table of ['xaiVoices', 'openaiVoices'] as const) {
    const voices = dialects[table] ?? {}
    rule(isObject(voices) && Object.values(voices).every(isName), `dialects.${table}`, 'must be an object of voice names by voice names')
  }
}

/** @throws OptionError */
export function checkDialectName (name: unknown, option: string): void {
  rule(names.includes(name as DialectName), option, `must be one of ${names.join(', ')}`)
}
