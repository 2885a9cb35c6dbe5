import type { DeploymentOptions } from '../../../types/index.ts'
import { firstSet, providerVariables } from '../../options/environment.ts'
import type { Environment } from '../../options/environment.ts'
import { fault, unavailable, whyUnavailable } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

/** Where a deployment is, and what opens it. */
type Access = Pick<DeploymentOptions, 'apiKey' | 'token' | 'baseUrl' | 'realtimeProtocol' | 'apiVersion'>

interface AccessContext { readonly reader: Reader, readonly env: Environment, readonly warnings: Warnings }

type Fields = ReadonlyMap<string, Field>

/** The fields of `litellm_params` that say it. */
export function accessParams (provider: string): readonly string[] {
  return ['api_key', 'api_base', ...provider === 'azure' ? ['azure_ad_token', 'api_version', 'realtime_protocol'] : []]
}

/** @throws {ConfigError} a wrong value; with `whyUnavailable` where the key or a variable cannot be had here */
export function readAccess (params: Fields, at: Field, provider: string, context: AccessContext): Access {
  if (provider === 'azure') return readAzure(params, at, context)
  const { reader, env } = context
  const { keys, bases } = providerVariables[provider] ?? { keys: [], bases: [] }
  const baseUrl = reader.text(params.get('api_base')) ?? firstSet(env, bases)
  const apiKey = reader.secret(params.get('api_key')) ?? firstSet(env, keys)
  // The operator's own server at api_base may need no key.
  if (apiKey === undefined && baseUrl === undefined && keys.length > 0) throw unavailable(at, `has no api_key, and ${keys.join(' or ')} is not set`)
  return { apiKey, baseUrl }
}

const { keys: azureKeys, bases: azureBases } = providerVariables['azure']!

function readAzure (params: Fields, at: Field, context: AccessContext): Access {
  const { reader, env } = context
  try {
    const baseUrl = reader.text(params.get('api_base')) ?? firstSet(env, azureBases)
    if (baseUrl === undefined) throw unavailable(at, `has no api_base, and ${azureBases.join(' or ')} is not set`)
    const realtimeProtocol = readProtocol(params.get('realtime_protocol'), at, context)
    // LiteLLM's files name a version everywhere, and the GA endpoint takes none.
    const apiVersion = realtimeProtocol === 'preview' ? reader.text(params.get('api_version')) ?? firstSet(env, ['AZURE_API_VERSION']) : undefined
    return { baseUrl, ...readCredential(params, at, context), realtimeProtocol, apiVersion }
  } catch (error) {
    const why = whyUnavailable(error)
    // The name of an Azure deployment says nothing about the model. Without a mode it is likely a chat model, which must not stop the gateway.
    throw why === undefined ? error : unavailable(why.field, why.rule, { foreign: true })
  }
}

function readCredential (params: Fields, at: Field, { reader, env, warnings }: AccessContext): Access {
  const field = params.get('azure_ad_token')
  const apiKey = reader.secret(params.get('api_key'))
  if (apiKey !== undefined) {
    if (field !== undefined && field.value !== null) warnings.add('not_served', field, 'has no effect beside api_key, as in LiteLLM')
    return { apiKey }
  }
  const token = reader.secret(field)
  if (token?.startsWith('oidc/') === true) throw unavailable(field!, 'asks for an exchange of tokens, which is not done here; give the deployment its token in code')
  if (token !== undefined) return { token: () => token }
  const found = firstSet(env, azureKeys)
  if (found === undefined) throw unavailable(at, `has neither api_key nor azure_ad_token, and ${azureKeys.join(' or ')} is not set`)
  return { apiKey: found }
}

const protocols: ReadonlyMap<string, Access['realtimeProtocol']> = new Map([['ga', 'ga'], ['v1', 'ga'], ['beta', 'preview']])

function readProtocol (field: Field | undefined, at: Field, { reader, env }: AccessContext): Access['realtimeProtocol'] {
  const written = reader.text(field)
  const name = written ?? firstSet(env, ['LITELLM_AZURE_REALTIME_PROTOCOL'])
  if (name === undefined) return undefined
  const protocol = protocols.get(name.toLowerCase())
  if (protocol !== undefined) return protocol
  throw fault(written === undefined ? { ...at, path: `${at.path}.realtime_protocol (from the environment)` } : field!, 'must be GA, v1 or beta')
}
