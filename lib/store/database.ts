/** What goes into a statement and comes out of it. PostgreSQL gives its bigints as texts: whoever reads one makes a number or a bigint of it. */
export type Value = string | number | bigint | null

export type Row = Readonly<Record<string, Value>>

/** Runs one statement. A parameter is written as `?`, a table with its schema: `realtime_gateway.keys`. */
export interface Queries {
  query (sql: string, params?: readonly Value[]): Promise<readonly Row[]>
}

/**
 * The seam between statements and engines. The statements are the same for SQLite and PostgreSQL, written by hand: there are two dozen of them, and
 * a query builder would cost more to read than it says.
 */
export interface Database extends Queries {
  readonly engine: 'sqlite' | 'postgres'
  /** One after the other, on all nodes: what one has written the next one sees. What `work` throws takes everything back. */
  transaction<T> (work: (queries: Queries) => Promise<T>): Promise<T>
  close (): Promise<void>
}
