import type { Strategy } from './strategy.ts'

/** The cheapest minute of voice, of which the model speaks `outputShare`. Deployments of one price share evenly; an unknown price counts as the dearest. */
export const cost: Strategy = (_states, { random, outputShare }) => ({ deployment: { price } }) => {
  if (price === undefined) return Number.MAX_VALUE
  // The random part is below 1, so it decides only between prices that are equal to a millionth.
  return Math.round((price.inputPerMinute * (1 - outputShare) + price.outputPerMinute * outputShare) * 1e6) + random()
}
