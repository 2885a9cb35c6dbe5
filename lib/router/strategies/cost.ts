import type { Strategy } from './strategy.ts'

/** Cheapest minute of voice, of which the model speaks `outputShare`. Those of one price share evenly; an unknown price is the dearest. */
export const cost: Strategy = (_states, { random, outputShare }) => ({ deployment: { price } }) => {
  if (price === undefined) return Number.MAX_VALUE
  // The random part only decides between prices that are the same to a millionth.
  return Math.round((price.inputPerMinute * (1 - outputShare) + price.outputPerMinute * outputShare) * 1e6) + random()
}
