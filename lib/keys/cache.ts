import type { KeyStore, VirtualKey } from '../../types/index.ts'

/** Keys that are kept at a time. */
const most = 10_000
/** Milliseconds that a key is kept, and that a hash is known to be nobody's. A guesser must not push the keys out, so these are kept apart. */
const keyMs = 10_000
const strangerMs = 2_000

/** A key store that is not asked again for what it has just said. */
export interface KeyCache extends KeyStore {
  /** A key has changed: it is asked for anew. */
  forget (hash: string): void
  forgetAll (): void
  /** Grows by each change that was heard of. */
  readonly generation: number
}

interface Entry {
  readonly key: VirtualKey | undefined
  readonly until: number
}

/**
 * @param fresh whether all changes until now have been heard of; while they have not, the store is asked each time
 * @param now monotonic clock in milliseconds
 */
export function createKeyCache (store: KeyStore, fresh: () => boolean, now: () => number): KeyCache {
  const keys = new Map<string, Entry>()
  const strangers = new Map<string, Entry>()
  const asking = new Map<string, Promise<VirtualKey | undefined>>()
  let generation = 0

  function kept (hash: string): Entry | undefined {
    const entry = keys.get(hash) ?? strangers.get(hash)
    return entry !== undefined && entry.until > now() ? entry : undefined
  }

  function keep (hash: string, key: VirtualKey | undefined): void {
    const entries = key === undefined ? strangers : keys
    entries.delete(hash)
    entries.set(hash, { key, until: now() + (key === undefined ? strangerMs : keyMs) })
    // A map keeps the order in which its entries were set: the first is the oldest.
    if (entries.size > most) entries.delete(entries.keys().next().value!)
  }

  async function ask (hash: string): Promise<VirtualKey | undefined> {
    const asked = generation
    try {
      // The contract says `undefined`, but a host's store may give `null`.
      const key = await store.findByHash(hash) ?? undefined
      // What was read before a change must not be kept after it.
      if (asked === generation && fresh()) keep(hash, key)
      return key
    } finally {
      asking.delete(hash)
    }
  }

  return {
    findByHash (hash) {
      const entry = fresh() ? kept(hash) : undefined
      if (entry !== undefined) return Promise.resolve(entry.key)
      let answer = asking.get(hash)
      if (answer === undefined) {
        answer = ask(hash)
        asking.set(hash, answer)
      }
      return answer
    },

    forget (hash) {
      generation++
      keys.delete(hash)
      strangers.delete(hash)
      asking.delete(hash)
    },

    forgetAll () {
      generation++
      keys.clear()
      strangers.clear()
      asking.clear()
    },

    get generation () {
      return generation
    }
  }
}
