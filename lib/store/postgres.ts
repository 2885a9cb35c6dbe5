import { StoreError } from './error.ts'
import type { Database, Queries, Row, Value } from './database.ts'
import { migrate } from './migrations.ts'
import { createQueue } from './queue.ts'

/** What is used of a client of PostgreSQL: `pg` has it, `@fastify/postgres`, Neon. */
export interface PostgresQuery {
  query (text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

export interface PostgresConnection extends PostgresQuery {
  release (broken?: boolean): void
  on? (event: 'error', listener: () => void): unknown
  off? (event: 'error', listener: () => void): unknown
}

export interface PostgresPool extends PostgresQuery {
  /** A connection for a transaction. Without this, the client is taken for one connection, and transactions wait for each other. */
  connect? (): Promise<PostgresConnection>
}

/** Milliseconds that a connection and an answer may take, and that a transaction may wait for its next statement. */
const patience = { connect: 5_000, answer: 10_000, idle: 5_000 }

// One number for all locks of the gateway: whoever has it may change something. It lasts for a transaction, as PgBouncer's pools need it.
const lock = 'SELECT pg_advisory_xact_lock(7241083511)'

// Told in the transaction: PgBouncer refuses a connection that is opened with them. A node that freezes in the middle must not keep the lock from the others,
// and whoever waits for the lock waits for longer than that.
const clocks = `SET LOCAL statement_timeout = ${patience.answer}; SET LOCAL idle_in_transaction_session_timeout = ${patience.idle}`

/** The placeholders of PostgreSQL. No statement has a question mark in a text of its own. */
const numbered = new Map<string, string>()

function numberedIn (sql: string): string {
  let text = numbered.get(sql)
  if (text === undefined) {
    let n = 0
    text = sql.replaceAll('?', () => `$${++n}`)
    numbered.set(sql, text)
  }
  return text
}

function queriesOf (client: PostgresQuery): Queries {
  return {
    async query (sql, params = []) {
      const { rows } = await client.query(numberedIn(sql), params as Value[])
      return rows as readonly Row[]
    }
  }
}

/**
 * Opens the schema `realtime_gateway` of a database, and makes it where there is none.
 * @param source a connection string, for which the package `pg` is needed, or a pool of the host's, which stays the host's to end
 * @throws StoreError where `pg` is missing
 */
export async function openPostgres (source: string | PostgresPool): Promise<Database> {
  const { pool, end } = typeof source === 'string' ? await poolOf(source) : { pool: source, end: async () => {} }
  const queue = createQueue()

  async function within<T> (client: PostgresQuery, work: (queries: Queries) => Promise<T>, broken = (): void => {}): Promise<T> {
    try {
      // In one trip, which a query without parameters may be.
      await client.query(`BEGIN; ${clocks}; ${lock}`)
      const result = await work(queriesOf(client))
      await client.query('COMMIT')
      return result
    } catch (cause) {
      await client.query('ROLLBACK').catch(broken)
      throw cause
    }
  }

  const database: Database = {
    engine: 'postgres',
    ...queriesOf({ query: (text, values) => pool.connect === undefined ? queue(() => pool.query(text, values)) : pool.query(text, values) }),
    async transaction (work) {
      if (pool.connect === undefined) return await queue(() => within(pool, work))
      const client = await pool.connect()
      let broken = false
      const breaks = (): void => { broken = true }
      // A pool listens to the connections that it has, and not to those that it gave away: unheard, the end of one would be the end of the process.
      client.on?.('error', breaks)
      try {
        return await within(client, work, breaks)
      } finally {
        client.off?.('error', breaks)
        client.release(broken)
      }
    },
    close: end
  }
  try {
    await database.transaction(async ({ query }) => {
      // Asked first: to make one if there is none needs the right to make one, there or not.
      const there = await query("SELECT 1 AS there WHERE to_regnamespace('realtime_gateway') IS NOT NULL")
      if (there.length === 0) await query('CREATE SCHEMA realtime_gateway')
    })
    await migrate(database)
  } catch (cause) {
    await end()
    throw cause
  }
  return database
}

/** A pool of the package `pg`. @throws StoreError where it is missing */
export async function poolOf (connectionString: string): Promise<{ pool: PostgresPool, end: () => Promise<void> }> {
  const { default: { Pool } } = await import('pg').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ERR_MODULE_NOT_FOUND' ? new StoreError('PostgreSQL needs the package pg: install it, or give a pool of your own') : cause
  })
  const pool = new Pool({ connectionString, connectionTimeoutMillis: patience.connect, query_timeout: patience.answer, allowExitOnIdle: true })
  // A connection that breaks while nobody uses it is replaced at the next question, which tells if that fails.
  pool.on('error', () => {})
  return { pool, end: () => pool.end() }
}
