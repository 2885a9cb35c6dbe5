import { firstSet } from '../../options/environment.ts'
import type { Environment } from '../../options/environment.ts'
import { fault, isList, isMapping, kindOf, unavailable } from './field.ts'
import type { Field, Scalar } from './field.ts'

const reference = 'os.environ/'

/** Reads fields as the types they must have. A missing or empty field is `undefined`; a wrong one throws. */
export interface Reader {
  /** The value with `os.environ/NAME` replaced. @throws {ConfigError} the variable is not set */
  scalar (field: Field | undefined): Exclude<Scalar, null> | undefined
  text (field: Field | undefined): string | undefined
  /** A text for an HTTP header: printable ASCII without spaces. A key copied with its line break is told here, not by a failed dial. */
  secret (field: Field | undefined): string | undefined
  number (field: Field | undefined): number | undefined
  /** A whole number of at least `least`. */
  count (field: Field | undefined, least: number): number | undefined
  flag (field: Field | undefined): boolean | undefined
  list (field: Field | undefined): readonly Field[] | undefined
  map (field: Field | undefined): ReadonlyMap<string, Field> | undefined
  texts (field: Field | undefined): string[] | undefined
  /** Any plain data, with every `os.environ/NAME` in it replaced. */
  data (field: Field): unknown
}

/**
 * @param env what `os.environ/NAME` is looked up in
 * @param options `lenient`: a variable that is not set is a field that is not there
 */
export function createReader (env: Environment, { lenient = false } = {}): Reader {
  const scalar: Reader['scalar'] = field => {
    if (field === undefined || field.value === null) return undefined
    if (isList(field.value) || isMapping(field.value)) throw fault(field, `must be a single value, not ${kindOf(field.value)}`)
    const value = field.value
    if (typeof value !== 'string' || !value.startsWith(reference)) return value
    const name = value.slice(reference.length)
    const found = firstSet(env, [name])
    if (found === undefined && lenient) return undefined
    if (found === undefined) throw unavailable(field, `needs the environment variable ${name}, which is not set`)
    return found
  }

  const text: Reader['text'] = field => {
    const value = scalar(field)
    if (field === undefined || value === undefined || value === '') return undefined
    if (typeof value !== 'string') throw fault(field, `must be a text, not ${kindOf(value)}; put it in quotes`)
    return value
  }

  const number: Reader['number'] = field => {
    const value = scalar(field)
    if (field === undefined || value === undefined || value === '') return undefined
    // A variable is always a text, and LiteLLM takes numbers in quotes too.
    const number = typeof value === 'string' ? Number(value.trim() || NaN) : value
    if (typeof number !== 'number' || !Number.isFinite(number)) throw fault(field, `must be a number, not ${kindOf(value)}`)
    return number
  }

  const list: Reader['list'] = field => {
    if (field === undefined || field.value === null) return undefined
    if (!isList(field.value)) throw fault(field, `must be a list, not ${kindOf(field.value)}`)
    return field.value
  }

  const map: Reader['map'] = field => {
    if (field === undefined || field.value === null) return undefined
    if (!isMapping(field.value)) throw fault(field, `must be a mapping, not ${kindOf(field.value)}`)
    return field.value
  }

  return {
    scalar,
    text,
    list,
    map,
    secret: field => {
      const value = text(field)
      if (field !== undefined && value !== undefined && !/^[\x21-\x7e]+$/.test(value)) {
        throw unavailable(field, 'must be printable ASCII without spaces or line breaks', { foreign: true, wrong: true })
      }
      return value
    },
    number,
    count: (field, least) => {
      const value = number(field)
      if (field !== undefined && value !== undefined && !(Number.isInteger(value) && value >= least)) {
        throw fault(field, `must be a whole number of at least ${least}`)
      }
      return value
    },
    flag: field => {
      const value = scalar(field)
      if (field === undefined || value === undefined || value === '') return undefined
      if (typeof value === 'boolean') return value
      if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
      throw fault(field, `must be true or false, not ${kindOf(value)}`)
    },
    texts: field => list(field)?.map(item => {
      const value = text(item)
      if (value === undefined) throw fault(item, 'must be a text, not nothing')
      return value
    }),
    data: function data (field): unknown {
      if (isList(field.value)) return field.value.map(data)
      if (isMapping(field.value)) return Object.fromEntries([...field.value].map(([key, item]) => [key, data(item)]))
      return scalar(field) ?? null
    }
  }
}
