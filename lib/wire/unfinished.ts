import type { UnfinishedBytes } from './reader.ts'

/** One count for all readers of a gateway: many peers with a message each that never ends hold no more than `cap` together. */
export function createUnfinishedBytes (cap: number): UnfinishedBytes {
  let held = 0
  return {
    add (bytes) {
      held += bytes
      return held <= cap
    }
  }
}
