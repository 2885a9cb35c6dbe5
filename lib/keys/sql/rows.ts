import type { Row } from '../../store/database.ts'
import type { AuditRow, KeyPolicy, Stored, StoredKey, Team } from '../../../types/index.ts'

/** The fields of a policy that have no column of their own. */
export type Policy = Omit<KeyPolicy, 'team' | 'user'>

export function keyOf (row: Row): StoredKey {
  const { team, owner, team_policy: teamPolicy } = row
  return {
    hash: text(row['hash']),
    keyId: text(row['key_id']),
    keyName: text(row['key_name']),
    ...named('name', row['name']),
    ...named('team', team),
    ...named('user', owner),
    ...parsed<Policy>(row['policy']),
    ...storedOf(row),
    ...teamPolicy != null && { teamPolicy: parsed<Policy>(teamPolicy) }
  }
}

export function teamOf (row: Row): Team {
  return { id: text(row['id']), ...named('name', row['name']), ...parsed<Policy>(row['policy']), ...storedOf(row) }
}

export function auditOf (row: Row): AuditRow {
  return {
    seq: Number(row['seq']),
    at: Number(row['at']),
    by: text(row['changed_by']),
    action: text(row['action']) as AuditRow['action'],
    kind: text(row['kind']) as AuditRow['kind'],
    id: text(row['id']),
    fields: parsed<readonly string[]>(row['fields'])
  }
}

function storedOf (row: Row): Stored {
  return {
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
    createdBy: text(row['created_by']),
    updatedBy: text(row['updated_by']),
    ...row['opaque'] != null && { opaque: parsed<Readonly<Record<string, unknown>>>(row['opaque']) }
  }
}

function named (field: string, value: Row[string] | undefined): object {
  return value == null ? {} : { [field]: value }
}

function text (value: Row[string] | undefined): string {
  return String(value)
}

// What is read here was written here.
function parsed<T> (value: Row[string] | undefined): T {
  return JSON.parse(text(value)) as T
}
