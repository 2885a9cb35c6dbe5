import { ConfigError } from '../errors.ts'
import { readEntry } from './deployment.ts'
import type { DeploymentContext, Entry } from './deployment.ts'
import { fault, place, required, whyUnavailable } from './field.ts'
import type { Field, Unavailable } from './field.ts'
import { firstSet } from './providers.ts'
import type { Environment, Reader } from './reader.ts'
import { reportFields } from './report-fields.ts'

/** Reads `model_list`. Entries of other modes are skipped; one that cannot be had is left out where its group has another. */
export function readModelList (list: readonly Field[], context: DeploymentContext): Entry[] {
  const groups = new Map<string, { entries: Entry[], missing: Unavailable[] }>()
  const ids = new Map<string, Field>()
  for (const item of list) {
    const fields = context.reader.map(item)
    if (fields === undefined) throw fault(item, 'must be a mapping, not nothing')
    reportFields('model_list', fields, ['model_name', 'litellm_params', 'model_info'], context.warnings)
    const info = context.reader.map(fields.get('model_info')) ?? new Map<string, Field>()
    if (!isOurs(item, fields.get('model_name'), info, context)) continue

    const model = context.reader.text(required(item, 'model_name', fields.get('model_name')))!
    const group = groups.get(model) ?? { entries: [], missing: [] }
    groups.set(model, group)
    try {
      const entry = readEntry(item, model, fields, info, context)
      group.entries.push(entry)
      if (entry.options.id !== undefined) claim(ids, entry.options.id, info.get('id')!)
    } catch (error) {
      const why = whyUnavailable(error)
      if (why === undefined) throw error
      group.missing.push(why)
    }
  }
  for (const { entries, missing } of groups.values()) {
    if (entries.length === 0) throw new ConfigError(missing.map(({ field, rule }) => `${place(field)} ${rule}`).join('; '))
    for (const { field, rule } of missing) context.warnings.add('left_out', field, `${rule}; the deployment is left out, its group has others`)
  }
  return [...groups.values()].flatMap(group => group.entries)
}

// A proxy's file is full of chat and embedding models; none of them may stand in the way of the voice ones.
function isOurs (item: Field, name: Field | undefined, info: ReadonlyMap<string, Field>, { reader, env, warnings }: DeploymentContext): boolean {
  const why = skipReason(info, reader, env)
  if (why !== undefined) warnings.add('skipped', item, `${typeof name?.value === 'string' ? `(${name.value}) ` : ''}is skipped: ${why}`)
  return why === undefined
}

function skipReason (info: ReadonlyMap<string, Field>, reader: Reader, env: Environment): string | undefined {
  const mode = reader.text(info.get('mode'))
  if (mode !== undefined && mode !== 'realtime') return `mode ${mode}`
  if (reader.flag(info.get('blocked')) === true) return 'blocked'
  const environments = reader.texts(info.get('supported_environments'))
  if (environments === undefined || environments.includes(firstSet(env, ['LITELLM_ENVIRONMENT']) ?? '')) return undefined
  return 'supported_environments does not name LITELLM_ENVIRONMENT'
}

function claim (ids: Map<string, Field>, id: string, field: Field): void {
  const other = ids.get(id)
  if (other !== undefined) throw fault(field, `is the id of another deployment, in ${other.file}:${other.line}`)
  ids.set(id, field)
}
