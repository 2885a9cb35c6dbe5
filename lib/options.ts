import { OptionError } from './errors.ts'
import { hashKey } from './keys/hash.ts'
import { realtimeUrl } from './upstream/url.ts'
import type { Deployment, DeploymentOptions, RealtimeGatewayOptions, VirtualKeyOptions } from '../types/index.ts'

/** Defaults of the options that are numbers; times in milliseconds, sizes in bytes. */
export const defaults = {
  connectTimeout: 10_000,
  upgradeTimeout: 20_000,
  maxUpgrades: 1_000,
  maxSessions: 10_000,
  maxMessageBytes: 16 * 1024 * 1024,
  maxFragments: 16_384,
  maxUnfinishedBytes: 64 * 1024 * 1024,
  messageRate: 500,
  messageBurst: 5_000,
  highWaterMark: 1024 * 1024,
  lowWaterMark: 256 * 1024,
  stallTimeout: 30_000,
  pingInterval: 15_000,
  pongTimeout: 15_000,
  idleTimeout: 0,
  maxSessionDuration: 0,
  closeTimeout: 5_000,
  lingerTimeout: 10_000,
  drainTimeout: 10_000
} as const satisfies Partial<Record<keyof RealtimeGatewayOptions, number>>

const zeroMeansOff = new Set<string>(['idleTimeout', 'maxSessionDuration', 'lingerTimeout', 'drainTimeout'])

// Node's timers hold no more.
const maxNumber = 2 ** 31 - 1

type NumberOption = keyof typeof defaults

/** Options after validation: numbers filled in, secrets hashed, deployments with ids. */
export interface ResolvedOptions extends Readonly<Record<NumberOption, number>>, Omit<RealtimeGatewayOptions, NumberOption | 'deployments' | 'masterKey'> {
  readonly deployments: readonly Deployment[]
  readonly masterKeyHash: string | undefined
  readonly paths: readonly string[]
  readonly refusal: 'auto' | 'http' | 'event'
}

const known = new Set<string>([
  ...Object.keys(defaults), 'prefix', 'deployments', 'router', 'adapters', 'keys', 'keyStore', 'masterKey', 'authenticate', 'path', 'aliases',
  'defaultModel', 'allowedOrigins', 'refusal', 'onSessionOpen', 'onSessionClose', 'logLevel', 'logSerializers'
])

/**
 * Checks the options and returns them resolved, in a new object.
 * @param providers the provider names that have an adapter, beside those of `options.adapters`
 * @throws OptionError naming the option and its rule
 */
