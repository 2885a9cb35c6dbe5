import type { Strategy } from './strategy.ts'

/** Fewest live sessions for what it can hold: `maxSessions`, else `weight`, else the same for all. */
export const leastBusy: Strategy = states => {
  const sized = states.some(({ deployment }) => deployment.maxSessions !== undefined)
  return ({ sessions, deployment }) => (sessions + 1) / ((sized ? deployment.maxSessions : deployment.weight) || 1)
}
