import type { Ajv, ErrorObject } from 'ajv'
import { envSchema } from 'env-schema'
import type { DeploymentOptions, RealtimeGatewayOptions } from '../types/index.ts'
import { ConfigError } from './errors.ts'
import { ajvOptions, explain } from './options/check.ts'
import { didYouMean } from './options/did-you-mean.ts'
import { firstSet, masterKeyFrom, providerVariables, wildcards } from './options/environment.ts'
import type { Environment } from './options/environment.ts'
import { gateway } from './options/schema/gateway.ts'
import type { OptionSchema } from './options/schema/builders.ts'
import { checkWritten, kindOf, snakeCase } from './options/written.ts'

export interface EnvOptions {
  /** Variables to read beside those of the process; they win. Default none. */
  readonly data?: Readonly<Record<string, string | undefined>> | undefined
  /** Whether `process.env` is read. Default `true`. */
  readonly env?: boolean | undefined
}

const prefix = 'REALTIME_GATEWAY_'

/** Where the master key may stand; the first one set counts. */
export const masterKeyVariables: readonly string[] = ['REALTIME_GATEWAY_MASTER_KEY', 'LITELLM_MASTER_KEY']

const plain = new Set(['text', 'number', 'flag'])
const commas: OptionSchema & { readonly separator: string } = { type: 'string', separator: ',' }

// Options that are objects or lists of objects have no variable. `keys` has one: a list of secrets fits in one line.
const variables = Object.entries<OptionSchema>(gateway.properties).flatMap(([option, schema]) => {
  const kind = kindOf(schema)
  // No default: a variable that is not set must not override what the host gives beside it.
  const written = plain.has(kind) ? { ...schema, default: undefined } : kind === 'texts' || option === 'keys' ? commas : undefined
  return written === undefined ? [] : [{ option, name: variableName(option), schema: written }]
})

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
 * A variable `REALTIME_GATEWAY_…` that is none of these is an error, but for those that Kubernetes sets for a service of that name.
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
  const deployments = Object.entries(wildcards).flatMap(([provider, models]) => {
    const { keys, bases } = providerVariables[provider]!
    const apiKey = firstSet(texts, keys)
    const baseUrl = firstSet(texts, bases)
    return apiKey === undefined ? [] : models.map(model => ({ ...model, apiKey, ...(baseUrl !== undefined && { baseUrl }) }))
  })
  const all: RealtimeGatewayOptions = {
    ...options,
    ...masterKeyFrom(texts, masterKeyVariables),
    ...(deployments.length > 0 && { deployments })
  }
  checkWritten(all, Object.keys(providerVariables), (option, rule) => new ConfigError(`the variable ${variableOf(option, deployments, texts)} ${rule.replace('say insecure: true', 'in a config file or in code, say insecure: true')}`))
  return all
}

// The variable behind an option path: `keys[0].key`, `deployments[2].baseUrl`.
function variableOf (option: string, deployments: readonly DeploymentOptions[], texts: Environment): string {
  const deployment = deployments[Number(/^deployments\[(\d+)\]/.exec(option)?.[1])]
  if (deployment === undefined) return variableName(/^\w+/.exec(option)?.[0] ?? option)
  const { keys, bases } = providerVariables[deployment.target.split('/')[0]!]!
  const names = option.endsWith('.baseUrl') ? bases : keys
  return names.find(name => firstSet(texts, [name]) !== undefined) ?? names.join(' or ')
}

interface Variables {
  readonly texts: Readonly<Record<string, string>>
  readonly typed: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

// What Kubernetes tells every pod of a service that is called realtime-gateway.
const serviceLinks = /^(?:SERVICE_(?:HOST|PORT(?:_.+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/

function refuseUnknown (names: readonly string[]): void {
  for (const name of names) {
    if (!name.startsWith(prefix) || environmentVariables.includes(name) || serviceLinks.test(name.slice(prefix.length))) continue
    const code = Object.keys(gateway.properties).find(option => variableName(option) === name)
    throw new ConfigError(`the variable ${name} ${code === undefined ? `is none that the realtime gateway reads${didYouMean(name, environmentVariables)}` : `has no effect: ${code} can only be given in code or in a config file`}`)
  }
}

function readVariables (all: Readonly<Record<string, string | undefined>>): Variables {
  const texts: Record<string, string> = {}
  // An empty variable is how shells and compose files say "not set"; as a number it would be an error.
  for (const [name, value] of Object.entries(all)) if (value !== undefined && value !== '') texts[name] = value
  refuseUnknown(Object.keys(texts))
  const schema: OptionSchema = {
    type: 'object',
    properties: {
      ...Object.fromEntries(environmentVariables.map(name => [name, { type: 'string' }])),
      ...Object.fromEntries(variables.map(({ name, schema }) => [name, schema])),
      ...Object.fromEntries(masterKeyVariables.map(name => [name, gateway.properties.masterKey]))
    }
  }
  try {
    return { texts, typed: envSchema<Variables['typed']>({ schema, data: texts, env: false, ajv: { customOptions: withOurKeywords } }) }
  } catch (error) {
    const { errors } = error as { errors?: ErrorObject[] }
    if (errors === undefined) throw error
    const { option, rule } = explain(schema, texts, errors)
    throw new ConfigError(`the variable ${option} ${rule}`)
  }
}

function withOurKeywords (ajv: Ajv): Ajv {
  for (const keyword of ajvOptions.keywords) ajv.addKeyword(keyword)
  return ajv
}

/** `connectTimeout` -> `REALTIME_GATEWAY_CONNECT_TIMEOUT` */
function variableName (option: string): string {
  return prefix + snakeCase(option).toUpperCase()
}
