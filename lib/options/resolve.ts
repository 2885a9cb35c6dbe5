import { successorOf } from '../catalogue.ts'
import { hashKey } from '../keys/hash.ts'
import { check } from './check.ts'
import { defaultPath, defaults, masterKeyLength } from './defaults.ts'
import type { NumberOption } from './defaults.ts'
import { checkUnset, resolveDeployments } from './deployments.ts'
import { checkKeys } from './keys.ts'
import { checkOrigins } from './origins.ts'
import { checkRouting } from './routing.ts'
import { checkSecret, rule } from './rule.ts'
import { gateway } from './schema/gateway.ts'
import type { Deployment, RealtimeGatewayOptions } from '../../types/index.ts'

/** Options after validation: numbers filled in, secrets hashed, deployments with ids. */
export interface ResolvedOptions extends Readonly<Record<NumberOption, number>>, Omit<RealtimeGatewayOptions, NumberOption | 'deployments' | 'masterKey'> {
  readonly limitStoreAway: 'closed' | 'open'
  readonly deployments: readonly Deployment[]
  readonly masterKeyHash: string | undefined
  readonly paths: readonly string[]
  readonly refusal: 'auto' | 'http' | 'event'
}

// Fastify's own, beside `prefix`.
const registerOptions = new Set(['logLevel', 'logSerializers'])

/**
 * Checks the options and returns them resolved, in a new object.
 * @param providers the provider names that have an adapter, beside those of `options.adapters`
 * @throws OptionError naming the option and its rule
 */
export function resolveOptions (options: RealtimeGatewayOptions, providers: readonly string[]): ResolvedOptions {
  const resolved = resolvePart(options, providers)
  checkComplete(options)
  return resolved
}

/** The same for options that the host may add to, as those of a file: that one is missing is no error. @throws OptionError */
export function resolvePart (options: RealtimeGatewayOptions, providers: readonly string[]): ResolvedOptions {
  const own = only(options, name => !registerOptions.has(name))
  check(gateway, own)
  const given = present(own)
  const { masterKey, ...rest } = { ...defaults, ...given }
  rule(rest.lowWaterMark <= rest.highWaterMark, 'lowWaterMark', 'must not be above highWaterMark')

  const { adapters = [], path = defaultPath, aliases = [], refusal = 'auto', limitStoreAway = 'closed', keys = [], dialects, routing, router, allowedOrigins = [] } = rest
  checkUnset(given.deployments ?? [])
  const deployments = resolveDeployments((given.deployments ?? []).map(present), new Set([...providers, ...adapters.map(({ provider }) => provider)]))
    .map(deployment => dialects?.successors === true ? Object.freeze({ ...deployment, target: successorOf(deployment.target) ?? deployment.target }) : deployment)
  if (routing !== undefined) {
    rule(router === undefined, 'routing', 'is for the built-in router, which the option router replaces')
    checkRouting(routing, deployments)
  }
  checkKeys(keys)
  checkSecret(masterKey, 'masterKey')
  rule(masterKey === undefined || masterKey.length >= masterKeyLength.safe || rest.allowWeakMasterKey === true, 'masterKey', `must have at least ${masterKeyLength.safe} characters, for a shorter one can be guessed; allowWeakMasterKey takes it nevertheless`)
  checkOrigins(allowedOrigins)
  const paths = [path, ...aliases]
  rule(new Set(paths).size === paths.length, 'aliases', 'must differ from each other and from path')

  return Object.freeze({
    ...rest,
    ...(routing !== undefined && { routing: present(routing) }),
    deployments,
    keys: keys.map(({ key, ...rest }) => key === undefined ? rest : { ...rest, hash: hashKey(key) }),
    masterKeyHash: masterKey === undefined ? undefined : hashKey(masterKey),
    paths,
    refusal,
    limitStoreAway
  })
}

function checkComplete ({ deployments, router, keys = [], keyStore, masterKey, management, authenticate }: RealtimeGatewayOptions): void {
  rule(router !== undefined || deployments !== undefined, 'deployments', 'is required where no router is given')
  rule(router !== undefined || deployments!.length > 0, 'deployments', 'must hold at least one deployment where no router is given')
  rule(management === undefined || masterKey !== undefined, 'management', 'needs masterKey: nobody could use it')
  rule(management === undefined || (keyStore !== undefined && 'createKey' in keyStore), 'management', 'needs a keyStore that keys can be made in, a KeyAdmin: openSqlite or openPostgres with createSqlKeyAdmin give one')
  rule(keys.length > 0 || (keyStore ?? masterKey ?? authenticate) !== undefined, 'keys', 'or keyStore, masterKey or authenticate is required: the gateway is never open')
}

// What is `undefined` is left out, here and not at every reader.
function present<T extends object> (object: T): T {
  return only(object, (_name, value) => value !== undefined)
}

function only<T extends object> (object: T, keep: (name: string, value: unknown) => boolean): T {
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => keep(name, value))) as T
}
