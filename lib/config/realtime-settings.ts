import type { DeploymentOptions, RealtimeGatewayOptions, VirtualKeyOptions } from '../../types/index.ts'
import { fault, isList, isMapping } from './field.ts'
import type { Field } from './field.ts'
import { deploymentTable, keyTable, optionTable, snakeCase } from './option-table.ts'
import type { OptionKind } from './option-table.ts'
import type { Reader } from './reader.ts'
import { didYouMean } from './report-fields.ts'
import type { Warnings } from './warnings.ts'

/** Reads the section `realtime_settings`: every option of the plugin, in snake_case. */
export function readRealtimeSettings (section: Field | undefined, reader: Reader, warnings: Warnings): Partial<RealtimeGatewayOptions> {
  if (section === undefined) return {}
  return readTable<RealtimeGatewayOptions>(section, optionTable, reader, warnings)
}

/** The field behind an option path: `keys[0].expiresAt` -> `realtime_settings.keys[0].expires_at`, or its nearest parent. */
export function descend (section: Field, option: string): Field {
  let field = section
  for (const step of option.match(/[^.[\]]+/g) ?? []) {
    const next = isList(field.value) ? field.value[Number(step)] : isMapping(field.value) ? field.value.get(snakeCase(step)) : undefined
    if (next === undefined) break
    field = next
  }
  return field
}

function readTable<T> (at: Field, table: Readonly<Record<string, OptionKind>>, reader: Reader, warnings: Warnings): Partial<T> {
  const names = new Map(Object.keys(table).map(name => [snakeCase(name), name]))
  const result: Record<string, unknown> = {}
  for (const [written, field] of reader.map(at) ?? []) {
    const name = names.get(written)
    if (name === undefined) {
      warnings.add('unknown', field, `is unknown and has no effect${didYouMean(snakeCase(written), [...names.keys()])}`)
      continue
    }
    if (table[name] === 'code') {
      warnings.add('not_served', field, `has no effect in a file; give the plugin its option ${name} in code`)
      continue
    }
    const value = read(table[name]!, field, reader, warnings)
    if (value !== undefined) result[name] = value
  }
  return result as Partial<T>
}

function read (kind: Exclude<OptionKind, 'code'>, field: Field, reader: Reader, warnings: Warnings): unknown {
  switch (kind) {
    case 'text': return reader.text(field)
    case 'number': return reader.number(field)
    case 'flag': return reader.flag(field)
    case 'texts': return reader.texts(field)
    case 'moment': return reader.scalar(field)
    case 'map': return reader.map(field) && reader.data(field)
    case 'keys': return each<VirtualKeyOptions>(field, keyTable, reader, warnings)
    case 'deployments': return each<DeploymentOptions>(field, deploymentTable, reader, warnings)
  }
}

function each<T> (field: Field, table: Readonly<Record<string, OptionKind>>, reader: Reader, warnings: Warnings): Partial<T>[] | undefined {
  return reader.list(field)?.map(item => {
    if (item.value === null) throw fault(item, 'must be a mapping, not nothing')
    return readTable<T>(item, table, reader, warnings)
  })
}
