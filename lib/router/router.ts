import { fillWildcard, matchWildcard } from '../wildcard.ts'
import { shuffleByWeight } from './simple-shuffle.ts'
import type { Deployment, Router } from '../../types/index.ts'

/**
 * The built-in router: the deployments of the model's group, level by level of `order`, each level in weighted random
 * order. An exact model name beats wildcards, and a wildcard with more literal characters beats one with fewer.
 * @param random a number in [0, 1); `Math.random` by default
 */
export function createRouter (deployments: readonly Deployment[], random: () => number = Math.random): Router {
  const exact = new Map<string, Deployment[]>()
  const wildcards = new Map<string, Deployment[]>()
  for (const deployment of deployments) {
    const groups = deployment.model.includes('*') ? wildcards : exact
    const group = groups.get(deployment.model)
    if (group) group.push(deployment)
    else groups.set(deployment.model, [deployment])
  }
  const patterns = [...wildcards.keys()].sort((a, b) => literals(b) - literals(a))
  for (const groups of [exact, wildcards]) {
    for (const group of groups.values()) group.sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
  }

  function groupOf (model: string): readonly Deployment[] {
    const group = exact.get(model)
    if (group) return group
    for (const pattern of patterns) {
      const matched = matchWildcard(pattern, model)
      if (matched) return wildcards.get(pattern)!.map(deployment => ({ ...deployment, target: fillWildcard(deployment.target, matched) }))
    }
    return []
  }

  return {
    candidates ({ model }) {
      const group = groupOf(model)
      const ordered: Deployment[] = []
      for (let start = 0; start < group.length;) {
        const order = group[start]!.order ?? 0
        let end = start + 1
        while (end < group.length && (group[end]!.order ?? 0) === order) end++
        ordered.push(...shuffleByWeight(group.slice(start, end), random))
        start = end
      }
      return ordered
    }
  }
}

function literals (pattern: string): number {
  return pattern.replaceAll('*', '').length
}
