import { randomBytes } from 'node:crypto'
import type { RealtimeGatewayOptions } from '../../types/index.ts'
import { loadLiteLLMConfig } from '../config/litellm/load.ts'
import type { ConfigWarning } from '../config/litellm/warnings.ts'
import { masterKeyVariables, optionsFromEnv } from '../env.ts'
import { ConfigError } from '../errors.ts'
import { masterKeyFrom } from '../options/environment.ts'
import type { Environment } from '../options/environment.ts'

export interface Settings {
  readonly options: RealtimeGatewayOptions
  readonly warnings: readonly ConfigWarning[]
  /** The key made for this run, where none was configured: the gateway is never open. */
  readonly madeKey?: string
}

const nothingToServe = `nothing to serve. Give a config file:
  realtime-gateway --config litellm.yaml
or a provider's key:
  XAI_API_KEY=… realtime-gateway       (serves grok-voice-* and xai/*)
  OPENAI_API_KEY=… realtime-gateway    (serves gpt-realtime* and openai/*)`

// LiteLLM answers on all three, and its clients use all three.
const aliases = ['/realtime', '/openai/v1/realtime']

/** The plugin's options from a config file or, without one, from the environment. @throws {ConfigError} */
export function readSettings (config: string | undefined, env: Environment): Settings {
  const { options, warnings } = config === undefined
    ? { options: optionsFromEnv({ data: env, env: false }), warnings: [] }
    : loadLiteLLMConfig(config, { env })
  if (options.deployments === undefined) {
    throw new ConfigError(config === undefined ? nothingToServe : `${config}: model_list has no entry that a realtime gateway can serve`)
  }
  const masterKey = options.masterKey ?? masterKeyFrom(env, masterKeyVariables)
  const madeKey = masterKey === undefined && (options.keys ?? []).length === 0 ? `sk-${randomBytes(24).toString('base64url')}` : undefined
  const path = options.path ?? '/v1/realtime'
  return {
    options: {
      ...options,
      path,
      masterKey: masterKey ?? madeKey,
      aliases: [...new Set([...options.aliases ?? [], ...aliases])].filter(alias => alias !== path)
    },
    warnings,
    ...(madeKey !== undefined && { madeKey })
  }
}
