import { OptionError } from '../errors.ts'

/** Most that Node's timers hold; no number among the options needs more. */
export const maxNumber = 2 ** 31 - 1

/** @throws OptionError with the option and the rule, unless the rule `holds` */
export function rule (holds: boolean, option: string, text: string): void {
  if (!holds) throw new OptionError(option, text)
}

export function isName (value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 256
}

export function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws OptionError */
export function texts (value: unknown, option: string): readonly string[] {
  rule(Array.isArray(value) && value.every(item => typeof item === 'string'), option, 'must be a list of texts')
  return value as string[]
}
