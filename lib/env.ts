import { envSchema } from 'env-schema'
import { Type } from 'typebox'
import type { TSchema } from 'typebox'
import type { DeploymentOptions, RealtimeGatewayOptions } from '../types/index.ts'
import { checkOptions } from './config/litellm/check.ts'
import { masterKeyFrom } from './config/litellm/master-key.ts'
import { optionTable, snakeCase } from './config/litellm/option-table.ts'
import type { OptionKind } from './config/litellm/option-table.ts'
import { firstSet, providerVariables } from './config/litellm/providers.ts'
import type { Environment } from './config/litellm/reader.ts'
import { ConfigError } from './errors.ts'

export interface EnvOptions {
  /** Variables to read beside those of the process; they win. Default none. */
  readonly data?: Readonly<Record<string, string | undefined>>
  /** Whether `process.env` is read. Default `true`. */
  readonly env?: boolean
}

const prefix = 'REALTIME_GATEWAY_'

/** Where the master key may stand; the first one set counts. */
export const masterKeyVariables: readonly string[] = ['REALTIME_GATEWAY_MASTER_KEY', 'LITELLM_MASTER_KEY']

// An option that is a list or a mapping of its own has no variable, but for the keys: their secrets fit in one line.
const variables = Object.entries(optionTable).flatMap(([option, kind]) => {
  const schema = option === 'keys' ? schemaOf('texts') : schemaOf(kind)
  return schema === undefined ? [] : [{ option, name: prefix + snakeCase(option).toUpperCase(), schema }]
})

/** What a provider serves when its key is set: its own names as they are, and every name behind its prefix. */
const wildcards: Readonly<Record<string, readonly DeploymentOptions[]>> = {
  xai: [
    { id: 'xai', model: 'grok-voice-*', target: 'xai/grok-voice-*' },
    { id: 'xai/*', model: 'xai/*', target: 'xai/*' }
  ],
  openai: [
    { id: 'openai', model: 'gpt-realtime*', target: 'openai/gpt-realtime*' },
    { id: 'openai/*', model: 'openai/*', target: 'openai/*' }
  ]
}

/** Every variable that `optionsFromEnv` reads. */
export const environmentVariables: readonly string[] = [
  ...Object.keys(wildcards).map(provider => providerVariables[provider]!).flatMap(({ keys, bases }) => [...keys, ...bases]),
  'LITELLM_MASTER_KEY',
  ...variables.map(({ name }) => name)
]

/**
 * Options for the plugin from the environment.
 *
 * | Variable | Meaning |
 * | --- | --- |
 * | `XAI_API_KEY` | serves `grok-voice-*` and `xai/*` from xAI with this key |
 * | `XAI_API_BASE` | xAI's address instead of the default |
 * | `OPENAI_API_KEY` | serves `gpt-realtime*` and `openai/*` from OpenAI with this key |
 * | `OPENAI_BASE_URL`, `OPENAI_API_BASE` | OpenAI's address instead of the default; the first one set counts |
 * | `REALTIME_GATEWAY_MASTER_KEY`, `LITELLM_MASTER_KEY` | the option `masterKey`; the first one set counts |
 * | `REALTIME_GATEWAY_KEYS` | the option `keys`: secrets, separated by commas |
 * | `REALTIME_GATEWAY_ALIASES`, `REALTIME_GATEWAY_ALLOWED_ORIGINS` | the options `aliases`, `allowedOrigins`, separated by commas |
 * | `REALTIME_GATEWAY_…` | every other option that is a text or a number, in upper case: `REALTIME_GATEWAY_CONNECT_TIMEOUT` is `connectTimeout`, in milliseconds |
 *
 * An empty variable counts as not set. With no provider key there are no `deployments`, and the plugin refuses to register
 * unless the host adds some or a `router`.
 * @throws {ConfigError} a variable has the wrong type or breaks a rule of its option. The message names the variable, never its value.
 */
export function optionsFromEnv ({ data = {}, env = true }: EnvOptions = {}): RealtimeGatewayOptions {
  const { texts, typed } = readVariables({ ...(env ? process.env : {}), ...data })
  const options = Object.fromEntries(variables.flatMap(({ option, name }) => {
    const value = typed[name]
    if (value === undefined) return []
    if (!Array.isArray(value)) return [[option, value]]
    const items = value.map(item => item.trim()).filter(item => item !== '')
    return [[option, option === 'keys' ? items.map(key => ({ key })) : items]]
  }))
  const masterKey = masterKeyFrom(texts, masterKeyVariables)
  const deployments = Object.entries(wildcards).flatMap(([provider, models]) => {
    const { keys, bases } = providerVariables[provider]!
    const apiKey = firstSet(texts, keys)
    const baseUrl = firstSet(texts, bases)
    return apiKey === undefined ? [] : models.map(model => ({ ...model, apiKey, ...(baseUrl !== undefined && { baseUrl }) }))
  })
  const all: RealtimeGatewayOptions = {
    ...options,
    ...(masterKey !== undefined && { masterKey }),
    ...(deployments.length > 0 && { deployments })
  }
  checkOptions(all, Object.keys(providerVariables), (option, rule) => new ConfigError(`the variable ${variableOf(option, deployments, texts)} ${rule.replace('say insecure: true', 'in a config file or in code, say insecure: true')}`))
  return all
}

// The variable behind an option path: `keys[0].key`, `deployments[2].baseUrl`.
function variableOf (option: string, deployments: readonly DeploymentOptions[], texts: Environment): string {
  const deployment = deployments[Number(/^deployments\[(\d+)\]/.exec(option)?.[1])]
  if (deployment === undefined) return prefix + snakeCase(/^\w+/.exec(option)?.[0] ?? option).toUpperCase()
  const { keys, bases } = providerVariables[deployment.target.split('/')[0]!]!
  const names = option.endsWith('.baseUrl') ? bases : keys
  return names.find(name => firstSet(texts, [name]) !== undefined) ?? names.join(' or ')
}

interface Variables {
  readonly texts: Readonly<Record<string, string>>
  readonly typed: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

function readVariables (all: Readonly<Record<string, string | undefined>>): Variables {
  const texts: Record<string, string> = {}
  // An empty variable is how shells and compose files say "not set"; as a number it would be an error.
  for (const [name, value] of Object.entries(all)) if (value !== undefined && value !== '') texts[name] = value
  const schema = Type.Object(Object.fromEntries([
    ...environmentVariables.map(name => [name, Type.Optional(Type.String())]),
    ...variables.map(({ name, schema }) => [name, Type.Optional(schema)])
  ]))
  try {
    return { texts, typed: envSchema<Variables['typed']>({ schema, data: texts, env: false }) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new ConfigError(error.message.replaceAll('env/', 'the variable '))
  }
}

function schemaOf (kind: OptionKind): TSchema | undefined {
  switch (kind) {
    case 'text': return Type.String()
    case 'number': return Type.Number()
    case 'flag': return Type.Boolean()
    case 'texts': return Type.Unsafe<string[]>({ type: 'string', separator: ',' })
    default: return undefined
  }
}
