import type { RealtimeGatewayOptions, RoutingOptions } from '../../../types/index.ts'
import { firstSet, masterKeyFrom, masterKeyOptions, providerVariables } from '../../options/environment.ts'
import type { Environment } from '../../options/environment.ts'
import { checkWritten } from '../../options/written.ts'
import { readFallbacks } from './fallbacks.ts'
import { readMasterKey } from './master-key.ts'
import { readModelList } from './model-list.ts'
import { fault, isList, isMapping } from './field.ts'
import type { Field } from './field.ts'
import { isServed, readAliases, shareGroups } from './groups.ts'
import { readWithIncludes } from './include.ts'
import { createReader } from './reader.ts'
import type { Reader } from './reader.ts'
import { descend, readRealtimeSettings } from './realtime-settings.ts'
import { reportFields } from './report-fields.ts'
import { readRouterSettings, routerSettings, sharedSettings } from './router-settings.ts'
import type { Section } from './known-fields.ts'
import { readStores, storeFields } from './stores.ts'
import type { LiteLLMStores } from './stores.ts'
import { createWarnings } from './warnings.ts'
import type { ConfigWarning } from './warnings.ts'

export interface LoadOptions {
  /**
   * Where `os.environ/NAME`, `XAI_API_KEY`, `OPENAI_API_KEY`, `AZURE_API_KEY`, `XAI_API_BASE`, `OPENAI_BASE_URL`, `OPENAI_API_BASE`,
   * `AZURE_API_BASE`, `AZURE_API_VERSION`, `LITELLM_AZURE_REALTIME_PROTOCOL`, `LITELLM_MASTER_KEY` and `LITELLM_ENVIRONMENT` are
   * looked up: usually `process.env`. It is not changed.
   */
  readonly env: Environment
  /** Providers beside `openai`, `xai` and `azure` that the host has adapters for (the option `adapters`). Default none. */
  readonly providers?: readonly string[] | undefined
}

export interface LiteLLMConfig {
  /** Options for the plugin. Spread them and add what only code can give: `{ ...options, authenticate }`. */
  readonly options: RealtimeGatewayOptions
  /**
   * Where the file has its keys and counts kept. The command line opens these; in code, give the plugin a `keyStore` (`openPostgres`) and a
   * `limitStore` (`createRedisLimitStore`).
   */
  readonly stores: LiteLLMStores
  /** What of the file does not work as written, in the order of its discovery. Log each once. */
  readonly warnings: readonly ConfigWarning[]
}

type Sections = ReadonlyMap<string, Field>

/**
 * Reads LiteLLM's config file, unchanged, and gives the plugin's options. The sections `model_list`, `router_settings`,
 * `general_settings`, `environment_variables`, `credential_list` and `include` mean what they mean there;
 * `realtime_settings` holds the plugin's own options in snake_case, times in milliseconds.
 * Reads files and nothing else: nothing is executed, fetched or written.
 * @throws {ConfigError} the file cannot be read, is not YAML, or holds a wrong value. The message names file, line, field
 * and rule, and never a value.
 */
