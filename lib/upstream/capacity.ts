import { SlidingCount } from '../sliding-count.ts'
import type { Deployment } from '../../types/index.ts'

/** Counts what deployments grant: sessions at a time, and session starts a minute. */
export interface Slots {
  /**
   * Takes a slot on `deployment`.
   * @returns gives the slot back (again: does nothing); `undefined` when a limit is reached.
   */
  take (deployment: Deployment): (() => void) | undefined
  /** Whether all of `maxSessions` are taken. */
  full (deployment: Deployment): boolean
}

/** @param now monotonic milliseconds */
export function createSlots (now: () => number): Slots {
  const sessions = new Map<string, number>()
  const starts = new Map<string, SlidingCount>()
  const full = ({ id, maxSessions = Infinity }: Deployment): boolean => (sessions.get(id) ?? 0) >= maxSessions
  return {
    full,
    take (deployment) {
      const { id, rpm } = deployment
      if (full(deployment)) return undefined
      if (rpm !== undefined) {
        const count = starts.get(id) ?? new SlidingCount()
        if (count.total(now()) >= rpm) return undefined
        count.add(1, now())
        starts.set(id, count)
      }
      sessions.set(id, (sessions.get(id) ?? 0) + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        const left = sessions.get(id)! - 1
        if (left === 0) sessions.delete(id)
        else sessions.set(id, left)
      }
    }
  }
}
