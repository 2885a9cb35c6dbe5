import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import type { FastifyInstance, FastifySchema } from 'fastify'

/** Bytes of a body. */
export const bodyLimit = 256 * 1024

const text = { type: 'string', minLength: 1, maxLength: 4_096 } as const
/** A secret, or its SHA-256. */
export const keyName = { ...text, description: 'The key, or its SHA-256 in hex.' }
export const id = { type: 'string', minLength: 1, maxLength: 256 } as const

const row = { type: 'object', additionalProperties: true } as const
const error = {
  type: 'object',
  description: 'A refusal.',
  properties: {
    error: {
      type: 'object',
      properties: { message: { type: 'string' }, type: { type: 'string' }, param: { type: ['string', 'null'] }, code: { type: 'string' } }
    }
  }
} as const

/** Schema of a route, as a host with @fastify/swagger shows it. It names no `security`: a scheme that the host has not defined would break its page. */
export function described (tag: string, operationId: string, summary: string, parts: Pick<FastifySchema, 'body' | 'querystring' | 'params'> & { readonly answer?: object } = {}): FastifySchema {
  const { answer = row, ...asked } = parts
  return { operationId, summary, tags: [tag], ...asked, response: { 200: { description: 'Done.', ...answer }, '4xx': error, '5xx': error } } as FastifySchema
}

export function object (properties: Readonly<Record<string, object>>, required: readonly string[] = [], additionalProperties = true): object {
  return { type: 'object', properties, required, additionalProperties }
}

/**
 * Checks bodies as they come. Fastify's own validator would make 0 of `null`, and take away fields that it does not know: a limit of nothing
 * instead of none.
 */
export function validateAsWritten (scope: FastifyInstance): void {
  const options = { allErrors: false, strict: false, coerceTypes: false, removeAdditional: false, useDefaults: true, code: { optimize: false } } as const
  const written = new Ajv(options)
  // What stands in a URL is text.
  const query = new Ajv({ ...options, coerceTypes: true })
  // Answers are described for the host's API page. To compile a writer for each would take the start of a process longer than all writing ever does.
  scope.setSerializerCompiler(() => data => JSON.stringify(data))
  scope.setValidatorCompiler(({ schema, httpPart }) => atFirstUse(httpPart === 'querystring' ? query : written, schema as object))
}

/** Compiled when it is first needed: most processes never manage anything. */
function atFirstUse (ajv: Ajv, schema: object): ValidateFunction {
  let compiled: ValidateFunction | undefined
  const validate = ((data: unknown): boolean => {
    compiled ??= ajv.compile(schema)
    const valid = compiled(data)
    validate.errors = compiled.errors ?? null
    return valid
  }) as ValidateFunction
  return validate
}
