import type { Reader } from './reader.ts'
import type { Field } from './field.ts'

/** Where LiteLLM's file says that its keys and counts are kept. */
export interface LiteLLMStores {
  /** `general_settings.database_url` */
  readonly databaseUrl?: string | undefined
  /** `router_settings.redis_url`, or what its `redis_host`, `redis_port` and `redis_password` make. */
  readonly redisUrl?: string | undefined
}

type Section = ReadonlyMap<string, Field>

/** The fields that are read here, of each section. */
export const storeFields = { general: ['database_url'], router: ['redis_host', 'redis_port', 'redis_password', 'redis_url'] } as const

/** @param reader one for which a variable that is not set is no fault: a file names the database of production, and a laptop has none */
export function readStores (general: Section, router: Section, reader: Reader): LiteLLMStores {
  const databaseUrl = reader.text(general.get('database_url'))
  const host = reader.text(router.get('redis_host'))
  const port = reader.count(router.get('redis_port'), 1) ?? 6379
  const password = reader.text(router.get('redis_password'))
  const redisUrl = reader.text(router.get('redis_url')) ?? (host === undefined ? undefined : `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${host}:${port}`)
  return { ...databaseUrl !== undefined && { databaseUrl }, ...redisUrl !== undefined && { redisUrl } }
}
