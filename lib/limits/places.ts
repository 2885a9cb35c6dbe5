import { SlidingCount } from '../sliding-count.ts'
import type { Deployment } from '../../types/index.ts'

/** Counts what deployments grant: sessions at a time, and session starts a minute. */
export interface Places {
  /**
   * Takes a place on `deployment`.
   * @returns gives the place back (again: does nothing); `undefined` when a limit is reached.
   */
  take (deployment: Deployment): (() => void) | undefined
}

/** @param now monotonic milliseconds */
export function createPlaces (now: () => number): Places {
  const sessions = new Map<string, number>()
  const starts = new Map<string, SlidingCount>()
  return {
    take ({ id, maxSessions = Infinity, rpm }) {
      const taken = sessions.get(id) ?? 0
      if (taken >= maxSessions) return undefined
      if (rpm !== undefined) {
        const count = starts.get(id) ?? new SlidingCount()
        if (count.total(now()) >= rpm) return undefined
        count.add(1, now())
        starts.set(id, count)
      }
      sessions.set(id, taken + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        const rest = sessions.get(id)! - 1
        if (rest === 0) sessions.delete(id)
        else sessions.set(id, rest)
      }
    }
  }
}
