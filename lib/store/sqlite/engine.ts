import { StoreError } from '../error.ts'
import type { Row, Value } from '../database.ts'

/** What is used of `node:sqlite` and of `libsql`. */
interface Handle {
  exec (sql: string): unknown
  prepare (sql: string): { all (...params: readonly Value[]): unknown, run (...params: readonly Value[]): unknown }
  close (): void
}

export type OpenHandle = (file: string) => Handle

/** One connection, which keeps the statements that it has prepared. */
export interface Connection {
  run (sql: string, params: readonly Value[]): readonly Row[]
  close (): void
}

/**
 * SQLite as the runtime has it, else as the package `libsql` brings it.
 * @throws StoreError where there is neither
 */
export async function findEngine (): Promise<OpenHandle> {
  try {
    // Not known to the types of the oldest Node that is supported.
    const name = 'node:sqlite'
    const { DatabaseSync } = await import(name) as { readonly DatabaseSync: new (file: string) => Handle }
    return file => new DatabaseSync(file)
  } catch {
    // Before Node 22.13.
  }
  try {
    const { default: Libsql } = await import('libsql')
    return file => new Libsql(file) as unknown as Handle
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new StoreError('SQLite is missing: this version of Node has none of its own (22.13 and up has), so install the package libsql')
  }
}

/** @param synchronous `normal`: what is committed survives the death of the process; `full`: a power cut too, and each commit waits for the disk */
export function connect (open: OpenHandle, file: string, synchronous: 'normal' | 'full'): Connection {
  const handle = open(file)
  // Another process may hold the lock: it is waited for.
  handle.exec('PRAGMA busy_timeout = 5000')
  handle.exec('PRAGMA journal_mode = WAL')
  handle.exec(`PRAGMA synchronous = ${synchronous}`)
  const prepared = new Map<string, ReturnType<Handle['prepare']>>()
  return {
    run (sql, params) {
      let statement = prepared.get(sql)
      if (statement === undefined) {
        statement = handle.prepare(sql)
        prepared.set(sql, statement)
      }
      if (givesRows(sql)) return statement.all(...params) as readonly Row[]
      statement.run(...params)
      return []
    },
    close () {
      handle.close()
    }
  }
}

function givesRows (sql: string): boolean {
  return /^\s*SELECT\b|\bRETURNING\b/.test(sql)
}
