import { ConfigError } from '../../errors.ts'
import { firstSet, wildcards } from '../../options/environment.ts'
import type { Environment } from '../../options/environment.ts'
import { readEntry } from './deployment.ts'
import type { DeploymentContext, Entry } from './deployment.ts'
import { fault, locationOf, required, unavailable, whyUnavailable } from './field.ts'
import type { Field, Unavailable } from './field.ts'
import type { Reader } from './reader.ts'
import { reportFields } from './report-fields.ts'

interface ReadGroup {
  readonly entries: Entry[]
  /** What cannot be had, though it must be a voice model. */
  readonly missing: Unavailable[]
  /** What is most likely a chat model: it says no mode, and its provider is not served here. */
  readonly foreign: Unavailable[]
}

/**
 * Reads `model_list`. Entries of other modes are skipped; one that cannot be had is left out where its group has another, and
 * one of another provider that says no mode in any case.
 * @throws {ConfigError} a wrong value; a group of which nothing can be had; entries of which none can
 */
export function readModelList (list: readonly Field[], context: DeploymentContext): Entry[] {
  const groups = new Map<string, ReadGroup>()
  const ids = new Map<string, Field>()
  for (const item of list) {
    const fields = context.reader.map(item)
    if (fields === undefined) throw fault(item, 'must be a mapping, not nothing')
    reportFields('model_list', fields, ['model_name', 'litellm_params', 'model_info'], context.warnings)
    const info = context.reader.map(fields.get('model_info')) ?? new Map<string, Field>()
    if (!isOurs(item, fields.get('model_name'), info, context)) continue

    const model = context.reader.text(required(item, 'model_name', fields.get('model_name')))!
    const group: ReadGroup = groups.get(model) ?? { entries: [], missing: [], foreign: [] }
    groups.set(model, group)
    try {
      const params = context.reader.map(fields.get('litellm_params'))
      const everything = model === '*' && params?.get('model')?.value === '*'
      for (const entry of everything ? readEverything(item, params, info, context) : [readEntry(item, model, fields, info, context)]) {
        group.entries.push(entry)
        if (entry.options.id !== undefined) claim(ids, entry.options.id, info.get('id')!)
      }
    } catch (error) {
      const why = whyUnavailable(error)
      if (why === undefined || (why.wrong && info.has('mode'))) throw error
      const says = info.has('mode') || !why.foreign
      group[says ? 'missing' : 'foreign'].push(why)
    }
  }
  const read = [...groups.values()]
  const nothing = read.length > 0 && read.every(({ entries }) => entries.length === 0)
  for (const { entries, missing, foreign } of read) {
    if (entries.length === 0 && missing.length > 0) throw new ConfigError([...missing, ...foreign].map(told).join('; '))
    for (const { field, rule } of [...missing, ...foreign]) {
      context.warnings.add('left_out', field, `${rule}; the deployment is left out${entries.length > 0 ? ', its group has others' : ''}`)
    }
  }
  if (nothing && !context.hasOthers) throw new ConfigError(read.flatMap(({ foreign }) => foreign).map(told).join('; '))
  return read.flatMap(group => group.entries)
}

// LiteLLM's entry for every model (`model_name: "*"`): the prefix of the name that a client asks for names the provider.
function readEverything (item: Field, params: ReadonlyMap<string, Field>, info: ReadonlyMap<string, Field>, context: DeploymentContext): Entry[] {
  const own = ['api_key', 'api_base'].map(name => params.get(name)).find(field => field !== undefined && field.value !== null)
  if (own !== undefined) throw unavailable(own, 'belongs to one provider, and the model * to all; write an entry for each, as model_name: xai/* with model: xai/*', { foreign: true })
  const withoutId = new Map([...info].filter(([name]) => name !== 'id'))
  const entries: Entry[] = []
  let missing: unknown
  for (const { model, target } of Object.values(wildcards).flat()) {
    const field = params.get('model')!
    const written = { ...field, path: field.path.replace(/\.model$/, ''), value: new Map([...params, ['model', { ...field, value: target }]]) }
    try {
      entries.push(readEntry(item, model, new Map([['litellm_params', written]]), withoutId, context))
    } catch (error) {
      if (whyUnavailable(error) === undefined) throw error
      missing ??= error
    }
  }
  if (entries.length === 0) throw missing
  return entries
}

function told ({ field, rule }: Unavailable): string {
  return `${locationOf(field)} ${rule}`
}

// The file of a LiteLLM proxy has chat and embedding models too. They are skipped, and must not stop the gateway.
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
