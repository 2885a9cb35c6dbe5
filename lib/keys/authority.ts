import { unlessAborted } from '../abort.ts'
import { GatewayError } from '../errors.ts'
import type { AuditRow, KeyAdmin, KeyStore, Principal } from '../../types/index.ts'
import { createKeyCache } from './cache.ts'
import { outOfForce, principalOf } from './policy.ts'

/** Milliseconds between two questions for changes: a block has to end sessions within a second on every node. */
const pollMs = 400
/** Milliseconds after which changes that were not heard of count as missed. */
const freshMs = 1_500
/** Changes that are read at a time. */
const most = 1_000

/** A session, or one to be, that hears of changes of its key. */
export interface Subject {
  readonly principal: Principal
  /** The key may do something else now. */
  changed (principal: Principal): void
  /** The key lets nobody in any more. `principal`: what it may do by now, for as long as that matters. */
  revoked (error: GatewayError, principal: Principal): void
}

/** Keeps what sessions may do in step with what the store says. */
export interface Authority {
  /** The store, with a cache in front that hears of changes. */
  readonly keys: KeyStore
  /** To be read before a key is looked up, and given to `track`: what changed in between is not missed. */
  readonly generation: number
  /** @returns ends it */
  track (subject: Subject, generation: number): () => void
  start (): void
  close (): void
}

export interface AuthorityOptions {
  /** Unix time in milliseconds. */
  readonly time: () => number
  /** Monotonic clock in milliseconds. */
  readonly now: () => number
  /** Told when the store does not answer, and when it does again. */
  readonly away: (cause: unknown) => void
  readonly back: () => void
  /** Milliseconds in which the store has to tell of changes. Default 5 000. */
  readonly patience?: number | undefined
}

export function createAuthority (store: KeyAdmin, { time, now, away, back, patience = 5_000 }: AuthorityOptions): Authority {
  const byKey = new Map<string, Set<Subject>>()
  const cache = createKeyCache(store, () => now() - heardAt < freshMs, now)
  let seen: number | undefined
  let heardAt = -Infinity
  let failing = false
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function poll (): Promise<void> {
    let more = false
    try {
      const asked = now()
      // One that hangs counts as away, and is asked again.
      more = await unlessAborted(catchUp(), AbortSignal.timeout(patience))
      heardAt = asked
      if (failing) back()
      failing = false
    } catch (cause) {
      if (!failing && !closed) away(cause)
      failing = true
    }
    if (!closed) timer = setTimeout(poll, more ? 0 : pollMs).unref()
  }

  /** @returns whether there may be more to hear */
  async function catchUp (): Promise<boolean> {
    const first = seen === undefined
    const from = seen ?? await store.lastChange()
    const rows = await store.changes(from, most)
    for (const row of rows) forget(row)
    // Read after the cache has forgotten, so that no look-up in between brings the old policy back. What was let in before the first answer may have missed a change.
    await Promise.all([...first ? byKey.keys() : concerned(rows)].map(recheck))
    seen = Math.max(seen ?? 0, rows.at(-1)?.seq ?? from)
    return rows.length === most
  }

  function forget ({ kind, id }: AuditRow): void {
    if (kind === 'key') cache.forget(id)
    else cache.forgetAll()
  }

  /** Keys of live sessions that the changes are about. */
  function concerned (rows: readonly AuditRow[]): Set<string> {
    const keys = new Set(rows.filter(({ kind }) => kind === 'key').map(({ id }) => id).filter(hash => byKey.has(hash)))
    const teams = new Set(rows.filter(({ kind }) => kind === 'team').map(({ id }) => id))
    if (teams.size === 0) return keys
    for (const [hash, subjects] of byKey) if ([...subjects].some(({ principal: { team } }) => team !== undefined && teams.has(team))) keys.add(hash)
    return keys
  }

  async function recheck (hash: string): Promise<void> {
    const key = await cache.findByHash(hash)
    for (const subject of [...byKey.get(hash) ?? []]) {
      if (key === undefined) {
        subject.revoked(new GatewayError('invalid_api_key', { message: 'This API key was deleted, or has another secret now.' }), subject.principal)
        continue
      }
      const principal = principalOf(key)
      const code = outOfForce(principal, time())
      if (code === undefined) subject.changed(principal)
      else subject.revoked(new GatewayError(code), principal)
    }
  }

  return {
    keys: cache,

    get generation () {
      return cache.generation
    },

    track (subject, generation) {
      const hash = subject.principal.keyHash!
      const subjects = byKey.get(hash) ?? new Set()
      byKey.set(hash, subjects.add(subject))
      // A store that is away now is asked again at the next change; the session goes on meanwhile.
      if (generation !== cache.generation) recheck(hash).catch(() => {})
      return () => {
        subjects.delete(subject)
        if (subjects.size === 0 && byKey.get(hash) === subjects) byKey.delete(hash)
      }
    },

    start () {
      poll()
    },

    close () {
      closed = true
      clearTimeout(timer)
    }
  }
}
