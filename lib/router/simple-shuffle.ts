import type { Deployment } from '../../types/index.ts'

/**
 * `deployments` in weighted random order: by `weight` where any has one, else by `rpm` where any has one, else evenly.
 * Among those that count by weight or rpm, one without counts 1, so that nobody is starved by an omission; 0 goes last.
 */
export function shuffleByWeight (deployments: readonly Deployment[], random: () => number): Deployment[] {
  const weightOf = weighing(deployments)
  // Efraimidis and Spirakis: ordering by u^(1/w) draws without replacement in proportion to w. The logarithm keeps
  // large weights apart.
  return deployments
    .map(deployment => ({ deployment, rank: -Math.log(1 - random()) / weightOf(deployment) }))
    .sort((a, b) => a.rank - b.rank || 0)
    .map(({ deployment }) => deployment)
}

function weighing (deployments: readonly Deployment[]): (deployment: Deployment) => number {
  if (deployments.some(({ weight }) => weight !== undefined)) return ({ weight }) => weight ?? 1
  if (deployments.some(({ rpm }) => rpm !== undefined)) return ({ rpm }) => rpm ?? 1
  return () => 1
}
