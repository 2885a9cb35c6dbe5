import type { Strategy } from './strategy.ts'

/**
 * Soonest to be heard, by the moving medians of dial and first audio. Those within `latencyBuffer` of the fastest share evenly, and so
 * does one that nothing is known of yet: how else would anything become known.
 */
export const latency: Strategy = (states, { random, latencyBuffer }) => {
  let fastest = Infinity
  for (const { latency } of states) if (latency !== undefined && latency < fastest) fastest = latency
  const equal = fastest * (1 + latencyBuffer)
  return ({ latency }) => latency === undefined || latency <= equal ? -random() : latency
}
