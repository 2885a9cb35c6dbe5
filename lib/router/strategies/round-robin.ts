import type { Strategy } from './strategy.ts'

/** In turn: whoever was chosen longest ago. */
export const roundRobin: Strategy = () => ({ chosenAt }) => chosenAt
