import { OptionError } from '../errors.ts'
import type { RealtimeGatewayOptions } from '../../types/index.ts'
import { resolvePart } from './resolve.ts'
import type { OptionSchema } from './schema/builders.ts'

// What options look like where there is no code: in a config file, or in variables.

/** How an option is written: as a plain value, a list of texts, a list or mapping of further options; `code`: it can only be given in code. */
type Kind = 'text' | 'number' | 'flag' | 'number_or_text' | 'moment' | 'texts' | 'data' | 'code' | 'each' | 'named' | 'members'

/** The kind of an option, from its schema. */
export function kindOf (schema: OptionSchema): Kind {
  if (isCode(schema)) return 'code'
  if (schema.moment === true) return 'moment'
  if (schema.anyOf !== undefined) return 'number_or_text'
  switch (schema.type) {
    case 'string': return 'text'
    case 'number':
    case 'integer': return 'number'
    case 'boolean': return 'flag'
    case 'array': return schema.items?.type === 'string' ? 'texts' : isCode(schema.items!) ? 'code' : 'each'
    default: return schema.properties !== undefined ? 'members' : schema.additionalProperties !== undefined ? 'named' : 'data'
  }
}

// An object that requires a function can only be given in code.
function isCode ({ callable, methods, properties = {}, required = [] }: OptionSchema): boolean {
  return callable === true || methods !== undefined || required.some(name => isCode(properties[name]!))
}

/** `connectTimeout` -> `connect_timeout` */
export function snakeCase (name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** `connect_timeout` -> `connectTimeout` */
export function camelCase (name: string): string {
  return name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}

/**
 * Checks what was read by the plugin's own rules. The error for a broken rule names the line, or the variable, in which the option is written.
 * @param complain makes the error from the path of the option (`keys[0].expiresAt`) and the rule
 */
export function checkWritten (options: RealtimeGatewayOptions, providers: Iterable<string>, complain: (option: string, rule: string) => Error): void {
  try {
    resolvePart(options, [...providers])
  } catch (error) {
    throw error instanceof OptionError ? complain(error.option, error.rule) : error
  }
}