export function resolveOptions (options: RealtimeGatewayOptions, providers: readonly string[]): ResolvedOptions {
  for (const name of Object.keys(options)) rule(known.has(name), name, 'is not an option of the realtime gateway')

  const numbers = Object.fromEntries(Object.entries(defaults).map(([name, fallback]) => {
    const value = options[name as NumberOption] ?? fallback
    const least = zeroMeansOff.has(name) ? 0 : 1
    rule(Number.isInteger(value) && value >= least && value <= maxNumber, name, `must be a whole number from ${least} to ${maxNumber}`)
    return [name, value]
  })) as Record<NumberOption, number>
  rule(numbers.lowWaterMark <= numbers.highWaterMark, 'lowWaterMark', 'must not be above highWaterMark')

  const { adapters = [], path = '/v1/realtime', aliases = [], refusal = 'auto', masterKey, keys = [] } = options
  rule(Array.isArray(adapters), 'adapters', 'must be a list')
  adapters.forEach((adapter, i) => {
    rule(isName(adapter?.provider) && !adapter.provider.includes('/'), `adapters[${i}].provider`, 'must be a name without a slash')
    rule(typeof adapter.request === 'function', `adapters[${i}].request`, 'must be a function')
  })
  rule(options.router === undefined || typeof options.router?.candidates === 'function', 'router', 'must have a function candidates')
  rule(options.deployments !== undefined || options.router !== undefined, 'deployments', 'is required where no router is given')
  const deployments = resolveDeployments(options.deployments ?? [], new Set([...providers, ...adapters.map(({ provider }) => provider)]))

  for (const name of ['authenticate', 'onSessionOpen', 'onSessionClose'] as const) {
    rule(options[name] === undefined || typeof options[name] === 'function', name, 'must be a function')
  }
  rule(options.keyStore === undefined || typeof options.keyStore?.findByHash === 'function', 'keyStore', 'must have a function findByHash')
  rule(Array.isArray(keys), 'keys', 'must be a list')
  checkKeys(keys)
  rule(masterKey === undefined || (typeof masterKey === 'string' && masterKey.length >= 16), 'masterKey', 'must be a text of at least 16 characters')
  rule(keys.length > 0 || (options.keyStore ?? masterKey ?? options.authenticate) !== undefined, 'keys',
    'or keyStore, masterKey or authenticate is required: the gateway is never open')

  const paths = [path, ...strings(aliases, 'aliases')]
  for (const item of paths) rule(typeof item === 'string' && /^\/[^?#*]*$/.test(item), item === path ? 'path' : 'aliases', 'must start with a slash and hold no ?, # or *')
  rule(new Set(paths).size === paths.length, 'aliases', 'must differ from each other and from path')
  rule(['auto', 'http', 'event'].includes(refusal), 'refusal', "must be 'auto', 'http' or 'event'")
  rule(options.defaultModel === undefined || isName(options.defaultModel), 'defaultModel', 'must be a model name')
  if (options.allowedOrigins !== undefined) strings(options.allowedOrigins, 'allowedOrigins')

  const { masterKey: secret, ...rest } = options
  return Object.freeze({
    ...rest,
    ...numbers,
    deployments,
    keys: keys.map(({ key, ...rest }) => key === undefined ? rest : { ...rest, hash: hashKey(key) }),
    masterKeyHash: secret === undefined ? undefined : hashKey(secret),
    paths,
    refusal
  })
}

const weights = ['weight', 'rpm', 'order', 'maxSessions'] as const
const deploymentFields = new Set<string>([...weights, 'id', 'model', 'target', 'apiKey', 'baseUrl', 'headers'] satisfies Array<keyof Deployment>)
// A misspelt `models` would be a key for every model.
const keyFields = new Set<string>(['key', 'hash', 'name', 'models', 'expiresAt', 'blocked', 'metadata'] satisfies Array<keyof VirtualKeyOptions>)

function resolveDeployments (deployments: readonly DeploymentOptions[], providers: ReadonlySet<string>): readonly Deployment[] {
  rule(Array.isArray(deployments) && deployments.every(item => typeof item === 'object' && item !== null), 'deployments', 'must be a list of objects')
  const ids = new Set<string>()
  const groups = new Map<string, number>()
  return deployments.map((deployment, i) => {
    const at = (field: string): string => `deployments[${i}].${field}`
    const { model, target, baseUrl, apiKey, headers = {} } = deployment
    for (const name of Object.keys(deployment)) rule(deploymentFields.has(name), at(name), 'is not a field of a deployment')
    rule(isName(model), at('model'), 'must be a model name')
    rule(typeof target === 'string' && /^[^/\s]+\/\S+$/.test(target), at('target'), "must be 'provider/model'")
    const provider = target.slice(0, target.indexOf('/'))
    rule(providers.has(provider), at('target'), `names the provider '${provider}', which has no adapter; known are ${[...providers].join(', ')}`)
    rule(model.split('*').length >= target.split('*').length, at('target'), 'must not hold more * than model')
    if (baseUrl !== undefined) {
      try {
        realtimeUrl(baseUrl)
      } catch (error) {
        rule(false, at('baseUrl'), error instanceof TypeError && error.message.startsWith('must') ? error.message : 'must be a ws(s):// or http(s):// URL')
      }
    }
    rule(apiKey === undefined || (typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey)), at('apiKey'), 'must be a text of visible ASCII characters')
    for (const name of weights) {
      const value = deployment[name]
      rule(value === undefined || (Number.isFinite(value) && value >= 0), at(name), 'must be a number that is not negative')
    }
    rule(typeof headers === 'object' && headers !== null, at('headers'), 'must be an object')
    for (const [name, value] of Object.entries(headers)) checkHeader(at(`headers.${name}`), name, value)
    const place = groups.get(model) ?? 0
    groups.set(model, place + 1)
    const id = deployment.id ?? `${model}#${place}`
    rule(isName(id) && !ids.has(id), at('id'), 'must be a text that no other deployment has')
    ids.add(id)
    return Object.freeze({ ...deployment, id })
  })
}

// The handshake's own headers are the dial's to set; OpenAI-Beta kills a session since OpenAI retired the beta.
const reservedHeaders = /^(?:host|connection|upgrade|content-length|transfer-encoding|openai-beta|sec-websocket-.*)$/i

function checkHeader (option: string, name: string, value: unknown): void {
  rule(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name), option, 'must have a legal header name')
  rule(!reservedHeaders.test(name), option, 'is a header that may not be set')
  rule(typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value), option, 'must be a legal header value')
}

function checkKeys (keys: readonly VirtualKeyOptions[]): void {
  const hashes = new Set<string>()
  keys.forEach((item, i) => {
    const at = (field: string): string => `keys[${i}].${field}`
    rule(typeof item === 'object' && item !== null, `keys[${i}]`, 'must be an object')
    const { key, hash, name, models, expiresAt, blocked } = item
    for (const name of Object.keys(item)) rule(keyFields.has(name), at(name), 'is not a field of a key')
    rule((key === undefined) !== (hash === undefined), `keys[${i}]`, 'must have either key or hash')
    rule(key === undefined || (typeof key === 'string' && key.length >= 8), at('key'), 'must be a text of at least 8 characters')
    rule(hash === undefined || (typeof hash === 'string' && /^[0-9a-f]{64}$/i.test(hash)), at('hash'), 'must be a SHA-256 in 64 hex digits')
    rule(name === undefined || isName(name), at('name'), 'must be a text')
    if (models !== undefined) strings(models, at('models'))
    rule(expiresAt === undefined || !Number.isNaN(new Date(expiresAt).getTime()), at('expiresAt'), 'must be a date, an ISO 8601 text or Unix time in milliseconds')
    rule(blocked === undefined || typeof blocked === 'boolean', at('blocked'), 'must be true or false')
    const identity = hash?.toLowerCase() ?? hashKey(key!)
    rule(!hashes.has(identity), `keys[${i}]`, 'must not repeat an earlier key')
    hashes.add(identity)
  })
}

function strings (value: unknown, option: string): readonly string[] {
  rule(Array.isArray(value) && value.every(item => typeof item === 'string'), option, 'must be a list of texts')
  return value as string[]
}

function isName (value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 256
}

function rule (holds: boolean, option: string, text: string): void {
  if (!holds) throw new OptionError(`option ${option} ${text}`)
}
