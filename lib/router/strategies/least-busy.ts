import type { Strategy } from './strategy.ts'

/** The fewest live sessions in proportion to `maxSessions`, else to `weight`, else in number. */
export const leastBusy: Strategy = states => {
  const sized = states.some(({ deployment }) => deployment.maxSessions !== undefined)
  return ({ sessions, deployment }) => (sessions + 1) / ((sized ? deployment.maxSessions : deployment.weight) || 1)
}
