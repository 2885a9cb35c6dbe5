import { randomUUID } from 'node:crypto'
import type { AuditRow, KeyAdmin, KeyFilter, KeyName, NewKey, StoredKey, Team, VirtualKey } from '../../types/index.ts'
import { KeyAdminError } from './error.ts'
import { patched, present } from './patch.ts'

type Kept = Omit<StoredKey, 'teamPolicy'>

/** Changes that are remembered: whoever follows them is never so far behind. */
const mostRemembered = 10_000

/**
 * Keys and teams in this process alone: they are gone when it ends. For tests, and for gateways whose keys are made at each start.
 * @param time Unix time in milliseconds
 */
export function createMemoryKeyAdmin (time: () => number = Date.now): KeyAdmin {
  const keys = new Map<string, Kept>()
  const teams = new Map<string, Team>()
  const audit: AuditRow[] = []

  function record (by: string, action: AuditRow['action'], kind: AuditRow['kind'], id: string, fields: object): void {
    audit.push({ seq: (audit.at(-1)?.seq ?? 0) + 1, at: time(), by, action, kind, id, fields: Object.keys(fields) })
    if (audit.length > mostRemembered) audit.shift()
  }

  function withTeam (key: Kept): StoredKey {
    const team = key.team === undefined ? undefined : teams.get(key.team)
    return team === undefined ? key : { ...key, teamPolicy: team }
  }

  function kept (hash: string): Kept {
    const key = keys.get(hash)
    if (key === undefined) throw new KeyAdminError('not_found', 'hash', 'The key is not found.')
    return key
  }

  function checkName (name: string | null | undefined, hash: string): void {
    if (name == null) return
    for (const key of keys.values()) if (key.name === name && key.hash !== hash) throw new KeyAdminError('exists', 'name', 'A key with this name exists already.')
  }

  function checkTeam (team: string | null | undefined): void {
    if (team != null && !teams.has(team)) throw new KeyAdminError('no_team', 'team', 'The team is not found.')
  }

  function checkHash (hash: string): void {
    if (keys.has(hash)) throw new KeyAdminError('exists', 'hash', 'This key exists already.')
  }

  return {
    async findByHash (hash): Promise<VirtualKey | undefined> {
      const key = keys.get(hash)
      return key && withTeam(key)
    },

    async createKey (given, by) {
      const key: NewKey = present(given)
      checkHash(key.hash)
      checkName(key.name, key.hash)
      checkTeam(key.team)
      const now = time()
      const stored: Kept = { ...key, keyId: randomUUID(), createdAt: now, updatedAt: now, createdBy: by, updatedBy: by }
      keys.set(key.hash, stored)
      record(by, 'create', 'key', key.hash, key)
      return withTeam(stored)
    },

    async findKey (name: KeyName) {
      const key = [...keys.values()].find(key => 'hash' in name ? key.hash === name.hash : 'keyId' in name ? key.keyId === name.keyId : key.name === name.name)
      return key && withTeam(key)
    },

    async updateKey (hash, patch, by) {
      const key = kept(hash)
      checkName(patch.name, hash)
      checkTeam(patch.team)
      const next = { ...patched(key, patch), updatedAt: time(), updatedBy: by }
      keys.set(hash, next)
      record(by, 'update', 'key', hash, present(patch))
      return withTeam(next)
    },

    async replaceSecret (hash, secret, by) {
      const key = kept(hash)
      if (secret.hash !== hash) checkHash(secret.hash)
      const next = { ...key, ...secret, updatedAt: time(), updatedBy: by }
      keys.delete(hash)
      keys.set(next.hash, next)
      record(by, 'regenerate', 'key', hash, secret)
      return withTeam(next)
    },

    async deleteKeys (hashes, by) {
      const there = hashes.filter(hash => keys.delete(hash))
      for (const hash of there) record(by, 'delete', 'key', hash, {})
      return there
    },

    async listKeys ({ team, user, name, hash, offset = 0, limit = 100 }: KeyFilter = {}) {
      const all = [...keys.values()].reverse().filter(key =>
        (team === undefined || key.team === team) && (user === undefined || key.user === user) && (name === undefined || key.name === name) && (hash === undefined || key.hash === hash))
      return { keys: all.slice(offset, offset + limit).map(withTeam), total: all.length }
    },

    async createTeam (given, by) {
      if (teams.has(given.id)) throw new KeyAdminError('exists', 'id', 'A team with this id exists already.')
      const now = time()
      const team: Team = { ...present(given), createdAt: now, updatedAt: now, createdBy: by, updatedBy: by }
      teams.set(team.id, team)
      record(by, 'create', 'team', team.id, present(given))
      return team
    },

    async findTeam (id) {
      return teams.get(id)
    },

    async updateTeam (id, patch, by) {
      const team = teams.get(id)
      if (team === undefined) throw new KeyAdminError('not_found', 'id', 'The team is not found.')
      const next = { ...patched(team, patch), updatedAt: time(), updatedBy: by }
      teams.set(id, next)
      record(by, 'update', 'team', id, present(patch))
      return next
    },

    async deleteTeams (ids, by) {
      const there = ids.filter(id => teams.delete(id))
      for (const id of there) {
        for (const { hash, team } of [...keys.values()]) {
          if (team !== id) continue
          keys.delete(hash)
          record(by, 'delete', 'key', hash, {})
        }
        record(by, 'delete', 'team', id, {})
      }
      return there
    },

    async listTeams () {
      return [...teams.values()].reverse()
    },

    async changes (after, limit = 1_000) {
      return audit.filter(({ seq }) => seq > after).slice(0, limit)
    },

    async lastChange () {
      return audit.at(-1)?.seq ?? 0
    }
  }
}
