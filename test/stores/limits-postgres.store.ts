import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { createSqlLimitStore } from '../../lib/admission/limits/sql.ts'
import { openPostgres } from '../../lib/store/postgres.ts'
import { limitStoreConformance } from '../../lib/testing/index.ts'
import { conforms } from '../fixtures/conforms.ts'
import { postgres, startPostgres } from '../fixtures/postgres.ts'
import type { LimitStore } from '../../types/index.ts'

if ('missing' in postgres) {
  t.comment(`note: limits in PostgreSQL are skipped: ${postgres.missing}`)
  t.end()
  process.exit(0)
}

const server = await startPostgres(t)
const stores = new WeakMap<LimitStore, { url: string, close: () => Promise<void>, query: (sql: string, params: readonly number[]) => Promise<unknown> }>()

async function newDatabase (): Promise<string> {
  const name = `d${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return server.url.replace('/postgres?', `/${name}?`)
}

async function open (url: string): Promise<LimitStore> {
  const database = await openPostgres(url)
  const store = createSqlLimitStore(database, { time: () => NaN })
  stores.set(store, { url, close: () => database.close(), query: (sql, params) => database.query(sql, params) })
  return store
}

t.test('limits in PostgreSQL conform, by its own clock, for two nodes', async t => {
  await conforms(t, limitStoreConformance({
    create: async () => await open(await newDatabase()),
    another: store => open(stores.get(store)!.url),
    close: store => stores.get(store)!.close(),
    // Its clock cannot be set: what it holds is made older.
    async advance (store, ms) {
      const { query } = stores.get(store)!
      await query('UPDATE realtime_gateway.limit_claims SET until = until - ?', [Math.ceil(ms)])
      await query('UPDATE realtime_gateway.limit_taken SET at = at - ?', [Math.ceil(ms)])
    }
  }))
})
