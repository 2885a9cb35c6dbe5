import { randomBytes } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { createSqlKeyAdmin } from '../../lib/keys/sql/admin.ts'
import { migrate, migrations } from '../../lib/store/migrations.ts'
import { openPostgres } from '../../lib/store/postgres.ts'
import type { PostgresPool } from '../../lib/store/postgres.ts'
import { keyAdminConformance } from '../../lib/testing/index.ts'
import { conforms } from '../fixtures/conforms.ts'
import { postgres, startPostgres } from '../fixtures/postgres.ts'
import type { PostgresServer } from '../fixtures/postgres.ts'
import type { KeyAdmin } from '../../types/index.ts'

if ('missing' in postgres) {
  console.log(`note: PostgreSQL is skipped: ${postgres.missing}`)
  process.exit(0)
}

const server = await startPostgres(t)
const urls = new WeakMap<KeyAdmin, string>()

/** The connection string of a new database. */
async function newDatabase ({ url }: PostgresServer = server): Promise<string> {
  const name = `d${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return url.replace('/postgres?', `/${name}?`)
}

async function open (url: string): Promise<KeyAdmin> {
  const keys = createSqlKeyAdmin(await openPostgres(url))
  urls.set(keys, url)
  return keys
}

t.test('PostgreSQL conforms', async t => {
  await conforms(t, keyAdminConformance({ create: async () => await open(await newDatabase()), reopen: store => open(urls.get(store)!), close: store => store.close!() }))
})

t.test('a pool of the host\'s stays the host\'s', async t => {
  const pool = new pg.Pool({ connectionString: await newDatabase(), max: 4 })
  const keys = createSqlKeyAdmin(await openPostgres(pool as PostgresPool))
  await Promise.all(Array.from({ length: 20 }, (_, i) => keys.createKey({ hash: String(i), keyName: 'sk-...' }, 'test')))
  await keys.close!()
  t.equal((await pool.query('SELECT 1 AS one')).rows[0].one, 1)
  await pool.end()
})

t.test('whoever has a single client is served too, transactions one after the other', async t => {
  const client = new pg.Client({ connectionString: await newDatabase() })
  await client.connect()
  t.teardown(() => client.end())
  const keys = createSqlKeyAdmin(await openPostgres({ query: (text, values) => client.query(text, values) }))
  const made = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => i % 4 === 3 ? keys.findByHash('0') : keys.createKey({ hash: String(i % 10), keyName: 'sk-...' }, 'test')))
  t.equal(made.filter(({ status }) => status === 'rejected').length, 15 - new Set([0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18].map(i => i % 10)).size)
  t.equal((await keys.changes(0)).length, (await keys.listKeys()).total)
})

t.test('the tables are in a schema of their own, and nothing else of the database is touched', async t => {
  const url = await newDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  // As in LiteLLM's own database.
  await client.query('CREATE TABLE keys (id TEXT); CREATE TABLE migrations (id TEXT)')
  const keys = await open(url)
  await keys.createKey({ hash: 'aa', keyName: 'sk-...' }, 'test')
  await keys.close!()
  const { rows } = await client.query("SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('public', 'realtime_gateway') ORDER BY 1, 2")
  t.strictSame(rows.map(row => `${row.table_schema}.${row.table_name}`), ['public.keys', 'public.migrations', 'realtime_gateway.audit', 'realtime_gateway.keys', 'realtime_gateway.limit_claims', 'realtime_gateway.limit_taken', 'realtime_gateway.migrations', 'realtime_gateway.teams'])
  t.equal((await client.query('SELECT * FROM keys')).rows.length, 0)
})

t.test('many nodes that start at once make the schema once', async t => {
  const url = await newDatabase()
  const stores = await Promise.all(Array.from({ length: 8 }, () => open(url)))
  t.equal((await stores[7]!.listKeys()).total, 0)
  await Promise.all(stores.map(store => store.close!()))
})

t.test('a newer schema is refused', async t => {
  const url = await newDatabase()
  const database = await openPostgres(url)
  await migrate(database, [...migrations, { version: migrations.length + 1, statements: ['CREATE TABLE realtime_gateway.more (id TEXT)'] }])
  await database.close()
  await t.rejects(openPostgres(url), { code: 'RTG_ERR_STORE', message: /use the newer version/ })
})

t.test('after the server was killed and started again, the store answers as before', async t => {
  const own = await startPostgres(t)
  const url = await newDatabase(own)
  const keys = await open(url)
  t.teardown(() => keys.close!())
  await keys.createKey({ hash: 'aa', keyName: 'sk-...' }, 'test')
  await own.kill()
  await t.rejects(keys.findByHash('aa'))
  await t.rejects(keys.createKey({ hash: 'bb', keyName: 'sk-...' }, 'test'))
  await own.start()
  t.equal((await keys.findByHash('aa'))?.hash, 'aa')
  await keys.createKey({ hash: 'bb', keyName: 'sk-...' }, 'test')
  t.strictSame((await keys.changes(0)).map(({ id }) => id), ['aa', 'bb'])
})

t.test('a server that dies in the middle of changes ends no process', async t => {
  const own = await startPostgres(t)
  const keys = await open(await newDatabase(own))
  t.teardown(() => keys.close!())
  const changes = Array.from({ length: 200 }, (_, i) => keys.createKey({ hash: String(i), keyName: 'sk-...' }, 'test'))
  const settled = Promise.allSettled(changes)
  await changes[10]
  await own.kill()
  // An error of a connection that nobody listens to would be an uncaught exception.
  t.ok((await settled).some(({ status }) => status === 'rejected'))
})

t.test('whoever may not make schemas may use one that is there', async t => {
  const url = await newDatabase()
  await (await open(url)).close!()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    ALTER SCHEMA realtime_gateway OWNER TO guest; ALTER TABLE realtime_gateway.keys OWNER TO guest; ALTER TABLE realtime_gateway.teams OWNER TO guest; ALTER TABLE realtime_gateway.audit OWNER TO guest;
    ALTER TABLE realtime_gateway.migrations OWNER TO guest; ALTER TABLE realtime_gateway.limit_claims OWNER TO guest; ALTER TABLE realtime_gateway.limit_taken OWNER TO guest`)
  const keys = await open(url.replace('gateway@', 'guest@'))
  await keys.createKey({ hash: 'aa', keyName: 'sk-...' }, 'test')
  await keys.close!()
})

