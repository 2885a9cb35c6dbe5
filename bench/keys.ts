import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createMemoryLimitStore, createRedisLimitStore, createSqlKeyAdmin, createMemoryKeyAdmin, createSqlLimitStore, openPostgres, openSqlite } from '../lib/index.ts'
import type { Database, KeyAdmin, LimitStore } from '../lib/index.ts'

// What an admission costs: a key that is looked up and not kept yet, and a claim with a limit of a key and one of a team.
// npm run bench:keys -- [how many keys, default 1000000]; DATABASE_URL and REDIS_URL add those.

const count = Number(process.argv[2] ?? 1_000_000)
const rounds = 2_000
const atOnce = 500

function median (values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}

async function timed (name: string, ask: (i: number) => Promise<unknown>): Promise<void> {
  const from = performance.now()
  await ask(0)
  const cold = performance.now() - from
  for (let i = 1; i < 200; i++) await ask(i)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const times: number[] = []
  for (let i = 200; i < 200 + rounds; i++) {
    const from = performance.now()
    await ask(i)
    times.push(performance.now() - from)
  }
  delay.disable()
  const p99 = times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!
  console.log(`${name.padEnd(44)} median ${(median(times) * 1e3).toFixed(1).padStart(7)} µs  p99 ${(p99 * 1e3).toFixed(0).padStart(6)} µs  first ${cold.toFixed(2).padStart(6)} ms  longest turn of the loop ${(delay.max / 1e6).toFixed(1)} ms`)
}

/** Rows as `createKey` writes them, many at a time. */
async function fill (database: Database): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    const rows = Array.from({ length: Math.min(atOnce, count - from) }, (_, i) => from + i)
    await database.query(
      `INSERT INTO realtime_gateway.keys (hash, key_id, key_name, policy, created_seq, created_at, updated_at, created_by, updated_by)
       VALUES ${rows.map(() => "(?, ?, 'sk-...0000', '{\"maxParallelRequests\":10}', ?, 1, 1, 'bench', 'bench')").join(', ')} ON CONFLICT (hash) DO NOTHING`,
      rows.flatMap(i => [hash(i), `id ${i}`, i]))
  }
}

const hash = (i: number): string => `${i}`.padStart(64, '0')

async function keys (name: string, store: KeyAdmin): Promise<void> {
  // Spread over all of them, so that no page is asked for twice in a row.
  await timed(`${name}: look-up`, i => store.findByHash(hash(i * 7_919 % count)))
}

async function limits (name: string, store: LimitStore): Promise<void> {
  const claim = (i: number) => ({ id: `s${i}`, group: 'team', scopes: [{ id: 'key:a', maxParallel: 100_000, perMinute: 100_000 }, { id: 'team:t', maxParallel: 100_000 }] })
  await timed(`${name}: claim of key and team`, i => store.acquire(claim(i)))
  for (let i = 0; i < 200 + rounds; i++) await store.release([claim(i)])
}

const folder = mkdtempSync(join(tmpdir(), 'rtg-bench-'))
try {
  const memory = createMemoryKeyAdmin()
  await memory.createKey({ hash: hash(0), keyName: 'sk-...' }, 'bench')
  await timed('memory: look-up', () => memory.findByHash(hash(0)))
  await limits('memory', createMemoryLimitStore())

  const before = process.memoryUsage().rss
  const from = performance.now()
  const sqlite = await openSqlite(join(folder, 'gateway.db'))
  console.log(`SQLite opens in ${(performance.now() - from).toFixed(0)} ms, and takes ${((process.memoryUsage().rss - before) / 2 ** 20).toFixed(0)} MiB`)
  await fill(sqlite)
  console.log(`${count} keys`)
  await keys('SQLite', createSqlKeyAdmin(sqlite))
  await limits('SQLite', createSqlLimitStore(sqlite))
  await sqlite.close()

  if (process.env.DATABASE_URL !== undefined) {
    const postgres = await openPostgres(process.env.DATABASE_URL)
    await fill(postgres)
    await keys('PostgreSQL', createSqlKeyAdmin(postgres))
    await limits('PostgreSQL', createSqlLimitStore(postgres))
    await postgres.close()
  } else {
    console.log('note: PostgreSQL is skipped: DATABASE_URL is not set')
  }
  if (process.env.REDIS_URL !== undefined) {
    const { Redis } = await import('ioredis')
    const redis = new Redis(process.env.REDIS_URL)
    await limits('Redis', createRedisLimitStore(redis))
    redis.disconnect()
  } else {
    console.log('note: Redis is skipped: REDIS_URL is not set')
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
