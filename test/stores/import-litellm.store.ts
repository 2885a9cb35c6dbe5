import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { hashKey } from '../../lib/keys/hash.ts'
import { createSqlKeyAdmin } from '../../lib/keys/sql/admin.ts'
import { openSqlite } from '../../lib/store/sqlite/open.ts'
import { postgres, startPostgres } from '../fixtures/postgres.ts'
import { startProgram } from '../fixtures/program.ts'

// The columns that LiteLLM's migrations have made by 1.108.7, as far as they are read.
const tables = `
  CREATE TABLE "LiteLLM_TeamTable" (team_id TEXT PRIMARY KEY, team_alias TEXT, models TEXT[], blocked BOOLEAN NOT NULL DEFAULT false, max_parallel_requests INTEGER, rpm_limit BIGINT, tpm_limit BIGINT,
    max_budget DOUBLE PRECISION, metadata JSONB NOT NULL DEFAULT '{}');
  CREATE TABLE "LiteLLM_VerificationToken" (token TEXT PRIMARY KEY, key_name TEXT, key_alias TEXT, spend DOUBLE PRECISION NOT NULL DEFAULT 0, expires TIMESTAMP(3), models TEXT[], aliases JSONB NOT NULL DEFAULT '{}',
    config JSONB NOT NULL DEFAULT '{}', user_id TEXT, team_id TEXT, permissions JSONB NOT NULL DEFAULT '{}', max_parallel_requests INTEGER, metadata JSONB NOT NULL DEFAULT '{}', blocked BOOLEAN,
    tpm_limit BIGINT, rpm_limit BIGINT, max_budget DOUBLE PRECISION, budget_duration TEXT, allowed_routes TEXT[] DEFAULT ARRAY[]::TEXT[])`

t.test('keys of LiteLLM\'s database are copied, first dry, then really, and once', { skip: 'missing' in postgres && postgres.missing }, async t => {
  const { url } = await startPostgres(t)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  const data = t.testdir()
  const run = async (...args: string[]): Promise<{ code: unknown, text: string }> => {
    const program = startProgram(t, process.execPath, ['--import=tsx', join(import.meta.dirname, '..', '..', 'lib', 'cli', 'main.ts'), 'import-litellm', '--from', url, '--data', data, ...args], { env: { PATH: process.env.PATH } })
    return { code: await program.exit, text: program.output() }
  }
  t.match(await run(), { code: 1, text: /^realtime-gateway: the database of --from has no table "LiteLLM_TeamTable"/ })
  await client.query(tables)
  await client.query('INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, models, rpm_limit) VALUES ($1, $2, $3, $4)', ['red', 'Red', ['gpt'], 50])
  const secret = 'sk-of-litellm-0123456789'
  await client.query('INSERT INTO "LiteLLM_VerificationToken" (token, key_name, key_alias, team_id, max_parallel_requests, metadata) VALUES ($1, $2, $3, $4, $5, $6)',
    [hashKey(secret), 'sk-...6789', 'kept', 'red', 3, { purpose: 'x' }])
  await client.query('INSERT INTO "LiteLLM_VerificationToken" (token, key_name, key_alias, max_budget) VALUES ($1, $2, $3, $4)', [hashKey('b'), 'sk-...000b', 'budgeted', 10])
  await client.query('INSERT INTO "LiteLLM_VerificationToken" (token, key_name, team_id) VALUES ($1, $2, $3)', [hashKey('c'), 'sk-...000c', 'gone'])

  const dry = await run()
  t.equal(dry.code, 0)
  t.match(dry.text, /key budgeted is left out: max_budget would have no effect here/)
  t.match(dry.text, /teams: 1 to be copied, 0 there already, 0 left out\nkeys: 2 to be copied, 0 there already, 1 left out\nNothing was changed\. With --apply it is\./)

  t.match((await run('--apply')).text, /key sk-\.\.\.000c is left out: The team is not found\.\nteams: 1 copied, 0 there already, 0 left out\nkeys: 1 copied, 0 there already, 2 left out/)
  t.match((await run('--apply', '--drop-unsupported')).text, /key budgeted is copied without max_budget\n(.*\n)*keys: 1 copied, 1 there already, 1 left out/)

  const keys = createSqlKeyAdmin(await openSqlite(join(data, 'gateway.db')))
  t.teardown(() => keys.close!())
  t.match(await keys.findByHash(hashKey(secret)), { name: 'kept', team: 'red', maxParallelRequests: 3, metadata: { purpose: 'x' }, teamPolicy: { models: ['gpt'], rpmLimit: 50 } })
  t.equal((await keys.listKeys()).total, 2)
  t.match((await client.query('SELECT count(*)::int AS n FROM information_schema.schemata WHERE schema_name = $1', ['realtime_gateway'])).rows, [{ n: 0 }], 'LiteLLM\'s database is only read')
})
