/** Counts the bytes that all readers of a process hold in unfinished messages. */
export interface UnfinishedBytes {
  /** Adds `bytes` (negative when they are given back) and says whether the cap still holds. */
  add (bytes: number): boolean
}

/** One count for all readers of a gateway, so that many peers, each with a message that never ends, hold no more than `cap` together. */
export function createUnfinishedBytes (cap: number): UnfinishedBytes {
  let held = 0
  return {
    add (bytes) {
      held += bytes
      return held <= cap
    }
  }
}
