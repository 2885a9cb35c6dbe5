import type { RealtimeGatewayOptions, VirtualKeyOptions } from '../../../types/index.ts'
import { fault, isList, isMapping } from './field.ts'
import type { Field } from './field.ts'
import { optionTable, snakeCase } from './option-table.ts'
import type { Members, WritableKind } from './option-table.ts'
import type { Reader } from './reader.ts'
import { didYouMean } from './report-fields.ts'
import type { Warnings } from './warnings.ts'

/** Reads the section `realtime_settings`: every option of the plugin, in snake_case. */
export function readRealtimeSettings (section: Field | undefined, reader: Reader, warnings: Warnings): Partial<RealtimeGatewayOptions> {
  if (section === undefined) return {}
  const options: Partial<RealtimeGatewayOptions> = readMembers(section, optionTable, reader, warnings) ?? {}
  return options.keys === undefined ? options : { ...options, keys: options.keys.map(withMetadata) }
}

/** The field behind an option path: `keys[0].expiresAt` -> `realtime_settings.keys[0].expires_at`, or its nearest parent. */
export function descend (section: Field, option: string): Field {
  const [, index, rest = ''] = /^\[(\d+)\](.*)$/s.exec(option) ?? []
  if (index !== undefined) {
    const item = isList(section.value) ? section.value[Number(index)] : undefined
    return item === undefined ? section : descend(item, rest)
  }
  const path = option.replace(/^\./, '')
  if (path === '' || !isMapping(section.value)) return section
  // Model names may hold dots and brackets, so the keys decide where a step ends; the longest that fits is meant.
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

function readMembers (at: Field, table: Members, reader: Reader, warnings: Warnings): Record<string, unknown> | undefined {
  const names = new Map(Object.keys(table).map(name => [snakeCase(name), name]))
  const fields = reader.map(at)
  if (fields === undefined) return undefined
  const result: Record<string, unknown> = {}
  for (const [written, field] of fields) {
    const name = names.get(written)
    if (name === undefined) {
      warnings.add('unknown', field, `is unknown and has no effect${didYouMean(snakeCase(written), [...names.keys()])}`)
      continue
    }
    const kind = table[name]!
    if (kind === 'code') {
      // The gateway does without an option, but a deployment without its token is one that nobody gets a session from.
      if (table !== optionTable) throw fault(field, 'can only be given in code')
      warnings.add('not_served', field, `has no effect in a file; give the plugin its option ${name} in code`)
      continue
    }
    const value = read(kind, field, reader, warnings)
    if (value !== undefined) result[name] = value
  }
  return result
}

function read (kind: WritableKind, field: Field, reader: Reader, warnings: Warnings): unknown {
  if (typeof kind === 'object') {
    if ('members' in kind) return readMembers(field, kind.members, reader, warnings)
    if ('each' in kind) return reader.list(field)?.map(item => readMembers(item, kind.each, reader, warnings) ?? missing(item, 'a mapping'))
    const fields = reader.map(field)
    return fields && Object.fromEntries(Array.from(fields, ([name, item]) =>
      [name, read(kind.named, item, reader, warnings) ?? missing(item, 'a value')]))
  }
  switch (kind) {
    case 'text': return reader.text(field)
    case 'number': return reader.number(field)
    case 'flag': return reader.flag(field)
    case 'texts': return reader.texts(field)
    case 'moment': return reader.scalar(field)
    case 'number_or_text': return isNumeric(reader.scalar(field)) ? reader.number(field) : reader.scalar(field)
    case 'data': return reader.map(field) && reader.data(field)
  }
}

function missing (field: Field, what: string): never {
  throw fault(field, `must be ${what}, not nothing`)
}

// A variable is always a text.
function isNumeric (value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
}

/** What LiteLLM keeps in a key's metadata and the gateway has members for. The members count where both are there. */
function withMetadata (key: VirtualKeyOptions): VirtualKeyOptions {
  const { tags, disable_fallbacks: disabled } = key.metadata ?? {}
  return {
    ...(Array.isArray(tags) && { tags }),
    ...(disabled === true && { fallbacks: false }),
    ...key
  }
}

function camelCase (name: string): string {
  return name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}
