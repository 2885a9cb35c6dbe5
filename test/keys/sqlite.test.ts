import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { createMemoryKeyAdmin } from '../../lib/keys/memory-admin.ts'
import { createSqlKeyAdmin } from '../../lib/keys/sql/admin.ts'
import { migrate, migrations } from '../../lib/store/migrations.ts'
import { openSqlite } from '../../lib/store/sqlite/open.ts'
import { keyAdminConformance, keyStoreConformance } from '../../lib/testing/index.ts'
import { conforms } from '../fixtures/conforms.ts'
import type { KeyAdmin, VirtualKey } from '../../types/index.ts'

async function create (file: string): Promise<KeyAdmin> {
  return createSqlKeyAdmin(await openSqlite(file))
}

const seeded = (create: () => Promise<KeyAdmin> | KeyAdmin) => async (keys: readonly VirtualKey[]): Promise<KeyAdmin> => {
  const store = await create()
  for (const key of keys) await store.createKey({ keyName: 'sk-...', ...key }, 'test')
  return store
}

/** What a `KeyStore` has to give: without what a `KeyAdmin` adds. */
const bare = async (store: Promise<KeyAdmin>) => {
  const keys = await store
  return {
    async findByHash (hash: string) {
      const found = await keys.findByHash(hash)
      if (found === undefined) return undefined
      const { keyId, keyName, createdAt, createdBy, updatedAt, updatedBy, ...key } = found as VirtualKey & Record<string, unknown>
      return key
    }
  }
}

t.test('the memory store conforms', async t => {
  await conforms(t, keyAdminConformance({ create: () => createMemoryKeyAdmin() }))
  await conforms(t, keyStoreConformance({ create: keys => bare(seeded(createMemoryKeyAdmin)(keys)) }))
})

t.test('the memory store remembers no more changes than anybody could have missed', async t => {
  const store = createMemoryKeyAdmin()
  await store.createKey({ hash: 'aa', keyName: 'sk-...' }, 'test')
  for (let i = 0; i < 10_500; i++) await store.updateKey('aa', { rpmLimit: i }, 'test')
  t.equal(await store.lastChange(), 10_501)
  t.equal((await store.changes(0, 20_000)).length, 10_000)
})

t.test('SQLite conforms', async t => {
  const file = join(t.testdir(), 'gateway.db')
  const [database, other] = [await openSqlite(file), await openSqlite(file)]
  // One file for all rules: to make one takes longer than most of them.
  const fresh = async (): Promise<KeyAdmin> => {
    await database.transaction(async ({ query }) => { for (const table of ['keys', 'teams', 'audit']) await query(`DELETE FROM realtime_gateway.${table}`) })
    return createSqlKeyAdmin(database)
  }
  await conforms(t, keyAdminConformance({ create: fresh, reopen: () => createSqlKeyAdmin(other) }))
  await conforms(t, keyStoreConformance({ create: keys => bare(seeded(fresh)(keys)) }))
  await Promise.all([database.close(), other.close()])
})

t.test('what was kept is there when the file is opened again, and nobody else may read it', async t => {
  const file = join(t.testdir(), 'new', 'folder', 'gateway.db')
  const first = await create(file)
  await first.createKey({ hash: 'aa', keyName: 'sk-...', name: 'kept' }, 'test')
  await first.close!()
  const again = await create(file)
  t.equal((await again.findByHash('aa'))?.name, 'kept')
  t.equal((await again.lastChange()), 1)
  await again.close!()
  t.equal(statSync(file).mode & 0o077, 0)
  t.equal(statSync(join(file, '..')).mode & 0o077, 0)
})

t.test('no secret is in the file', async t => {
  const file = join(t.testdir(), 'gateway.db')
  const store = await create(file)
  await store.createKey({ hash: 'aa', keyName: 'sk-...0001', name: 'kept' }, 'test')
  await store.close!()
  t.notMatch(readFileSync(file, 'latin1'), /sk-[^.]/)
})

t.test('a transaction that fails leaves nothing behind, and the next one runs', async t => {
  const database = await openSqlite(join(t.testdir(), 'gateway.db'))
  t.teardown(() => database.close())
  await t.rejects(database.transaction(async ({ query }) => {
    await query("INSERT INTO realtime_gateway.audit (seq, at, changed_by, action, kind, id, fields) VALUES (1, 1, 'x', 'x', 'x', 'x', '[]')")
    throw new Error('no')
  }), /no/)
  t.strictSame(await database.query('SELECT * FROM realtime_gateway.audit'), [])
  await t.rejects(database.query('SELECT * FROM realtime_gateway.unheard_of'), /no such table/)
  t.equal(await database.transaction(async () => 7), 7)
})

