import { ConfigError } from '../../errors.ts'

/** A plain value of a config file. */
export type Scalar = string | number | boolean | null

/** A value of a config file with its file, line and path, so that every error and warning can name them. */
export interface Field {
  /** The file as it was named by whoever asked for it. */
  readonly file: string
  /** Line of the key (or of the list item), from 1. */
  readonly line: number
  /** Where the value sits: `model_list[0].litellm_params.api_key`. Empty for the whole file. */
  readonly path: string
  readonly value: Scalar | readonly Field[] | ReadonlyMap<string, Field>
}

/** File, line and path of a field: how every message begins. */
export function locationOf (field: Field): string {
  return `${field.file}:${field.line}: ${field.path}`
}

/** An error that names file, line, field and rule. `rule` must not hold the value. */
export function fault (field: Field, rule: string): Error {
  return new ConfigError(`${locationOf(field)} ${rule}`)
}

/** Why something cannot be had on this machine: a variable that is not set, a provider that is not served. */
export interface Unavailable {
  readonly field: Field
  readonly rule: string
  /** Its provider is none of the gateway's, as in a file that serves chat models too. */
  readonly foreign: boolean
  /** A value is there and wrong. An entry that says `mode: realtime` is then an error, and not left out. */
  readonly wrong: boolean
}

// Beside the error and not on it: an error may be logged with all its members, and a field may hold keys.
const reasons = new WeakMap<Error, Unavailable>()

/** A fault that need not stop the gateway where another deployment serves the same model. */
export function unavailable (field: Field, rule: string, { foreign = false, wrong = false } = {}): Error {
  const error = fault(field, rule)
  reasons.set(error, { field, rule, foreign, wrong })
  return error
}

/** The reason behind an error made by `unavailable`; `undefined` for any other. */
export function whyUnavailable (error: unknown): Unavailable | undefined {
  return error instanceof Error ? reasons.get(error) : undefined
}

/** The field, which must be there and hold something. */
export function required (parent: Field, name: string, field: Field | undefined): Field {
  if (field !== undefined && field.value !== null && field.value !== '') return field
  throw fault(field ?? { ...parent, path: `${parent.path}.${name}` }, 'is required')
}

export function isPlain (value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number'
}

export function isList (value: Field['value']): value is readonly Field[] {
  return Array.isArray(value)
}

export function isMapping (value: Field['value']): value is ReadonlyMap<string, Field> {
  return value instanceof Map
}

/** What a value is, in words, without the value itself. */
export function kindOf (value: Field['value']): string {
  if (value === null) return 'nothing'
  if (isList(value)) return 'a list'
  if (isMapping(value)) return 'a mapping'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}
