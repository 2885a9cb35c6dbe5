import { createHash } from 'node:crypto'
import type { Database, Queries } from './database.ts'
import { StoreError } from './error.ts'

/** A step from one version of the schema to the next. One that was released is never changed: what it did stays done. */
export interface Migration {
  readonly version: number
  readonly statements: readonly string[]
}

const keys: Migration = {
  version: 1,
  // What is searched for has a column of its own; the rest of a policy is JSON, so that a further field needs no migration.
  statements: [
    `CREATE TABLE realtime_gateway.teams (
      id TEXT PRIMARY KEY, name TEXT, policy TEXT NOT NULL, opaque TEXT,
      created_seq BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, created_by TEXT NOT NULL, updated_by TEXT NOT NULL)`,
    `CREATE TABLE realtime_gateway.keys (
      hash TEXT PRIMARY KEY, key_id TEXT NOT NULL, key_name TEXT NOT NULL, name TEXT, team TEXT, owner TEXT, policy TEXT NOT NULL, opaque TEXT,
      created_seq BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, created_by TEXT NOT NULL, updated_by TEXT NOT NULL)`,
    'CREATE UNIQUE INDEX keys_by_id ON realtime_gateway.keys (key_id)',
    'CREATE UNIQUE INDEX keys_by_name ON realtime_gateway.keys (name) WHERE name IS NOT NULL',
    'CREATE UNIQUE INDEX keys_by_age ON realtime_gateway.keys (created_seq)',
    'CREATE INDEX keys_by_team ON realtime_gateway.keys (team) WHERE team IS NOT NULL',
    'CREATE INDEX keys_by_owner ON realtime_gateway.keys (owner) WHERE owner IS NOT NULL',
    // The audit is also what nodes read to hear of changes.
    `CREATE TABLE realtime_gateway.audit (
      seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, changed_by TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, fields TEXT NOT NULL)`
  ]
}

const limits: Migration = {
  version: 2,
  statements: [
    'CREATE TABLE realtime_gateway.limit_claims (scope TEXT NOT NULL, id TEXT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (scope, id))',
    'CREATE INDEX limit_claims_by_end ON realtime_gateway.limit_claims (until)',
    'CREATE TABLE realtime_gateway.limit_taken (scope TEXT NOT NULL, at BIGINT NOT NULL)',
    'CREATE INDEX limit_taken_by_scope ON realtime_gateway.limit_taken (scope, at)',
    'CREATE INDEX limit_taken_by_age ON realtime_gateway.limit_taken (at)'
  ]
}

export const migrations: readonly Migration[] = [keys, limits]

/**
 * Brings the schema up to date, forwards only, each step whole or not at all. Several nodes may do so at once: one does it, the others wait.
 * @throws StoreError where a newer version of the gateway was here before, or a step that was taken is not the one that is known here
 */
export async function migrate (database: Database, steps: readonly Migration[] = migrations): Promise<void> {
  await database.transaction(async queries => {
    await queries.query('CREATE TABLE IF NOT EXISTS realtime_gateway.migrations (version BIGINT PRIMARY KEY, checksum TEXT NOT NULL)')
    const taken = await queries.query('SELECT version, checksum FROM realtime_gateway.migrations ORDER BY version')
    for (const { version, checksum } of taken) {
      const known = steps.find(step => step.version === Number(version))
      if (known === undefined) throw new StoreError(`the database has version ${String(version)} of the schema, and this gateway knows ${steps.at(-1)!.version}: use the newer version of the gateway`)
      if (checksumOf(known) !== checksum) throw new StoreError(`version ${known.version} of the schema was made by another build of the gateway: use the build that made it, or another database`)
    }
    for (const step of steps.slice(taken.length)) await take(step, queries)
  })
}

async function take (step: Migration, { query }: Queries): Promise<void> {
  for (const statement of step.statements) await query(statement)
  await query('INSERT INTO realtime_gateway.migrations (version, checksum) VALUES (?, ?)', [step.version, checksumOf(step)])
}

/** Spaces and line ends apart. */
function checksumOf ({ statements }: Migration): string {
  return createHash('sha256').update(statements.join(';').replaceAll(/\s+/g, ' ')).digest('hex')
}
