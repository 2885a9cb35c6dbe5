import { mkdirSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database, Queries, Row, Value } from '../database.ts'
import { StoreError } from '../error.ts'
import { migrate } from '../migrations.ts'
import { createQueue } from '../queue.ts'
import type { Answer, Question } from './messages.ts'
import { startThread } from './thread.ts'

export interface SqliteOptions {
  /** `normal`: what is committed survives the death of the process. `full`: a power cut too; each commit waits for the disk. Default `normal`. */
  readonly synchronous?: 'normal' | 'full' | undefined
}

interface Waiting {
  resolve (rows: readonly Row[]): void
  reject (cause: unknown): void
}

/**
 * Opens a database in one file, and makes file and folder where there are none, for nobody else to read. Several processes may share it.
 * @throws StoreError where SQLite is missing, or the file cannot be used
 */
export async function openSqlite (file: string, { synchronous = 'normal' }: SqliteOptions = {}): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const thread = startThread({ file, synchronous })
  const waiting = new Map<number, Waiting>()
  let gone: Error | undefined
  let asked = 0

  function fail (cause: Error): void {
    gone ??= cause
    for (const { reject } of waiting.values()) reject(gone)
    waiting.clear()
  }

  function ask (connection: Question['connection'], sql: string, params: readonly Value[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone)
      const id = asked++
      waiting.set(id, { resolve, reject })
      // A question keeps the process alive, and an open database does not.
      thread.ref()
      thread.postMessage({ id, connection, sql: sql.replaceAll('realtime_gateway.', ''), params } satisfies Question)
    })
  }

  await new Promise<void>((resolve, reject) => {
    thread.on('message', (answer: Answer | 'open') => {
      if (answer === 'open') return resolve()
      const { resolve: done, reject: failed } = waiting.get(answer.id)!
      waiting.delete(answer.id)
      if (waiting.size === 0) thread.unref()
      if ('rows' in answer) done(answer.rows)
      else failed(Object.assign(new Error(answer.message), { code: answer.code }))
    })
    thread.on('error', (cause: NodeJS.ErrnoException) => {
      fail(cause)
      reject(cause.code === 'RTG_ERR_STORE' ? cause : new StoreError(`${file} cannot be used: ${cause.message}`))
    })
    thread.on('exit', () => fail(new Error('The thread of SQLite has ended.')))
  })
  thread.unref()
  const ended = new Promise<void>(resolve => { thread.once('exit', () => resolve()) })

  const writer: Queries = { query: (sql, params = []) => ask('writer', sql, params) }
  const queue = createQueue()
  const database: Database = {
    engine: 'sqlite',
    query: (sql, params = []) => ask('reader', sql, params),
    transaction: work => queue(async () => {
      // It waits for other processes here, and not in the middle.
      await writer.query('BEGIN IMMEDIATE')
      try {
        const result = await work(writer)
        await writer.query('COMMIT')
        return result
      } catch (cause) {
        await writer.query('ROLLBACK').catch(() => {})
        throw cause
      }
    }),
    async close () {
      await queue(async () => {})
      gone = new Error('The database is closed.')
      thread.ref()
      thread.postMessage('close')
      await ended
    }
  }
  try {
    await chmod(file, 0o600)
    await migrate(database)
  } catch (cause) {
    await database.close()
    throw cause
  }
  return database
}
