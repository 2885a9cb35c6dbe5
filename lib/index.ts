import fp from 'fastify-plugin'
import { plugin } from './plugin.ts'

/**
 * A realtime voice gateway as a Fastify plugin. Options: `RealtimeGatewayOptions`.
 * @throws OptionError at registration, naming the option and its rule
 */
export const realtimeGateway = fp(plugin, { fastify: '5.x', name: 'fastify-realtime-gateway' })
export default realtimeGateway

export { realtimeModels } from './catalogue.ts'
export type { CatalogueModel } from './catalogue.ts'
export { loadLiteLLMConfig } from './config/litellm/load.ts'
export type { LiteLLMConfig, LoadOptions } from './config/litellm/load.ts'
export type { LiteLLMStores } from './config/litellm/stores.ts'
export type { ConfigWarning } from './config/litellm/warnings.ts'
export { ConfigError, GatewayError, OptionError } from './errors.ts'
export type { GatewayErrorCode, GatewayErrorDetails } from './errors.ts'
export { defaults } from './options/defaults.ts'
export { createMemoryLimitStore } from './admission/limits/memory.ts'
export type { MemoryLimitStoreOptions } from './admission/limits/memory.ts'
export { createRedisLimitStore } from './admission/limits/redis.ts'
export type { RedisLimitStoreOptions } from './admission/limits/redis.ts'
export type { RedisScripting } from './admission/limits/redis-call.ts'
export { createSqlLimitStore } from './admission/limits/sql.ts'
export type { SqlLimitStoreOptions } from './admission/limits/sql.ts'
export { KeyAdminError } from './keys/error.ts'
export type { KeyAdminErrorCode } from './keys/error.ts'
export { createSqlKeyAdmin } from './keys/sql/admin.ts'
export type { Database, Queries, Row, Value } from './store/database.ts'
export { StoreError } from './store/error.ts'
export { openPostgres } from './store/postgres.ts'
export type { PostgresPool, PostgresQuery } from './store/postgres.ts'
export { openSqlite } from './store/sqlite/open.ts'
export type { SqliteOptions } from './store/sqlite/open.ts'
export { createMemoryKeyAdmin } from './keys/memory-admin.ts'
export { createRouter } from './default-router.ts'
export { azure } from './providers/azure/adapter.ts'
export { openai } from './providers/openai/adapter.ts'
export { classifyAnswer } from './providers/refusal.ts'
export { realtimeUrl } from './providers/url.ts'
export { xai } from './providers/xai/adapter.ts'
export type * from '../types/index.ts'