t.test('a node that freezes in the middle of a change keeps the lock for seconds, and not for ever', async t => {
  const url = await newDatabase()
  const [frozen, other] = [await openPostgres(url), await open(url)]
  t.teardown(() => Promise.all([frozen.close(), other.close!()]))
  let locked = (): void => {}
  const has = new Promise<void>(resolve => { locked = resolve })
  let thaw = (): void => {}
  const change = frozen.transaction(async ({ query }) => {
    locked()
    await new Promise<void>(resolve => { thaw = resolve })
    await query('SELECT 1 AS one')
  })
  await has
  const from = performance.now()
  await other.createKey({ hash: 'aa', keyName: 'sk-...' }, 'test')
  const ms = performance.now() - from
  t.ok(ms > 4_000 && ms < 9_000, `${ms.toFixed(0)} ms`)
  thaw()
  await t.rejects(change)
})

t.test('a server that hangs is waited for no longer than its clocks say', async t => {
  const own = await startPostgres(t)
  const keys = await open(await newDatabase(own))
  t.teardown(() => keys.close!())
  // All of its processes: the one of our connection is a child.
  own.process().kill('SIGSTOP')
  const { execFileSync } = await import('node:child_process')
  const children = execFileSync('pgrep', ['-P', String(own.process().pid)], { encoding: 'utf8' }).trim().split('\n').map(Number)
  for (const pid of children) process.kill(pid, 'SIGSTOP')
  const from = performance.now()
  await t.rejects(keys.findByHash('aa'))
  const ms = performance.now() - from
  t.ok(ms < 11_000, `${ms.toFixed(0)} ms`)
  for (const pid of [...children, own.process().pid!]) process.kill(pid, 'SIGCONT')
})
