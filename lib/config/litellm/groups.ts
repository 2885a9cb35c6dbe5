import type { DeploymentOptions, StrategyName } from '../../../types/index.ts'
import { matchWildcard } from '../../wildcard.ts'
import type { Entry } from './deployment.ts'
import { fault, isMapping } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

interface SharingRules {
  readonly strategyOf: (model: string) => StrategyName
  /** Whether `rpm` is a limit; `usage` makes it one in any case. */
  readonly enforcesRpm: boolean
}

/**
 * LiteLLM's order and shares. Where one deployment of a group has an `order`, those without one come last. Under `simple-shuffle` deployments
 * of one order share by `weight`, where none has one by `rpm`, then by `tpm`, else evenly; one that lacks the number counts 0. The other
 * strategies have no shares.
 */
export function shareGroups (entries: readonly Entry[], { strategyOf, enforcesRpm }: SharingRules, warnings: Warnings): DeploymentOptions[] {
  const ordered = entries.map(entry => {
    const orders = entries.flatMap(({ options }) => options.model === entry.options.model && options.order !== undefined ? [options.order] : [])
    const order = entry.options.order ?? (orders.length > 0 ? Math.max(...orders) + 1 : undefined)
    return order === undefined ? entry : { ...entry, options: { ...entry.options, order } }
  })
  return ordered.map(({ field, options, shares }) => {
    const strategy = strategyOf(options.model)
    const { weight, rpm, tpm } = shares
    const limited: DeploymentOptions = {
      ...options,
      ...(rpm !== undefined && (enforcesRpm || strategy === 'usage') && { rpm }),
      ...(tpm !== undefined && { tpm }),
      ...(weight !== undefined && { weight })
    }
    if (strategy !== 'simple-shuffle') return limited
    const equals = ordered.filter(other => other.options.model === options.model && other.options.order === options.order)
    const by = (['weight', 'rpm', 'tpm'] as const).find(name => equals.some(other => other.shares[name] !== undefined))
    if (by === undefined) return limited
    if (shares[by] === undefined) warnings.add('changed', field, `has no ${by} while others of its group have: it counts as 0, as in LiteLLM`)
    return { ...limited, weight: shares[by] ?? 0 }
  })
}

/** Whether a deployment has the public name, or a pattern that matches it. */
export function isServed (deployments: readonly DeploymentOptions[], name: string): boolean {
  return deployments.some(({ model }) => model === name || matchWildcard(model, name) !== undefined)
}

/** `model_group_alias`: other names of groups. As in LiteLLM an alias hides a group that has the same name. */
export function readAliases (field: Field | undefined, deployments: readonly DeploymentOptions[], reader: Reader, warnings: Warnings): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>()
  const fields = reader.map(field) ?? new Map<string, Field>()
  for (const [alias, item] of fields) {
    const group = groupOf(item, reader)
    if (alias === group) continue
    if (fields.has(group) && group !== groupOf(fields.get(group)!, reader)) {
      warnings.add('left_out', item, 'names an alias; the alias is left out')
    } else if (group.includes('*') || !isServed(deployments, group)) {
      // A wildcard group as such cannot have an alias: nothing would fill its `*`.
      warnings.add('left_out', item, 'names no realtime group of one model; the alias is left out')
    } else {
      if (deployments.some(({ model }) => model === alias)) warnings.add('changed', item, 'hides the group that has the same name, as in LiteLLM')
      aliases.set(alias, group)
    }
  }
  return aliases
}

// `alias: group`, or `alias: { model: group, hidden: true }`. Nothing lists models here, so nothing is hidden.
function groupOf (field: Field, reader: Reader): string {
  const group = isMapping(field.value) ? reader.text(reader.map(field)?.get('model')) : reader.text(field)
  if (group === undefined) throw fault(field, 'must name a group: a text, or a mapping with model')
  return group
}
