import { fillWildcard, matchWildcard } from '../wildcard.ts'
import type { Deployment } from '../../types/index.ts'
import { DeploymentState } from './state.ts'

/** The deployments behind one public model name. */
export interface Group {
  /** The name or pattern under which the group is configured. */
  readonly name: string
  /** Deployments of one `order`, lowest first. */
  readonly levels: ReadonlyArray<readonly DeploymentState[]>
  /** The deployment to dial for a state of the group: itself, or with the wildcards of its target filled in. */
  resolve (state: DeploymentState): Deployment
}

/**
 * Finds the group of a model. An exact name beats a wildcard, and a wildcard with more literal characters one with fewer.
 */
export function createGroups (states: readonly DeploymentState[]): (model: string) => Group | undefined {
  const members = new Map<string, DeploymentState[]>()
  for (const state of states) {
    const group = members.get(state.deployment.model)
    if (group) group.push(state)
    else members.set(state.deployment.model, [state])
  }
  const exact = new Map<string, Group>()
  const wildcards: Array<{ name: string, levels: Group['levels'] }> = []
  for (const [name, group] of members) {
    const levels = levelsOf(group)
    if (name.includes('*')) wildcards.push({ name, levels })
    else exact.set(name, { name, levels, resolve: state => state.deployment })
  }
  wildcards.sort((a, b) => literals(b.name) - literals(a.name))

  return model => {
    const group = exact.get(model)
    if (group) return group
    for (const { name, levels } of wildcards) {
      const matched = matchWildcard(name, model)
      if (matched) return { name, levels, resolve: ({ deployment }) => ({ ...deployment, target: fillWildcard(deployment.target, matched) }) }
    }
    return undefined
  }
}

function levelsOf (states: readonly DeploymentState[]): DeploymentState[][] {
  const levels = new Map<number, DeploymentState[]>()
  for (const state of states) {
    const order = state.deployment.order ?? 0
    const level = levels.get(order)
    if (level) level.push(state)
    else levels.set(order, [state])
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level)
}

function literals (pattern: string): number {
  return pattern.replaceAll('*', '').length
}
