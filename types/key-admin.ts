import type { KeyPolicy, KeyStore, VirtualKey } from './keys.ts'

/** What a store adds to everything that it keeps. */
export interface Stored {
  /** Unix time in milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Who did it: an id that is safe to log. */
  readonly createdBy?: string | undefined
  readonly updatedBy?: string | undefined
  /** Fields that mean nothing to the gateway, kept as they came, so that a client finds them again. */
  readonly opaque?: Readonly<Record<string, unknown>> | undefined
}

/** A key with all that its store knows. */
export interface StoredKey extends VirtualKey, Stored {
  /** Its id, which is neither its secret nor its hash, and stays when the secret is replaced. */
  readonly keyId: string
  /** What may be shown of the secret: `sk-...` and its last four characters. */
  readonly keyName: string
}

/** A key to be made. `name` is its alias, and no other key may have it. */
export type NewKey = Omit<VirtualKey, 'teamPolicy'> & Pick<StoredKey, 'keyName' | 'opaque'>

/** Fields to set. `null` takes a field away; one that is absent or `undefined` stays as it is. */
export type Patch<T> = { readonly [Field in keyof T]?: T[Field] | null | undefined }

export type KeyPatch = Patch<Omit<NewKey, 'hash' | 'keyName'>>

/** A team: its policy holds for all its keys together (limits), and for each of them (models, expiry, blocked). */
export interface Team extends Omit<KeyPolicy, 'team' | 'user'>, Stored {
  readonly id: string
  /** A name for lists. */
  readonly name?: string | undefined
}

export type NewTeam = Omit<Team, keyof Omit<Stored, 'opaque'>>

export type TeamPatch = Patch<Omit<NewTeam, 'id'>>

/** What one of `hash`, `keyId` or `name` names. */
export type KeyName = { readonly hash: string } | { readonly keyId: string } | { readonly name: string }

/** Which keys to list: those for which all of it is true. */
export interface KeyFilter {
  readonly team?: string | undefined
  readonly user?: string | undefined
  readonly name?: string | undefined
  readonly hash?: string | undefined
  /** How many to leave out; keys come newest first. Default 0. */
  readonly offset?: number | undefined
  /** At most so many. Default 100. */
  readonly limit?: number | undefined
}

/** One change, as the audit keeps it. It holds no secret and no value: only what was changed, and by whom. */
export interface AuditRow {
  /** Grows by each change, in the order in which changes became visible. */
  readonly seq: number
  /** Unix time in milliseconds. */
  readonly at: number
  readonly by: string
  readonly action: 'create' | 'update' | 'delete' | 'regenerate'
  readonly kind: 'key' | 'team'
  /** Hash of the key, or id of the team. For `regenerate`: the hash that the key had before. */
  readonly id: string
  /** Names of the fields that were set or taken away. */
  readonly fields: readonly string[]
}

/** Where keys and teams are kept and changed. A store that cannot answer rejects with anything but a `KeyAdminError`. */
export interface KeyAdmin extends KeyStore {
  /** @throws KeyAdminError `exists` (hash or name), `no_team` */
  createKey (key: NewKey, by: string): Promise<StoredKey>
  findKey (name: KeyName): Promise<StoredKey | undefined>
  /** @throws KeyAdminError `not_found`, `exists` (name), `no_team` */
  updateKey (hash: string, patch: KeyPatch, by: string): Promise<StoredKey>
  /** Gives a key another secret; the old one is unknown from then on. @throws KeyAdminError `not_found`, `exists` */
  replaceSecret (hash: string, secret: Pick<NewKey, 'hash' | 'keyName'>, by: string): Promise<StoredKey>
  /** @returns hashes of those that were there */
  deleteKeys (hashes: readonly string[], by: string): Promise<readonly string[]>
  listKeys (filter?: KeyFilter): Promise<{ readonly keys: readonly StoredKey[], readonly total: number }>

  /** @throws KeyAdminError `exists` */
  createTeam (team: NewTeam, by: string): Promise<Team>
  findTeam (id: string): Promise<Team | undefined>
  /** @throws KeyAdminError `not_found` */
  updateTeam (id: string, patch: TeamPatch, by: string): Promise<Team>
  /** Takes teams away, and all their keys with them. @returns ids of those that were there */
  deleteTeams (ids: readonly string[], by: string): Promise<readonly string[]>
  /** All teams, newest first. */
  listTeams (): Promise<readonly Team[]>

  /**
   * The changes after `seq`, oldest first, at most `limit` (default 1 000): what every node reads to hear of the others' changes. A change that is visible
   * has a larger `seq` than all that were visible before it.
   */
  changes (after: number, limit?: number): Promise<readonly AuditRow[]>
  /** `seq` of the last change; 0 where there was none. */
  lastChange (): Promise<number>
  /** Gives up connections, workers and timers of the store's own. */
  close? (): Promise<void>
}
