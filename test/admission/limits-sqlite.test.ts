import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createSqlLimitStore } from '../../lib/admission/limits/sql.ts'
import { openSqlite } from '../../lib/store/sqlite/open.ts'
import { limitStoreConformance } from '../../lib/testing/index.ts'
import type { LimitStore } from '../../types/index.ts'

t.test('limits in an SQLite file conform, for two who share the file', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-gateway-limits-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const files = new Map<LimitStore, { file: string, clock: { now: number }, close: () => Promise<void> }>()
  let made = 0
  async function open (file: string, clock: { now: number }): Promise<LimitStore> {
    const database = await openSqlite(file)
    const store = createSqlLimitStore(database, { time: () => clock.now })
    files.set(store, { file, clock, close: () => database.close() })
    return store
  }
  const suite = limitStoreConformance({
    create: () => open(join(folder, `${made++}`, 'limits.db'), { now: 1_800_000_000_000 }),
    another: store => open(files.get(store)!.file, files.get(store)!.clock),
    close: store => files.get(store)!.close(),
    advance (store, ms) { files.get(store)!.clock.now += ms }
  })
  for (const { name, run } of suite) await t.resolves(run(), name)
})
