import type { DeploymentState } from '../state.ts'
import type { Strategy } from './strategy.ts'

/**
 * At random: in proportion to `weight` where any has one, else to `rpm` where any has one, else evenly. A deployment without the number
 * counts 1, so that it is not starved; one with 0 comes last.
 */
export const simpleShuffle: Strategy = (states, { random }) => {
  const weightOf = weighing(states)
  // Ordering by an exponential variable over the weight draws without replacement in proportion to the weights (Efraimidis and Spirakis).
  return ({ deployment }) => {
    const weight = weightOf(deployment)
    return weight > 0 ? -Math.log(1 - random()) / weight : Infinity
  }
}

function weighing (states: readonly DeploymentState[]): (deployment: DeploymentState['deployment']) => number {
  let byRpm = false
  for (const { deployment: { weight, rpm } } of states) {
    if (weight !== undefined) return deployment => deployment.weight ?? 1
    if (rpm !== undefined) byRpm = true
  }
  return byRpm ? deployment => deployment.rpm ?? 1 : () => 1
}
