import { Ajv } from 'ajv'
import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { OptionError } from '../errors.ts'
import { didYouMean } from './did-you-mean.ts'
import type { OptionSchema } from './schema/builders.ts'

/** Settings under which Ajv understands the schemas of options. */
export const ajvOptions = {
  allErrors: true,
  strictTypes: false,
  // A test checks the schemas themselves. At run time that would cost more than the check of the options.
  validateSchema: false,
  // Each schema is used once in a process, so optimised code would cost more than it saves.
  code: { optimize: false },
  keywords: [
    'rule',
    'unknown',
    { keyword: 'callable', validate: (_schema: true, value: unknown) => typeof value === 'function', errors: false },
    { keyword: 'methods', validate: (names: readonly string[], value: unknown) => hasMethods(value, names), errors: false },
    { keyword: 'moment', validate: (_schema: true, value: unknown) => isMoment(value), errors: false }
  ]
} satisfies Options

// Made at the first check, so that a process that only imports the package does not pay for it.
let ajv: Ajv | undefined
const validators = new WeakMap<OptionSchema, ValidateFunction>()

/**
 * Holds a value against its schema. A member that is `undefined` counts as left out.
 * @throws OptionError naming the first option that is wrong, a misspelt name before anything else
 */
export function check (schema: OptionSchema, value: unknown): void {
  let validate = validators.get(schema)
  if (validate === undefined) {
    validate = (ajv ??= new Ajv(ajvOptions)).compile(schema)
    validators.set(schema, validate)
  }
  if (validate(value)) return
  const { option, rule } = explain(schema, value, validate.errors!)
  throw new OptionError(option, rule)
}

/** The path of the option that is wrong (`keys[0].expiresAt`) and its rule, from Ajv's errors. */
export function explain (schema: OptionSchema, value: unknown, errors: readonly ErrorObject[]): { readonly option: string, readonly rule: string } {
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties') ?? errors[0]!
  const names = error.instancePath.split('/').slice(1).map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (error.keyword === 'required') names.push(error.params['missingProperty'])
  if (error.keyword !== 'additionalProperties') return ruleOf(schema, value, names)
  const parent = names.reduce<OptionSchema | undefined>(member, schema)
  const unknown: string = error.params['additionalProperty']
  return { option: pathOf(value, [...names, unknown]), rule: `${parent?.unknown ?? 'is unknown'}${didYouMean(unknown, Object.keys(parent?.properties ?? {}))}` }
}

// The innermost schema on the way that has a rule: where an item of a list of texts is wrong, that is the list's.
function ruleOf (root: OptionSchema, value: unknown, names: readonly string[]): { option: string, rule: string } {
  let found = { length: 0, rule: root.rule ?? 'is wrong' }
  let schema: OptionSchema | undefined = root
  names.forEach((name, index) => {
    schema = schema && member(schema, name)
    if (schema?.rule !== undefined) found = { length: index + 1, rule: schema.rule }
  })
  return { option: pathOf(value, names.slice(0, found.length)), rule: found.rule }
}

function member (schema: OptionSchema | undefined, name: string): OptionSchema | undefined {
  if (schema?.items !== undefined) return schema.items
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, name)) return schema.properties[name]
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined
}

function pathOf (value: unknown, names: readonly string[]): string {
  let path = ''
  for (const name of names) {
    if (Array.isArray(value)) path += `[${name}]`
    else path += path === '' ? name : `.${name}`
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[name]
  }
  return path
}

function hasMethods (value: unknown, names: readonly string[]): boolean {
  return value !== null && value !== undefined && names.every(name => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
}

function isMoment (value: unknown): boolean {
  return (value instanceof Date || typeof value === 'string' || typeof value === 'number') && !Number.isNaN(new Date(value).getTime())
}