t.test('a database that a newer gateway has used is refused, and so is one of another build', async t => {
  const file = join(t.testdir(), 'gateway.db')
  const database = await openSqlite(file)
  await migrate(database)
  await t.rejects(migrate(database, [{ version: 1, statements: ['CREATE TABLE realtime_gateway.other (id TEXT)'] }]), { code: 'RTG_ERR_STORE', message: /version 1 of the schema was made by another build/ })
  const next = { version: migrations.length + 1, statements: ['CREATE TABLE realtime_gateway.more (id TEXT)'] }
  await migrate(database, [...migrations, next])
  await database.close()
  await t.rejects(openSqlite(file), { code: 'RTG_ERR_STORE', message: new RegExp(`has version ${next.version} of the schema, and this gateway knows ${migrations.length}: use the newer version`) })
})

t.test('a migration that fails halfway is taken back whole', async t => {
  const database = await openSqlite(join(t.testdir(), 'gateway.db'))
  t.teardown(() => database.close())
  const broken = { version: migrations.length + 1, statements: ['CREATE TABLE realtime_gateway.half (id TEXT)', 'CREATE TABLE nonsense'] }
  await t.rejects(migrate(database, [...migrations, broken]))
  await t.rejects(database.query('SELECT * FROM realtime_gateway.half'), /no such table/)
})

t.test('several processes may open a new file at the same time', async t => {
  const file = join(t.testdir(), 'gateway.db')
  const stores = await Promise.all(Array.from({ length: 4 }, () => create(file)))
  await Promise.all(stores.map((store, i) => store.createKey({ hash: `hash ${i}`, keyName: 'sk-...' }, 'test')))
  t.equal((await stores[0]!.listKeys()).total, 4)
  await Promise.all(stores.map(store => store.close!()))
})

t.test('a file that is no database, and a folder that cannot be made, are told with their name', async t => {
  const folder = t.testdir({ 'notes.txt': 'these are notes and not a database, and there are enough of them to be a header of one' })
  await t.rejects(openSqlite(join(folder, 'notes.txt')), { code: 'RTG_ERR_STORE', message: /notes\.txt cannot be used: / })
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(openSqlite(join(folder, 'file', 'gateway.db')), { code: /ENOTDIR|EEXIST/ })
})

t.test('after its end a store rejects what is asked', async t => {
  const store = await create(join(t.testdir(), 'gateway.db'))
  const last = store.createKey({ hash: 'aa', keyName: 'sk-...' }, 'test')
  await store.close!()
  t.equal((await last).hash, 'aa', 'what was under way is done first')
  await t.rejects(store.findByHash('aa'), /closed/)
  await store.close!()
})

t.test('a key that was made is there after kill -9', async t => {
  const file = join(t.testdir(), 'gateway.db')
  const compiled = import.meta.url.endsWith('.js')
  const lib = new URL('../../lib/', import.meta.url).href
  const program = `
    const { openSqlite } = await import('${lib}store/sqlite/open.${compiled ? 'js' : 'ts'}')
    const { createSqlKeyAdmin } = await import('${lib}keys/sql/admin.${compiled ? 'js' : 'ts'}')
    const keys = createSqlKeyAdmin(await openSqlite(${JSON.stringify(file)}))
    for (let i = 0; ; i++) {
      await keys.createKey({ hash: String(i), keyName: 'sk-...' }, 'test')
      process.stdout.write(i + '\\n')
    }`
  const child = spawn(process.execPath, [...compiled ? [] : ['--import=tsx'], '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString()
    if (told.split('\n').length > 20) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const last = told.trim().split('\n').length
  t.ok(last >= 20)
  const store = await create(file)
  t.ok((await store.listKeys()).total >= last, 'each that was told is there')
  t.notOk(existsSync(`${file}-journal`))
  await store.close!()
})

t.test('look-ups and changes leave the event loop alone', async t => {
  const store = await create(join(t.testdir(), 'gateway.db'))
  t.teardown(() => store.close!())
  for (let i = 0; i < 200; i++) await store.createKey({ hash: `hash ${i}`, keyName: 'sk-...' }, 'test')
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await Promise.all(Array.from({ length: 500 }, (_, i) => i % 10 === 0 ? store.updateKey(`hash ${i % 200}`, { rpmLimit: i }, 'test') : store.findByHash(`hash ${i % 200}`)))
  delay.disable()
  t.comment(`longest turn of the loop ${(delay.max / 1e6).toFixed(1)} ms`)
  t.ok(delay.percentile(50) < 10e6)
})

t.test('a file that may not be written is refused with its name', { skip: process.getuid?.() === 0 ? 'root may write everything' : false }, async t => {
  const file = join(t.testdir(), 'gateway.db')
  await (await create(file)).close!()
  chmodSync(file, 0o400)
  await t.rejects(create(file))
})