export function loadLiteLLMConfig (file: string, { env, providers = [] }: LoadOptions): LiteLLMConfig {
  const warnings = createWarnings()
  const sections = readWithIncludes(file, warnings)
  const known = ['model_list', 'router_settings', 'general_settings', 'litellm_settings', 'environment_variables', 'credential_list', 'realtime_settings']
  reportFields('top', sections, known, warnings)

  const fullEnv = withFileVariables(env, sections.get('environment_variables'))
  const reader = createReader(fullEnv)
  const router = section('router_settings', [...routerSettings, ...storeFields.router])
  const general = section('general_settings', ['master_key', 'max_parallel_requests', 'global_max_parallel_requests', ...storeFields.general])
  const routerWide = readRouterSettings(router, section('litellm_settings', sharedSettings), reader, warnings)

  const allProviders = new Set([...Object.keys(providerVariables), ...providers])
  const settings = sections.get('realtime_settings')
  const { routing: ownRouting, ...own } = readRealtimeSettings(settings, reader, warnings)
  checkWritten(own, allProviders, (option, rule) => fault(descend(settings!, option), rule))
  const entries = readModelList(reader.list(sections.get('model_list')) ?? [], {
    reader,
    env: fullEnv,
    warnings,
    providers: allProviders,
    credentials: readCredentials(sections.get('credential_list'), reader),
    defaultMaxSessions: reader.count(router.get('default_max_parallel_requests'), 1) ?? reader.count(general.get('max_parallel_requests'), 1),
    neverCools: routerWide.neverCools,
    hasOthers: (own.deployments ?? []).length > 0
  })
  const deployments = [...shareGroups(entries, {
    strategyOf: model => ownRouting?.groups?.[model]?.strategy ?? ownRouting?.strategy ?? routerWide.routing.strategy ?? 'simple-shuffle',
    enforcesRpm: routerWide.enforcesRpm
  }, warnings), ...own.deployments ?? []]
  const aliases = readAliases(router.get('model_group_alias'), deployments, reader, warnings)
  const models = { aliases, serves: (name: string) => aliases.has(name) || isServed(deployments, name) }
  const routing = merge({ ...routerWide.routing, ...(aliases.size > 0 && { aliases: Object.fromEntries(aliases) }), ...readFallbacks(routerWide, models, reader, warnings) }, ownRouting)
  checkWritten({ deployments, routing }, allProviders, (option, rule) => fault(fieldOf(option), rule))

  const litellmKey = readMasterKey(general.get('master_key'), reader)
  const masterKey = own.masterKey !== undefined ? {} : litellmKey !== undefined ? masterKeyOptions(litellmKey) : masterKeyFrom(fullEnv, ['LITELLM_MASTER_KEY'])
  const maxSessions = own.maxSessions ?? reader.count(general.get('global_max_parallel_requests'), 1)

  const options: RealtimeGatewayOptions = {
    ...own,
    ...(deployments.length > 0 && { deployments }),
    ...(Object.keys(routing).length > 0 && { routing }),
    ...masterKey,
    ...(maxSessions !== undefined && { maxSessions })
  }
  return { options, stores: readStores(general, router, createReader(fullEnv, { lenient: true })), warnings: warnings.all() }

  // Each entry of LiteLLM's sections was checked when it was read. A rule that is broken now is about our own section, or about entries together.
  function fieldOf (option: string): Field {
    const [, index, within = ''] = /^deployments\[(\d+)\](.*)$/s.exec(option) ?? []
    const entry = entries[Number(index)]
    if (entry !== undefined) return entry.field
    return descend(settings!, index === undefined ? option : `deployments[${Number(index) - entries.length}]${within}`)
  }

  function section (name: Section, served: readonly string[]): Sections {
    const fields = reader.map(sections.get(name)) ?? new Map<string, Field>()
    reportFields(name, fields, served, warnings)
    return fields
  }
}

// As in LiteLLM, the file's variables win over those of the process. One that refers to a variable that is not set is passed over.
function withFileVariables (env: Environment, field: Field | undefined): Environment {
  const outer = createReader(env)
  const added: Record<string, string> = {}
  for (const [name, variable] of outer.map(field) ?? []) {
    if (isList(variable.value) || isMapping(variable.value)) throw fault(variable, 'must be a single value')
    const { value } = variable
    if (typeof value === 'string' && value.startsWith('os.environ/')) {
      const found = firstSet(env, [value.slice('os.environ/'.length)])
      if (found !== undefined) added[name] = found
    } else if (value !== null) {
      added[name] = String(value)
    }
  }
  return { ...env, ...added }
}

function readCredentials (field: Field | undefined, reader: Reader): Map<string, Sections> {
  const credentials = new Map<string, Sections>()
  for (const item of reader.list(field) ?? []) {
    const fields = reader.map(item)
    const name = reader.text(fields?.get('credential_name'))
    if (name === undefined) throw fault(item, 'must have a credential_name')
    credentials.set(name, reader.map(fields?.get('credential_values')) ?? new Map<string, Field>())
  }
  return credentials
}

// A setting of `realtime_settings` wins over LiteLLM's. Aliases and fallbacks are merged.
function merge (theirs: RoutingOptions, ours: RoutingOptions = {}): RoutingOptions {
  const aliases = { ...theirs.aliases, ...ours.aliases }
  const fallbacks = { ...theirs.fallbacks, ...ours.fallbacks }
  return {
    ...theirs,
    ...ours,
    ...(Object.keys(aliases).length > 0 && { aliases }),
    ...(Object.keys(fallbacks).length > 0 && { fallbacks })
  }
}
