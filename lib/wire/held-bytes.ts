/** Counts what one session holds of its peers' bytes: unfinished messages, messages that a stage thinks about, what waits for a peer. */
export interface HeldBytes {
  /** Adds `bytes`; negative when they are given back. Where that is too much, this session or another is shed within the call. */
  add (bytes: number): void
}

/** One session's part in a pool. */
export interface HeldBytesAccount extends HeldBytes {
  /** The session is over: what it still holds is not counted any more. */
  close (): void
}

/** What all sessions of a gateway hold together. */
export interface HeldBytesPool {
  /**
   * @param owner who answers for the session: its key
   * @param shed called at most once: ends the session and gives back all that it holds
   */
  account (owner: string, shed: () => void): HeldBytesAccount
}

interface Owner {
  readonly holders: Set<Holder>
  bytes: number
}

interface Holder {
  readonly owner: Owner
  bytes: number
  readonly shed: () => void
}

/** The part of the cap that one owner may hold: what is left keeps everybody else's sessions whole. */
const ownersShare = 1 / 4

/**
 * One bound for all sessions, and a quarter of it for the sessions of one owner. Whoever goes beyond it costs the owner who holds most its
 * largest session. So whoever holds little is safe, however much others hold, and nobody gains by many sessions.
 * @param cap in bytes
 */
export function createHeldBytes (cap: number): HeldBytesPool {
  const owners = new Map<string, Owner>()
  const all = { bytes: 0 }

  function forget (holder: Holder): void {
    if (!holder.owner.holders.delete(holder)) return
    holder.owner.bytes -= holder.bytes
    all.bytes -= holder.bytes
  }

  function shedLargestOf ({ holders }: Owner): void {
    let largest: Holder | undefined
    for (const holder of holders) if (largest === undefined || holder.bytes > largest.bytes) largest = holder
    if (largest === undefined) return
    forget(largest)
    largest.shed()
  }

  return {
    account (name, shed) {
      const owner = owners.get(name) ?? { holders: new Set(), bytes: 0 }
      owners.set(name, owner)
      const holder = { owner, bytes: 0, shed }
      owner.holders.add(holder)
      return {
        add (bytes) {
          if (!owner.holders.has(holder)) return
          holder.bytes += bytes
          owner.bytes += bytes
          all.bytes += bytes
          while (owner.bytes > cap * ownersShare) shedLargestOf(owner)
          while (all.bytes > cap) shedLargestOf(largestOf(owners.values()))
        },
        close () {
          forget(holder)
          if (owner.holders.size === 0) owners.delete(name)
        }
      }
    }
  }
}

function largestOf (owners: Iterable<Owner>): Owner {
  let largest: Owner | undefined
  for (const owner of owners) if (largest === undefined || owner.bytes > largest.bytes) largest = owner
  return largest!
}
