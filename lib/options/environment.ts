import { ConfigError } from '../errors.ts'
import type { DeploymentOptions, RealtimeGatewayOptions } from '../../types/index.ts'
import { masterKeyLength } from './defaults.ts'

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where a provider's key and address come from when the deployment names none. First one set counts. */
interface ProviderVariables {
  readonly keys: readonly string[]
  readonly bases: readonly string[]
}

/** The providers served out of the box, with LiteLLM's names for their variables. */
export const providerVariables: Readonly<Record<string, ProviderVariables>> = {
  openai: { keys: ['OPENAI_API_KEY'], bases: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] },
  xai: { keys: ['XAI_API_KEY'], bases: ['XAI_API_BASE'] },
  azure: { keys: ['AZURE_API_KEY'], bases: ['AZURE_API_BASE'] }
}

/** What a provider serves when its key is set: its own model names as they are, and every name with its prefix. */
export const wildcards: Readonly<Record<string, readonly DeploymentOptions[]>> = {
  xai: [
    { id: 'xai', model: 'grok-voice-*', target: 'xai/grok-voice-*' },
    { id: 'xai/*', model: 'xai/*', target: 'xai/*' }
  ],
  openai: [
    { id: 'openai', model: 'gpt-realtime*', target: 'openai/gpt-realtime*' },
    { id: 'openai/*', model: 'openai/*', target: 'openai/*' }
  ]
}

/** The first of the variables that is set. An empty one is not: that is how shells and compose files say "not set". */
export function firstSet (env: Environment, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

/** The master key from the first of `names` that is set. @throws {ConfigError} it is too short */
export function masterKeyFrom (env: Environment, names: readonly string[]): MasterKeyOptions {
  const name = names.find(each => firstSet(env, [each]) !== undefined)
  if (name === undefined) return {}
  const key = firstSet(env, [name])!
  // What was good enough for LiteLLM is taken, and warned of.
  const least = name.startsWith('LITELLM_') ? masterKeyLength.least : masterKeyLength.safe
  if (key.length < least) throw new ConfigError(`the variable ${name} must be a text of at least ${least} characters`)
  return masterKeyOptions(key)
}

type MasterKeyOptions = Pick<RealtimeGatewayOptions, 'masterKey' | 'allowWeakMasterKey'>

/** The options for a key that may be as short as LiteLLM allows. */
export function masterKeyOptions (masterKey: string): MasterKeyOptions {
  return { masterKey, ...masterKey.length < masterKeyLength.safe && { allowWeakMasterKey: true } }
}
