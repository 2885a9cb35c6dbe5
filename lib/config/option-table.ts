import type { DeploymentOptions, RealtimeGatewayOptions, VirtualKeyOptions } from '../../types/index.ts'

/** How an option is written where there is no code: in a config file or a variable. `code`: it cannot be. */
export type OptionKind = 'text' | 'number' | 'flag' | 'texts' | 'map' | 'moment' | 'keys' | 'deployments' | 'routing' | 'code'

type KindOf<T> =
  [T] extends [string] ? 'text'
    : [T] extends [number] ? 'number'
        : [T] extends [boolean] ? 'flag'
            : [T] extends [Date | string | number] ? 'moment'
                : [T] extends [readonly string[]] ? 'texts'
                    // Not the other way round: a key would pass for a deployment, whose fields it lacks, if that were asked first.
                    : [T] extends [readonly DeploymentOptions[]] ? 'deployments'
                        : [T] extends [readonly VirtualKeyOptions[]] ? 'keys'
                            : [T] extends [Readonly<Record<string, unknown>>] ? 'map' | 'code'
                                : 'code'

// Objects with members of their own, which their type does not tell from code.
interface Nested { routing: 'routing', price: 'map', warm: 'map' }

/** One row for every member of `T`, of the kind that its type asks for: a new or changed option does not compile without its row. */
type Table<T> = { readonly [K in keyof Required<T>]: K extends keyof Nested ? Nested[K] : KindOf<Required<T>[K]> }

/** Every option of the plugin. */
export const optionTable: Table<RealtimeGatewayOptions> = {
  prefix: 'text',
  deployments: 'deployments',
  routing: 'routing',
  cooldowns: 'code',
  router: 'code',
  adapters: 'code',
  keys: 'keys',
  keyStore: 'code',
  masterKey: 'text',
  authenticate: 'code',
  path: 'text',
  aliases: 'texts',
  defaultModel: 'text',
  allowedOrigins: 'texts',
  refusal: 'text',
  connectTimeout: 'number',
  upgradeTimeout: 'number',
  maxUpgrades: 'number',
  maxSessions: 'number',
  maxMessageBytes: 'number',
  maxFragments: 'number',
  maxUnfinishedBytes: 'number',
  messageRate: 'number',
  messageBurst: 'number',
  highWaterMark: 'number',
  lowWaterMark: 'number',
  stallTimeout: 'number',
  pingInterval: 'number',
  pongTimeout: 'number',
  idleTimeout: 'number',
  maxSessionDuration: 'number',
  closeTimeout: 'number',
  lingerTimeout: 'number',
  drainTimeout: 'number',
  onSessionOpen: 'code',
  onSessionClose: 'code'
}

/** Every member of an entry of `keys`. */
export const keyTable: Table<VirtualKeyOptions> = {
  key: 'text',
  hash: 'text',
  name: 'text',
  models: 'texts',
  expiresAt: 'moment',
  blocked: 'flag',
  fallbacks: 'flag',
  tags: 'texts',
  metadata: 'map'
}

/** Every member of an entry of `deployments`. */
export const deploymentTable: Table<DeploymentOptions> = {
  id: 'text',
  model: 'text',
  target: 'text',
  apiKey: 'text',
  baseUrl: 'text',
  weight: 'number',
  rpm: 'number',
  order: 'number',
  tpm: 'number',
  maxSessions: 'number',
  price: 'map',
  tags: 'texts',
  allowedFails: 'number',
  cooldownMs: 'number',
  warm: 'map',
  headers: 'map'
}

/** `connectTimeout` -> `connect_timeout` */
export function snakeCase (name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
