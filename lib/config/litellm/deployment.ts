import type { DeploymentOptions } from '../../../types/index.ts'
import type { Environment } from '../../options/environment.ts'
import { checkWritten } from '../../options/written.ts'
import { accessParams, readAccess } from './access.ts'
import { fault, required, unavailable } from './field.ts'
import type { Field } from './field.ts'
import { priceFields, readPrice } from './price.ts'
import type { Reader } from './reader.ts'
import { reportFields } from './report-fields.ts'
import { readSeconds } from './router-settings.ts'
import type { Warnings } from './warnings.ts'

/** What reading a deployment needs beside the entry itself. */
export interface DeploymentContext {
  readonly reader: Reader
  readonly env: Environment
  readonly warnings: Warnings
  /** Providers that have an adapter. */
  readonly providers: ReadonlySet<string>
  /** `credential_list`, by `credential_name`. */
  readonly credentials: ReadonlyMap<string, ReadonlyMap<string, Field>>
  /** Sessions at a time for a deployment that says nothing itself. */
  readonly defaultMaxSessions?: number
  /** Whether a deployment's own `cooldown_time` counts for nothing, as with `disable_cooldowns`. */
  readonly neverCools: boolean
  /** Whether the file has deployments elsewhere, so that `model_list` may come to nothing. */
  readonly hasOthers: boolean
}

/** One entry of `model_list` that is ours to serve, still with LiteLLM's three ways to weigh it. */
export interface Entry {
  readonly field: Field
  readonly options: DeploymentOptions
  readonly shares: { readonly weight?: number, readonly rpm?: number, readonly tpm?: number }
}

type Fields = ReadonlyMap<string, Field>

/** Reads one entry. @throws {ConfigError} a wrong value; with `whyUnavailable` where its provider, its key or a variable cannot be had here */
export function readEntry (item: Field, model: string, fields: Fields, info: Fields, context: DeploymentContext): Entry {
  const { reader, warnings, providers } = context
  const at = required(item, 'litellm_params', fields.get('litellm_params'))
  const params = withCredential(reader.map(at)!, context)
  const target = readTarget(params, at, reader)
  const provider = target.slice(0, target.indexOf('/'))
  if (!providers.has(provider)) {
    throw unavailable(params.get('model')!, `names the provider ${provider}, which is not served here (${[...providers].join(', ')})`, { foreign: true })
  }
  reportFields('litellm_params', params, [...accessParams(provider), ...servedParams], warnings)
  reportFields('model_info', info, servedInfo, warnings)
  const headers = readHeaders(params, reader)
  const shares = {
    weight: least0(reader, params.get('weight')),
    rpm: least0(reader, params.get('rpm')),
    tpm: least0(reader, params.get('tpm'))
  }
  const options = defined({
    id: reader.text(info.get('id')),
    model,
    target,
    ...readAccess(params, at, provider, context),
    insecure: reader.flag(info.get('insecure')),
    dialect: reader.text(info.get('dialect')) as DeploymentOptions['dialect'],
    price: readPrice(new Map([...info, ...params]), target, reader, warnings),
    cooldownMs: context.neverCools ? undefined : readSeconds(params.get('cooldown_time'), reader),
    tags: reader.texts(params.get('tags')),
    order: reader.number(params.get('order')) ?? reader.number(info.get('order')),
    maxSessions: reader.count(params.get('max_parallel_requests'), 1) ?? context.defaultMaxSessions,
    headers: Object.keys(headers).length > 0 ? headers : undefined
  })
  checkWritten({ deployments: [options] }, providers, (option, rule) => {
    const text = rule.replace('insecure: true', 'model_info.insecure: true')
    // An entry without a mode may be a chat model: what is wrong with its server must not keep the gateway from starting.
    return /\.(?:baseUrl|apiKey|headers)\b/.test(option) ? unavailable(locate(option), text, { foreign: true, wrong: true }) : fault(locate(option), text)
  })
  return { field: item, options, shares: defined(shares) }

  function locate (option: string): Field {
    const [name = '', header] = option.replace('deployments[0].', '').split(/\.(.*)/s)
    if (name === 'model' || name === 'id') return fields.get('model_name') ?? item
    if (header !== undefined) return reader.map(params.get('extra_headers'))?.get(header) ?? at
    if (ownInfo.includes(name)) return info.get(name) ?? at
    const written = writtenAs[name] ?? name
    return params.get(written) ?? { ...at, path: `${at.path}.${written} (from the environment)` }
  }
}

const servedParams = ['model', 'weight', 'order', 'rpm', 'tpm', 'extra_headers', 'organization',
  'max_parallel_requests', 'cooldown_time', 'tags', 'custom_llm_provider', 'litellm_credential_name', ...priceFields]
const writtenAs: Readonly<Record<string, string>> = { target: 'model', apiKey: 'api_key', baseUrl: 'api_base', apiVersion: 'api_version', maxSessions: 'max_parallel_requests', cooldownMs: 'cooldown_time' }
// What LiteLLM has no field for.
const ownInfo = ['insecure', 'dialect']
const servedInfo = [...ownInfo, 'id', 'mode', 'order', 'blocked', 'supported_environments', ...priceFields]

// LiteLLM's rule: the prefix names the provider; without one its list of models decides, in which gpt-* is OpenAI's.
function readTarget (params: Fields, at: Field, reader: Reader): string {
  const field = required(at, 'model', params.get('model'))
  const model = reader.text(field)!
  const provider = reader.text(params.get('custom_llm_provider'))
  if (provider !== undefined) return model.startsWith(`${provider}/`) ? model : `${provider}/${model}`
  if (/^[a-z][\w.-]*\/./i.test(model)) return model
  if (model.startsWith('gpt-')) return `openai/${model}`
  throw unavailable(field, 'names no provider; write provider/model, for example xai/grok-voice-latest', { foreign: true })
}

function readHeaders (params: Fields, reader: Reader): Record<string, string> {
  const organization = reader.secret(params.get('organization'))
  const headers: Record<string, string> = organization === undefined ? {} : { 'OpenAI-Organization': organization }
  for (const [name, field] of reader.map(params.get('extra_headers')) ?? []) {
    const value = reader.scalar(field)
    if (value !== undefined) headers[name] = String(value)
  }
  return headers
}

// A credential fills what the deployment leaves open.
function withCredential (params: Fields, { reader, credentials }: DeploymentContext): Fields {
  const field = params.get('litellm_credential_name')
  const name = reader.text(field)
  if (name === undefined) return params
  const values = credentials.get(name)
  if (values === undefined) throw fault(field!, 'names no entry of credential_list')
  const named = [...params].filter(([, { value }]) => value !== null)
  return new Map([...values, ...named])
}

function least0 (reader: Reader, field: Field | undefined): number | undefined {
  const value = reader.number(field)
  if (value !== undefined && value < 0) throw fault(field!, 'must not be negative')
  return value
}

function defined<T extends object> (object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
