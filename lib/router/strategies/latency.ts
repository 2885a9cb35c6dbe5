import type { Strategy } from './strategy.ts'

/**
 * The one that is heard soonest, by the moving medians of dial and first audio. Deployments within `latencyBuffer` of the fastest share evenly,
 * and so do those without measurements, which would otherwise never be measured.
 */
export const latency: Strategy = (states, { random, latencyBuffer }) => {
  let fastest = Infinity
  for (const { latency } of states) if (latency !== undefined && latency < fastest) fastest = latency
  const equal = fastest * (1 + latencyBuffer)
  return ({ latency }) => latency === undefined || latency <= equal ? -random() : latency
}
