import { join } from 'node:path'
import { ConfigError } from '../errors.ts'
import { createMemoryKeyAdmin, createRedisLimitStore, createSqlKeyAdmin, createSqlLimitStore, openPostgres, openSqlite, StoreError } from '../index.ts'
import type { Database, KeyAdmin, LimitStore } from '../index.ts'

/** Where the command line keeps keys, and counts limits. */
export interface StoreSettings {
  /** A folder for an SQLite file. */
  readonly data?: string | undefined
  /** A connection string of PostgreSQL; it wins over `data`. */
  readonly databaseUrl?: string | undefined
  readonly redisUrl?: string | undefined
  /** Whether somebody asked for `data`: then it is a fault if it cannot be had. */
  readonly explicit: boolean
  readonly synchronous?: 'normal' | 'full' | undefined
}

export interface Stores {
  readonly keyStore: KeyAdmin
  readonly limitStore?: LimitStore | undefined
  readonly warnings: readonly string[]
  close (): Promise<void>
}

/** Opens what is configured. @throws StoreError, ConfigError */
export async function openStores (settings: StoreSettings): Promise<Stores> {
  const warnings: string[] = []
  const database = await openDatabase(settings, warnings)
  const redis = settings.redisUrl === undefined ? undefined : await connectRedis(settings.redisUrl)
  return {
    keyStore: database === undefined ? createMemoryKeyAdmin() : createSqlKeyAdmin(database),
    // One process that has its file for itself counts faster by itself.
    limitStore: redis !== undefined ? createRedisLimitStore(redis) : database?.engine === 'postgres' ? createSqlLimitStore(database) : undefined,
    warnings,
    async close () {
      redis?.disconnect()
      await database?.close()
    }
  }
}

async function openDatabase ({ data, databaseUrl, explicit, synchronous }: StoreSettings, warnings: string[]): Promise<Database | undefined> {
  if (databaseUrl !== undefined) return await openPostgres(databaseUrl).catch(unusable)
  if (data === undefined) return undefined
  try {
    return await openSqlite(join(data, 'gateway.db'), { synchronous })
  } catch (cause) {
    // A first try with npx on Node 20 has no SQLite, and needs none.
    if (explicit || !(cause instanceof StoreError) || !cause.message.includes('SQLite is missing')) throw cause
    warnings.push(`${cause.message.replace(/^realtime gateway: /, '')}; keys that are made now are gone when this process ends`)
    return undefined
  }
}

/** What the server or the network says: neither names the password. Of several addresses that were tried the first counts. */
function unusable (cause: Error & { readonly code?: string, readonly errors?: readonly Error[] }): never {
  throw cause instanceof StoreError ? cause : new StoreError(`PostgreSQL cannot be used: ${cause.message || cause.errors?.[0]?.message || cause.code}`)
}

async function connectRedis (url: string) {
  if (!/^rediss?:\/\//.test(url)) throw new ConfigError('the address of Redis must begin with redis:// or rediss://')
  const { Redis } = await import('ioredis').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ERR_MODULE_NOT_FOUND' ? new StoreError('Redis needs the package ioredis: install it') : cause
  })
  const client = new Redis(url, { maxRetriesPerRequest: 1, connectTimeout: 2_000 })
  // The store tells what became of each call; the client connects again by itself.
  client.on('error', () => {})
  return client
}
