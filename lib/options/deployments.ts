import { OptionError } from '../errors.ts'
import { isExposed, socketUrl } from '../providers/url.ts'
import type { Deployment, DeploymentOptions } from '../../types/index.ts'
import { checkSecret, rule } from './rule.ts'

/**
 * Checks what the schema of a deployment cannot say, and gives each deployment an id.
 * @param providers the providers that have an adapter
 * @throws OptionError
 */
export function resolveDeployments (deployments: readonly DeploymentOptions[], providers: ReadonlySet<string>): readonly Deployment[] {
  const ids = new Set<string>()
  const groups = new Map<string, number>()
  return deployments.map((deployment, i) => {
    const at = (field: string): string => `deployments[${i}].${field}`
    const { model, target, token, apiKey, headers = {} } = deployment
    const provider = target.slice(0, target.indexOf('/'))
    rule(providers.has(provider), at('target'), `names the provider '${provider}', which has no adapter; known are ${[...providers].join(', ')}`)
    rule(model.split('*').length >= target.split('*').length, at('target'), 'must not hold more * than model')
    checkAddress(deployment, provider, at)
    checkSecret(apiKey, at('apiKey'))
    rule(token === undefined || apiKey === undefined, at('token'), 'must not be given beside apiKey')
    checkWarm(deployment, at('warm'))
    for (const name of Object.keys(headers)) checkHeader(at(`headers.${name}`), name)
    const index = groups.get(model) ?? 0
    groups.set(model, index + 1)
    const id = deployment.id ?? `${model}#${index}`
    rule(!ids.has(id), at('id'), 'must be a text that no other deployment has')
    ids.add(id)
    return Object.freeze({ ...deployment, id })
  })
}

/**
 * Checks that no key is written and missing: the app would start, and every client be refused.
 * @throws OptionError
 */
export function checkUnset (deployments: readonly DeploymentOptions[]): void {
  deployments.forEach((deployment, i) => {
    rule(!('apiKey' in deployment) || deployment.apiKey !== undefined || deployment.token !== undefined, `deployments[${i}].apiKey`,
      'is undefined: is the variable set that it comes from? Leave apiKey out where the provider needs none')
  })
}

type At = (field: string) => string

function checkAddress ({ baseUrl, insecure, realtimeProtocol, apiVersion }: DeploymentOptions, provider: string, at: At): void {
  if (baseUrl !== undefined) {
    rule(insecure === true || !isExposed(readUrl(baseUrl, at('baseUrl'))), at('baseUrl'),
      'must be a wss:// or https:// URL, for ws:// and http:// carry key and voice in the clear; say insecure: true where the way there is safe')
  }
  rule(provider !== 'azure' || baseUrl !== undefined, at('baseUrl'), 'is required for azure: the address of its resource, https://<resource>.openai.azure.com')
  for (const [name, value] of Object.entries({ realtimeProtocol, apiVersion })) rule(value === undefined || provider === 'azure', at(name), 'is for azure only')
}

/** @throws OptionError */
function readUrl (base: string, option: string): URL {
  try {
    return socketUrl(base)
  } catch (error) {
    throw new OptionError(option, error instanceof TypeError && error.message.startsWith('must') ? error.message : 'must be a ws(s):// or http(s):// URL')
  }
}

// The handshake's own headers are the dial's to set; OpenAI-Beta kills a session since OpenAI retired the beta.
const reservedHeaders = /^(?:host|connection|upgrade|content-length|transfer-encoding|openai-beta|sec-websocket-.*)$/i

function checkHeader (option: string, name: string): void {
  rule(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name), option, 'must have a legal header name')
  rule(!reservedHeaders.test(name), option, 'is a header that may not be set')
}

function checkWarm ({ warm, model, maxSessions = Infinity }: DeploymentOptions, option: string): void {
  if (warm === undefined) return
  rule(warm.size <= maxSessions, `${option}.size`, 'must not be above maxSessions')
  rule(warm.size === 0 || !model.includes('*'), option, 'cannot be kept for a model with *, which names no one model')
}
