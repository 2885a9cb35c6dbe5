import type { RealtimeGatewayOptions, VirtualKeyOptions } from '../../../types/index.ts'
import { didYouMean } from '../../options/did-you-mean.ts'
import { gateway } from '../../options/schema/gateway.ts'
import type { OptionSchema } from '../../options/schema/builders.ts'
import { camelCase, kindOf, snakeCase } from '../../options/written.ts'
import { fault, isList, isMapping } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

/** Reads the section `realtime_settings`: every option of the plugin, in snake_case. */
export function readRealtimeSettings (section: Field | undefined, reader: Reader, warnings: Warnings): Partial<RealtimeGatewayOptions> {
  if (section === undefined) return {}
  const options: Partial<RealtimeGatewayOptions> = readMembers(section, gateway, reader, warnings) ?? {}
  return options.keys === undefined ? options : { ...options, keys: options.keys.map(withMetadata) }
}

/** The field behind an option path: `keys[0].expiresAt` -> `realtime_settings.keys[0].expires_at`, or its nearest parent. */
export function descend (section: Field, option: string): Field {
  const [, index, within = ''] = /^\[(\d+)\](.*)$/s.exec(option) ?? []
  if (index !== undefined) {
    const item = isList(section.value) ? section.value[Number(index)] : undefined
    return item === undefined ? section : descend(item, within)
  }
  const path = option.replace(/^\./, '')
  if (path === '' || !isMapping(section.value)) return section
  // Model names may hold dots and brackets. So a step of the path ends where a key of the section ends, and the longest key that fits counts.
  let length = 0
  let next: Field | undefined
  for (const [written, field] of section.value) {
    for (const name of [camelCase(written), written]) {
      if (name.length <= length || !path.startsWith(name) || !/^([.[]|$)/.test(path.slice(name.length))) continue
      length = name.length
      next = field
    }
  }
  return next === undefined ? section : descend(next, path.slice(length))
}

function readMembers (at: Field, schema: OptionSchema, reader: Reader, warnings: Warnings): Record<string, unknown> | undefined {
  const members = new Map(Object.entries(schema.properties!).map(([name, member]) => [snakeCase(name), { name, member }]))
  const fields = reader.map(at)
  if (fields === undefined) return undefined
  const result: Record<string, unknown> = {}
  for (const [written, field] of fields) {
    const { name, member } = members.get(written) ?? {}
    if (name === undefined || member === undefined) {
      warnings.add('unknown', field, `is unknown and has no effect${didYouMean(snakeCase(written), [...members.keys()])}`)
    } else if (kindOf(member) !== 'code') {
      const value = read(member, field, reader, warnings)
      if (value !== undefined) result[name] = value
    } else if (schema === gateway) {
      warnings.add('not_served', field, `has no effect in a file; give the plugin its option ${name} in code`)
    } else {
      // Without another option that needs code the gateway still works. A deployment without its token would refuse every session.
      throw fault(field, 'can only be given in code')
    }
  }
  return result
}

function read (schema: OptionSchema, field: Field, reader: Reader, warnings: Warnings): unknown {
  switch (kindOf(schema)) {
    case 'text': return reader.text(field)
    case 'number': return reader.number(field)
    case 'flag': return reader.flag(field)
    case 'texts': return reader.texts(field)
    case 'moment': return reader.scalar(field)
    case 'number_or_text': return isNumeric(reader.scalar(field)) ? reader.number(field) : reader.scalar(field)
    case 'data': return reader.map(field) && reader.data(field)
    case 'members': return readMembers(field, schema, reader, warnings)
    case 'each': return reader.list(field)?.map(item => readMembers(item, schema.items!, reader, warnings) ?? missing(item, 'a mapping'))
    case 'named': {
      const fields = reader.map(field)
      const each = schema.additionalProperties as OptionSchema
      return fields && Object.fromEntries(Array.from(fields, ([name, item]) => [name, read(each, item, reader, warnings) ?? missing(item, 'a value')]))
    }
    case 'code': return undefined
  }
}

function missing (field: Field, what: string): never {
  throw fault(field, `must be ${what}, not nothing`)
}

// A variable is always a text.
function isNumeric (value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
}

/** Takes from a key's metadata what LiteLLM keeps there and the gateway has members for. Where both are given, the member counts. */
function withMetadata (key: VirtualKeyOptions): VirtualKeyOptions {
  const { tags, disable_fallbacks: disabled } = key.metadata ?? {}
  return {
    ...(Array.isArray(tags) && { tags }),
    ...(disabled === true && { fallbacks: false }),
    ...key
  }
}
