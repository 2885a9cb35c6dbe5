import { OptionError } from '../errors.ts'
import { isExposed, socketUrl } from '../providers/url.ts'
import type { Deployment, DeploymentOptions } from '../../types/index.ts'
import { isName, isObject, maxNumber, rule, texts } from './rule.ts'

const quantities = ['weight', 'rpm', 'tpm', 'order', 'maxSessions', 'allowedFails', 'cooldownMs'] as const
const deploymentFields = new Set<string>([...quantities, 'id', 'model', 'target', 'apiKey', 'token', 'baseUrl', 'insecure', 'realtimeProtocol', 'apiVersion', 'dialect', 'headers', 'price', 'tags',
  'warm'] satisfies Array<keyof Deployment>)

/**
 * Checks deployments and gives each an id.
 * @param providers the providers that have an adapter
 * @throws OptionError
 */
export function resolveDeployments (deployments: readonly DeploymentOptions[], providers: ReadonlySet<string>): readonly Deployment[] {
  rule(Array.isArray(deployments) && deployments.every(item => typeof item === 'object' && item !== null), 'deployments', 'must be a list of objects')
  const ids = new Set<string>()
  const groups = new Map<string, number>()
  return deployments.map((deployment, i) => {
    const at = (field: string): string => `deployments[${i}].${field}`
    const { model, target, headers = {} } = deployment
    for (const name of Object.keys(deployment)) rule(deploymentFields.has(name), at(name), 'is not a field of a deployment')
    rule(isName(model), at('model'), 'must be a model name')
    rule(typeof target === 'string' && /^[^/\s]+\/\S+$/.test(target), at('target'), "must be 'provider/model'")
    const provider = target.slice(0, target.indexOf('/'))
    rule(providers.has(provider), at('target'), `names the provider '${provider}', which has no adapter; known are ${[...providers].join(', ')}`)
    rule(model.split('*').length >= target.split('*').length, at('target'), 'must not hold more * than model')
    checkAddress(deployment, provider, at)
    checkCredential(deployment, at)
    rule([undefined, 'openai', 'native'].includes(deployment.dialect), at('dialect'), "must be 'openai' or 'native'")
    for (const name of quantities) {
      const value = deployment[name]
      rule(value === undefined || (Number.isFinite(value) && value >= 0), at(name), 'must be a number that is not negative')
    }
    checkPrice(deployment, at('price'))
    checkWarm(deployment, at('warm'))
    if (deployment.tags !== undefined) texts(deployment.tags, at('tags'))
    rule(isObject(headers), at('headers'), 'must be an object')
    for (const [name, value] of Object.entries(headers)) checkHeader(at(`headers.${name}`), name, value)
    const place = groups.get(model) ?? 0
    groups.set(model, place + 1)
    const id = deployment.id ?? `${model}#${place}`
    rule(isName(id) && !ids.has(id), at('id'), 'must be a text that no other deployment has')
    ids.add(id)
    return Object.freeze({ ...deployment, id })
  })
}

type At = (field: string) => string

function checkAddress ({ baseUrl, insecure, realtimeProtocol, apiVersion }: DeploymentOptions, provider: string, at: At): void {
  rule(insecure === undefined || typeof insecure === 'boolean', at('insecure'), 'must be true or false')
  if (baseUrl !== undefined) {
    rule(insecure === true || !isExposed(readUrl(baseUrl, at('baseUrl'))), at('baseUrl'),
      'must be a wss:// or https:// URL, for ws:// and http:// carry key and voice in the clear; say insecure: true where the way there is safe')
  }
  rule(provider !== 'azure' || baseUrl !== undefined, at('baseUrl'), 'is required for azure: the address of its resource, https://<resource>.openai.azure.com')
  for (const [name, value] of Object.entries({ realtimeProtocol, apiVersion })) rule(value === undefined || provider === 'azure', at(name), 'is for azure only')
  rule([undefined, 'ga', 'preview'].includes(realtimeProtocol), at('realtimeProtocol'), "must be 'ga' or 'preview'")
  rule(apiVersion === undefined || (typeof apiVersion === 'string' && /^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(apiVersion)), at('apiVersion'), 'must be YYYY-MM-DD or YYYY-MM-DD-preview')
}

/** @throws OptionError */
function readUrl (base: string, option: string): URL {
  try {
    return socketUrl(base)
  } catch (error) {
    throw new OptionError(option, error instanceof TypeError && error.message.startsWith('must') ? error.message : 'must be a ws(s):// or http(s):// URL')
  }
}

function checkCredential ({ apiKey, token }: DeploymentOptions, at: At): void {
  rule(apiKey === undefined || (typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey)), at('apiKey'), 'must be a text of visible ASCII characters')
  rule(token === undefined || typeof token === 'function', at('token'), 'must be a function')
  rule(token === undefined || apiKey === undefined, at('token'), 'must not be given beside apiKey')
}

// The handshake's own headers are the dial's to set; OpenAI-Beta kills a session since OpenAI retired the beta.
const reservedHeaders = /^(?:host|connection|upgrade|content-length|transfer-encoding|openai-beta|sec-websocket-.*)$/i

function checkHeader (option: string, name: string, value: unknown): void {
  rule(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name), option, 'must have a legal header name')
  rule(!reservedHeaders.test(name), option, 'is a header that may not be set')
  rule(typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value), option, 'must be a legal header value')
}

function checkPrice ({ price }: DeploymentOptions, option: string): void {
  if (price === undefined) return
  rule(isObject(price) && Object.keys(price).every(name => name === 'inputPerMinute' || name === 'outputPerMinute'), option, 'must hold inputPerMinute and outputPerMinute')
  rule([price.inputPerMinute, price.outputPerMinute].every(value => Number.isFinite(value) && value >= 0), option, 'must be numbers that are not negative')
}

function checkWarm ({ warm, model, maxSessions = Infinity }: DeploymentOptions, option: string): void {
  if (warm === undefined) return
  rule(isObject(warm) && Object.keys(warm).every(name => name === 'size' || name === 'maxIdleMs'), option, 'must hold size and maxIdleMs')
  const { size, maxIdleMs = 1 } = warm
  rule(Number.isInteger(size) && size >= 0 && size <= 1_000, `${option}.size`, 'must be a whole number from 0 to 1000')
  rule(size <= maxSessions, `${option}.size`, 'must not be above maxSessions')
  rule(Number.isFinite(maxIdleMs) && maxIdleMs > 0 && maxIdleMs <= maxNumber, `${option}.maxIdleMs`, 'must be a number above 0')
  rule(size === 0 || !model.includes('*'), option, 'cannot be kept for a model with *, which names no one model')
}
