import type { Strategy } from './strategy.ts'

/** In turn: the one that was chosen longest ago. */
export const roundRobin: Strategy = () => ({ chosenAt }) => chosenAt
