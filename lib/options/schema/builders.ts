import type { Static, TObject, TOptional, TReadonly, TSchema, TUnsafe } from 'typebox'

// TypeBox's types without its code: its builders are 700 modules, and every process that registers the plugin would load them for a dozen
// functions. These build plain JSON Schema for Ajv.

/** JSON Schema, with what messages and readers of options need to know beside it. */
export interface OptionSchema extends TSchema {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object'
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly anyOf?: readonly OptionSchema[]
  readonly items?: OptionSchema
  readonly properties?: Readonly<Record<string, OptionSchema>>
  readonly required?: readonly string[] | undefined
  /** `null` is a value too. */
  readonly nullable?: boolean
  readonly additionalProperties?: OptionSchema | boolean
  /** What counts where the option is left out. */
  readonly default?: string | number | boolean
  /** A function. */
  readonly callable?: boolean
  /** An object that has these functions. */
  readonly methods?: readonly string[]
  /** A `Date`, or what `new Date()` reads. */
  readonly moment?: boolean
  /** The rule that a message states after the name of the option. Default: the rule of the schema around it. */
  readonly rule?: string
  /** What a message says of an unknown member, after its name. */
  readonly unknown?: string
}

/** The schema of a value of type `T`. */
export type Of<T> = TUnsafe<T> & OptionSchema

type Properties = Readonly<Record<string, OptionSchema>>

/** The schema of an object whose members are readonly and, but for `Required`, may be left out or `undefined`. */
export type Fields<P extends Properties, Required extends keyof P = never> = Pick<OptionSchema, 'additionalProperties' | 'rule' | 'unknown'> & TObject<{
  [Name in keyof P]: Name extends Required ? TReadonly<P[Name]> : TReadonly<TOptional<Of<Static<P[Name]> | undefined>>>
}>

/** Most that Node's timers hold; no number among the options needs more. */
export const maxNumber = 2 ** 31 - 1

/** An object. `unknown` is said of a member that it does not have. */
export function fields<P extends Properties, const Required extends keyof P & string = never> (
  properties: P, { unknown, rule = 'must be an object', required = [] }: { readonly unknown: string, readonly rule?: string, readonly required?: readonly Required[] }
): Fields<P, Required> {
  const schema: OptionSchema = { type: 'object', properties, required, additionalProperties: false, rule, unknown }
  return schema as unknown as Fields<P, Required>
}

export function text (rule: string, limits: Pick<OptionSchema, 'pattern' | 'minLength' | 'maxLength' | 'default'> = {}): Of<string> {
  return of({ type: 'string', ...limits, rule })
}

/** A name of a model, a voice, a key. */
export function name (rule: string): Of<string> {
  return text(rule, { minLength: 1, maxLength: 256 })
}

/** One of a few texts. */
export function oneOf<const T extends string> (values: readonly T[], fallback?: T): Of<T> {
  const quoted = values.map(value => `'${value}'`)
  return of({ type: 'string', enum: values, ...defaultOf(fallback), rule: `must be ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}` })
}

export function flag (fallback?: boolean): Of<boolean> {
  return of({ type: 'boolean', ...defaultOf(fallback), rule: 'must be true or false' })
}

/** A whole number within bounds, both included. */
export function whole (minimum: number, maximum: number, fallback?: number): Of<number> {
  return of({ type: 'integer', minimum, maximum, ...defaultOf(fallback), rule: `must be a whole number from ${minimum} to ${maximum}` })
}

/** A number within bounds, both included. */
export function number (minimum: number, maximum: number, fallback?: number): Of<number> {
  return of({ type: 'number', minimum, maximum, ...defaultOf(fallback), rule: `must be a number from ${minimum} to ${maximum}` })
}

/** A number from 0 to whatever is counted. */
export function amount (fallback?: number): Of<number> {
  return of({ type: 'number', minimum: 0, ...defaultOf(fallback), rule: 'must be a number that is not negative' })
}

/** A limit: a whole number from 0 on, where `null` is none. */
export function limit (): Of<number | null> {
  return of({ type: 'integer', minimum: 0, maximum: maxNumber, nullable: true, rule: `must be a whole number from 0 to ${maxNumber}, or null for no limit` })
}

/** A list of texts. Where `items` has no rule, a wrong item is told by the rule of the list. */
export function texts (items: OptionSchema = { type: 'string' }): Of<readonly string[]> {
  return of({ type: 'array', items, rule: 'must be a list of texts' })
}

export function list<S extends TSchema & OptionSchema> (items: S): Of<ReadonlyArray<Static<S>>> {
  return of({ type: 'array', items, rule: 'must be a list' })
}

/** A mapping whose names are the user's. */
export function named<S extends OptionSchema> (each: S, rule = 'must be an object'): Of<Readonly<Record<string, Static<S>>>> {
  return of({ type: 'object', additionalProperties: each, rule })
}

/** Anything at all under the user's own names. */
export function data (): Of<Readonly<Record<string, unknown>>> {
  return of({ type: 'object', rule: 'must be an object' })
}

export function moment (): Of<Date | string | number> {
  return of({ moment: true, rule: 'must be a date, an ISO 8601 text or Unix time in milliseconds' })
}

export function fn<T extends (...args: never[]) => unknown> (): Of<T> {
  return of({ callable: true, rule: 'must be a function' })
}

/** An object of the host's that has at least these functions. */
export function plugPoint<T extends object> (...methods: ReadonlyArray<keyof T & string>): Of<T> {
  const all = methods.length === 1 ? methods[0]! : `${methods.slice(0, -1).join(', ')} and ${methods.at(-1)}`
  return of({ methods, rule: `must have the function${methods.length === 1 ? '' : 's'} ${all}` })
}

/** Either of the schemas. */
export function either<const S extends readonly OptionSchema[]> (anyOf: S, rule: string): Of<Static<S[number]>> {
  return of({ anyOf, rule })
}

export function of<T> (schema: OptionSchema): Of<T> {
  return schema as Of<T>
}

function defaultOf<T> (fallback: T | undefined): { default?: T } {
  return fallback === undefined ? {} : { default: fallback }
}
