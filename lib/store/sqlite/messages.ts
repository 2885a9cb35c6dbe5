import type { Row, Value } from '../database.ts'

/** What the thread of SQLite is asked. `writer`: the connection that has, or begins, a transaction. */
export interface Question {
  readonly id: number
  readonly connection: 'reader' | 'writer'
  readonly sql: string
  readonly params: readonly Value[]
}

export type Answer =
  | { readonly id: number, readonly rows: readonly Row[] }
  // An error of the engine loses its message on its way between threads.
  | { readonly id: number, readonly message: string, readonly code: string | undefined }

/** What the thread is started with. */
export interface Start {
  readonly file: string
  readonly synchronous: 'normal' | 'full'
}
