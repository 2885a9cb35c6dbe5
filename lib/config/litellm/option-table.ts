import type { DeploymentOptions, DialectOptions, GroupRouting, RealtimeGatewayOptions, RoutingOptions, VirtualKeyOptions } from '../../../types/index.ts'

/** How an option is written where there is no code: in a config file or a variable. `code`: it cannot be. */
export type OptionKind = WritableKind | 'code'

/** A plain value, a list of `each`, a mapping by names that are kept as they are written, or a mapping with `members` of its own. */
export type WritableKind = 'text' | 'number' | 'flag' | 'number_or_text' | 'moment' | 'texts' | 'data' |
  { readonly each: Members } | { readonly named: WritableKind } | { readonly members: Members }

export interface Members { readonly [name: string]: OptionKind }

type Code = (...args: never[]) => unknown

/** Whether a function must be among the members: of one that need not be, the others can be written. */
type IsCode<T> = true extends { [K in keyof T]: T[K] extends Code ? true : false }[keyof T] ? true : false

type KindOf<T> =
  [T] extends [string] ? 'text'
    : [T] extends [number] ? 'number'
        : [T] extends [boolean] ? 'flag'
            : [T] extends [number | string] ? 'number_or_text'
                : [T] extends [Date | string | number] ? 'moment'
                    : [T] extends [readonly string[]] ? 'texts'
                        : [T] extends [ReadonlyArray<infer Item>] ? IsCode<Item> extends true ? 'code' : { readonly each: Table<Item> }
                            : [T] extends [Code] ? 'code'
                                : IsCode<T> extends true ? 'code'
                                  : string extends keyof T ? unknown extends T[string] ? 'data' : { readonly named: KindOf<T[string]> }
                                    : { readonly members: Table<T> }

/** One row for every member of `T`, of the kind that its type asks for: a new or changed option does not compile without its row. */
type Table<T> = { readonly [K in keyof Required<T>]: KindOf<Required<T>[K]> }

/** Every member of an entry of `keys`. */
export const keyTable: Table<VirtualKeyOptions> = {
  key: 'text',
  hash: 'text',
  name: 'text',
  models: 'texts',
  expiresAt: 'moment',
  blocked: 'flag',
  team: 'text',
  fallbacks: 'flag',
  tags: 'texts',
  dialect: 'text',
  metadata: 'data'
}

/** Every member of an entry of `deployments`. */
export const deploymentTable: Table<DeploymentOptions> = {
  id: 'text',
  model: 'text',
  target: 'text',
  apiKey: 'text',
  token: 'code',
  baseUrl: 'text',
  insecure: 'flag',
  realtimeProtocol: 'text',
  apiVersion: 'text',
  dialect: 'text',
  weight: 'number',
  rpm: 'number',
  tpm: 'number',
  order: 'number',
  maxSessions: 'number',
  price: { members: { inputPerMinute: 'number', outputPerMinute: 'number' } },
  tags: 'texts',
  allowedFails: 'number',
  cooldownMs: 'number',
  warm: { members: { size: 'number', maxIdleMs: 'number' } },
  headers: { named: 'text' }
}

const groupTable: Table<GroupRouting> = {
  strategy: 'text',
  sticky: 'text'
}

export const routingTable: Table<RoutingOptions> = {
  ...groupTable,
  groups: { named: { members: groupTable } },
  aliases: { named: 'text' },
  fallbacks: { named: 'texts' },
  defaultFallbacks: 'texts',
  maxCandidates: 'number',
  tagFiltering: 'flag',
  latencyBuffer: 'number',
  outputShare: 'number',
  allowedFails: 'number',
  cooldownMs: 'number',
  credentialsCooldownMs: 'number',
  hedgeAfterMs: 'number_or_text',
  probeIntervalMs: 'number'
}

const dialectsTable: Table<DialectOptions> = {
  client: 'text',
  strict: 'flag',
  xaiVoices: { named: 'text' },
  openaiVoices: { named: 'text' },
  successors: 'flag'
}

/** Every option of the plugin. */
export const optionTable: Table<RealtimeGatewayOptions> = {
  prefix: 'text',
  deployments: { each: deploymentTable },
  routing: { members: routingTable },
  cooldowns: 'code',
  router: 'code',
  adapters: 'code',
  dialects: { members: dialectsTable },
  keys: { each: keyTable },
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
  controlRate: 'number',
  controlBurst: 'number',
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
  onTurn: 'code',
  onSessionClose: 'code'
}

/** `connectTimeout` -> `connect_timeout` */
export function snakeCase (name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
