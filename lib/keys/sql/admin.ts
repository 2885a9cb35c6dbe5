import { randomUUID } from 'node:crypto'
import type { Database, Queries, Row, Value } from '../../store/database.ts'
import { KeyAdminError } from '../error.ts'
import { patched, present } from '../patch.ts'
import { auditOf, keyOf, teamOf } from './rows.ts'
import type { AuditRow, KeyAdmin, KeyFilter, KeyName, NewKey, NewTeam, StoredKey, Team } from '../../../types/index.ts'

const selectKey = 'SELECT k.*, t.policy AS team_policy FROM realtime_gateway.keys k LEFT JOIN realtime_gateway.teams t ON t.id = k.team'
const lookUp = `${selectKey} WHERE k.hash = ?`

/**
 * Keys and teams in a database.
 * @param time Unix time in milliseconds
 */
export function createSqlKeyAdmin (database: Database, time: () => number = Date.now): KeyAdmin {
  async function one (queries: Queries, hash: string): Promise<StoredKey> {
    const [row] = await queries.query(lookUp, [hash])
    if (row === undefined) throw new KeyAdminError('not_found', 'hash', 'The key is not found.')
    return keyOf(row)
  }

  async function oneTeam (queries: Queries, id: string): Promise<Team> {
    const [row] = await queries.query('SELECT * FROM realtime_gateway.teams WHERE id = ?', [id])
    if (row === undefined) throw new KeyAdminError('not_found', 'id', 'The team is not found.')
    return teamOf(row)
  }

  async function has (queries: Queries, sql: string, params: readonly Value[]): Promise<boolean> {
    return (await queries.query(sql, params)).length > 0
  }

  async function checkNew (queries: Queries, hash: string): Promise<void> {
    if (await has(queries, 'SELECT 1 FROM realtime_gateway.keys WHERE hash = ?', [hash])) throw new KeyAdminError('exists', 'hash', 'This key exists already.')
  }

  async function checkName (queries: Queries, name: string | null | undefined, hash: string): Promise<void> {
    if (name == null) return
    if (await has(queries, 'SELECT 1 FROM realtime_gateway.keys WHERE name = ? AND hash <> ?', [name, hash])) throw new KeyAdminError('exists', 'name', 'A key with this name exists already.')
  }

  async function checkTeam (queries: Queries, team: string | null | undefined): Promise<void> {
    if (team == null) return
    if (!await has(queries, 'SELECT 1 FROM realtime_gateway.teams WHERE id = ?', [team])) throw new KeyAdminError('no_team', 'team', 'The team is not found.')
  }

  /** @returns the number of the change: transactions run one after the other, so it is visible after all before it */
  async function record (queries: Queries, by: string, action: AuditRow['action'], kind: AuditRow['kind'], id: string, fields: object): Promise<number> {
    const [row] = await queries.query(
      `INSERT INTO realtime_gateway.audit (seq, at, changed_by, action, kind, id, fields)
       SELECT COALESCE(MAX(seq), 0) + 1, ?, ?, ?, ?, ?, ? FROM realtime_gateway.audit RETURNING seq`,
      [time(), by, action, kind, id, JSON.stringify(Object.keys(fields))])
    return Number(row!['seq'])
  }

  async function remove (queries: Queries, hash: string, by: string): Promise<boolean> {
    const there = await has(queries, 'DELETE FROM realtime_gateway.keys WHERE hash = ? RETURNING hash', [hash])
    if (there) await record(queries, by, 'delete', 'key', hash, {})
    return there
  }

  return {
    async findByHash (hash) {
      const [row] = await database.query(lookUp, [hash])
      return row && keyOf(row)
    },

    async findKey (name: KeyName) {
      const [column, value] = 'hash' in name ? ['hash', name.hash] : 'keyId' in name ? ['key_id', name.keyId] : ['name', name.name]
      const [row] = await database.query(`${selectKey} WHERE k.${column} = ?`, [value])
      return row && keyOf(row)
    },

    createKey: (given, by) => database.transaction(async queries => {
      const { hash, keyName, name, team, user, opaque, ...policy }: NewKey = present(given)
      await checkNew(queries, hash)
      await checkName(queries, name, hash)
      await checkTeam(queries, team)
      const seq = await record(queries, by, 'create', 'key', hash, present(given))
      const now = time()
      await queries.query(
        `INSERT INTO realtime_gateway.keys (hash, key_id, key_name, name, team, owner, policy, opaque, created_seq, created_at, updated_at, created_by, updated_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [hash, randomUUID(), keyName, name ?? null, team ?? null, user ?? null, JSON.stringify(policy), json(opaque), seq, now, now, by, by])
      return await one(queries, hash)
    }),

    updateKey: (hash, patch, by) => database.transaction(async queries => {
      const { hash: _, keyId, keyName, createdAt, createdBy, updatedAt, updatedBy, teamPolicy, ...before } = await one(queries, hash)
      await checkName(queries, patch.name, hash)
      await checkTeam(queries, patch.team)
      const { name, team, user, opaque, ...policy } = patched(before, patch)
      await queries.query('UPDATE realtime_gateway.keys SET name = ?, team = ?, owner = ?, policy = ?, opaque = ?, updated_at = ?, updated_by = ? WHERE hash = ?',
        [name ?? null, team ?? null, user ?? null, JSON.stringify(policy), json(opaque), time(), by, hash])
      await record(queries, by, 'update', 'key', hash, present(patch))
      return await one(queries, hash)
    }),

    replaceSecret: (hash, secret, by) => database.transaction(async queries => {
      await one(queries, hash)
      if (secret.hash !== hash) await checkNew(queries, secret.hash)
      await queries.query('UPDATE realtime_gateway.keys SET hash = ?, key_name = ?, updated_at = ?, updated_by = ? WHERE hash = ?', [secret.hash, secret.keyName, time(), by, hash])
      await record(queries, by, 'regenerate', 'key', hash, secret)
      return await one(queries, secret.hash)
    }),

    deleteKeys: (hashes, by) => database.transaction(async queries => {
      const there: string[] = []
      for (const hash of hashes) if (await remove(queries, hash, by)) there.push(hash)
      return there
    }),

    async listKeys ({ offset = 0, limit = 100, ...filter }: KeyFilter = {}) {
      const wanted = ([['team', filter.team], ['owner', filter.user], ['name', filter.name], ['hash', filter.hash]] as const).filter(([, value]) => value !== undefined)
      const where = wanted.length === 0 ? '' : ` WHERE ${wanted.map(([column]) => `k.${column} = ?`).join(' AND ')}`
      const params = wanted.map(([, value]) => value!)
      const rows = await database.query(`${selectKey}${where} ORDER BY k.created_seq DESC LIMIT ? OFFSET ?`, [...params, limit, offset])
      const [count] = await database.query(`SELECT COUNT(*) AS total FROM realtime_gateway.keys k${where}`, params)
      return { keys: rows.map(keyOf), total: Number(count!['total']) }
    },

    createTeam: (given, by) => database.transaction(async queries => {
      const { id, name, opaque, ...policy }: NewTeam = present(given)
      if (await has(queries, 'SELECT 1 FROM realtime_gateway.teams WHERE id = ?', [id])) throw new KeyAdminError('exists', 'id', 'A team with this id exists already.')
      const seq = await record(queries, by, 'create', 'team', id, present(given))
      const now = time()
      await queries.query(
        `INSERT INTO realtime_gateway.teams (id, name, policy, opaque, created_seq, created_at, updated_at, created_by, updated_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [id, name ?? null, JSON.stringify(policy), json(opaque), seq, now, now, by, by])
      return await oneTeam(queries, id)
    }),

    async findTeam (id) {
      const [row] = await database.query('SELECT * FROM realtime_gateway.teams WHERE id = ?', [id])
      return row && teamOf(row)
    },

    updateTeam: (id, patch, by) => database.transaction(async queries => {
      const { id: _, createdAt, createdBy, updatedAt, updatedBy, ...before } = await oneTeam(queries, id)
      const { name, opaque, ...policy } = patched(before, patch)
      await queries.query('UPDATE realtime_gateway.teams SET name = ?, policy = ?, opaque = ?, updated_at = ?, updated_by = ? WHERE id = ?',
        [name ?? null, JSON.stringify(policy), json(opaque), time(), by, id])
      await record(queries, by, 'update', 'team', id, present(patch))
      return await oneTeam(queries, id)
    }),

    deleteTeams: (ids, by) => database.transaction(async queries => {
      const there: string[] = []
      for (const id of ids) {
        if (!await has(queries, 'DELETE FROM realtime_gateway.teams WHERE id = ? RETURNING id', [id])) continue
        for (const { hash } of await queries.query('SELECT hash FROM realtime_gateway.keys WHERE team = ? ORDER BY created_seq', [id])) await remove(queries, String(hash), by)
        await record(queries, by, 'delete', 'team', id, {})
        there.push(id)
      }
      return there
    }),

    async listTeams () {
      return (await database.query('SELECT * FROM realtime_gateway.teams ORDER BY created_seq DESC')).map(teamOf)
    },

    async changes (after, limit = 1_000) {
      return (await database.query('SELECT * FROM realtime_gateway.audit WHERE seq > ? ORDER BY seq LIMIT ?', [after, limit])).map(auditOf)
    },

    async lastChange () {
      const [row] = await database.query('SELECT COALESCE(MAX(seq), 0) AS last FROM realtime_gateway.audit')
      return Number(row!['last'])
    },

    close: () => database.close()
  }
}

function json (value: object | undefined): Row[string] {
  return value === undefined ? null : JSON.stringify(value)
}
