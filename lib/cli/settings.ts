import { randomBytes } from 'node:crypto'
import type { RealtimeGatewayOptions } from '../../types/index.ts'
import { loadLiteLLMConfig } from '../config/litellm/load.ts'
import type { ConfigWarning } from '../config/litellm/warnings.ts'
import { environmentVariables, masterKeyVariables, optionsFromEnv } from '../env.ts'
import { ConfigError } from '../errors.ts'
import { defaultPath } from '../options/defaults.ts'
import type { Stores } from './stores.ts'
import { firstSet, masterKeyFrom } from '../options/environment.ts'
import type { Environment } from '../options/environment.ts'

export interface Settings {
  readonly options: RealtimeGatewayOptions
  readonly warnings: readonly ConfigWarning[]
  /** The key made for this run, where none was configured: the gateway is never open. */
  readonly madeKey?: string
  /** Where the file, else the environment, has keys kept and limits counted. */
  readonly stores: { readonly databaseUrl?: string | undefined, readonly redisUrl?: string | undefined }
  /** Ends what runs beside the gateway. */
  readonly close?: () => Promise<void>
}

const nothingToServe = `nothing to serve. Give a config file:
  realtime-gateway --config litellm.yaml
or a provider's key:
  XAI_API_KEY=… realtime-gateway       (serves grok-voice-* and xai/*)
  OPENAI_API_KEY=… realtime-gateway    (serves gpt-realtime* and openai/*)`

// LiteLLM answers on all three, and its clients use all three.
const aliases = ['/realtime', '/openai/v1/realtime']

/** The same options under every path where LiteLLM answers. */
export function withAliases (options: RealtimeGatewayOptions): RealtimeGatewayOptions {
  const path = options.path ?? defaultPath
  return { ...options, path, aliases: [...new Set([...options.aliases ?? [], ...aliases])].filter(alias => alias !== path) }
}

// With a file the variables of options are not read, except the master key's. An operator who has set one should hear that.
function unread (file: string, env: Environment): ConfigWarning[] {
  return environmentVariables.filter(name => name.startsWith('REALTIME_GATEWAY_') && !masterKeyVariables.includes(name) && firstSet(env, [name]) !== undefined)
    .map(name => ({ kind: 'not_served', file, lines: [], field: name, message: `the variable ${name} has no effect beside --config; write it in realtime_settings` }))
}

/** The plugin's options from a config file or, without one, from the environment. @throws {ConfigError} */
export function readSettings (config: string | undefined, env: Environment): Settings {
  const { options, stores, warnings } = config === undefined
    ? { options: optionsFromEnv({ data: env, env: false }), stores: {}, warnings: [] }
    : loadLiteLLMConfig(config, { env })
  if (options.deployments === undefined) {
    throw new ConfigError(config === undefined ? nothingToServe : `${config}: model_list has no entry that a realtime gateway can serve`)
  }
  const master: Pick<RealtimeGatewayOptions, 'masterKey'> = options.masterKey === undefined ? masterKeyFrom(env, masterKeyVariables) : {}
  const madeKey = (options.masterKey ?? master.masterKey) === undefined && (options.keys ?? []).length === 0 ? `sk-${randomBytes(24).toString('base64url')}` : undefined
  return {
    options: withAliases({ ...options, ...madeKey === undefined ? master : { masterKey: madeKey } }),
    stores: { databaseUrl: stores.databaseUrl ?? firstSet(env, ['DATABASE_URL']), redisUrl: stores.redisUrl ?? firstSet(env, ['REDIS_URL']) },
    warnings: config === undefined ? warnings : [...warnings, ...unread(config, env)],
    ...(madeKey !== undefined && { madeKey })
  }
}

/** The same settings with keys that last, and with routes to manage them for whoever has the master key. */
export function withStores (settings: Settings, { keyStore, limitStore, warnings }: Stores): Settings {
  const { options } = settings
  return {
    ...settings,
    options: { ...options, keyStore, limitStore, ...options.masterKey !== undefined && { management: options.management ?? {} } },
    warnings: [...settings.warnings, ...warnings.map((message): ConfigWarning => ({ kind: 'not_served', file: '', lines: [], field: '', message }))]
  }
}
