import type { DeploymentState } from '../state.ts'

/** What a strategy may look at beside the deployments. */
interface StrategyContext {
  /** A number in [0, 1). */
  readonly random: () => number
  /** Milliseconds on the router's clock. */
  readonly now: number
  /** See `RoutingOptions`. */
  readonly latencyBuffer: number
  readonly outputShare: number
}

/**
 * Gives each deployment of one level its rank: the lowest is tried first. It is called once for each choice, with all that may be chosen, and
 * the function that it returns once for each of them. Of equal ranks, the one that was chosen longest ago comes first.
 */
export type Strategy = (states: readonly DeploymentState[], context: StrategyContext) => (state: DeploymentState) => number
