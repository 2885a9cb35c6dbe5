import type { DeploymentOptions } from '../../types/index.ts'
import { fillWildcard, matchWildcard } from '../wildcard.ts'
import type { Entry } from './deployment.ts'
import { fault, isMapping } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

/**
 * LiteLLM's order and shares. Where one deployment of a group has an `order`, those without come after all that have.
 * Among equals, where one has a `weight`, those without count 0; where none has, `rpm` stands in, then `tpm`; where there
 * is nothing at all, everyone is equal.
 */
export function shareGroups (entries: readonly Entry[], warnings: Warnings): DeploymentOptions[] {
  const ordered = entries.map(entry => {
    const orders = entries.flatMap(({ options }) => options.model === entry.options.model && options.order !== undefined ? [options.order] : [])
    const order = entry.options.order ?? (orders.length > 0 ? Math.max(...orders) + 1 : undefined)
    return order === undefined ? entry : { ...entry, options: { ...entry.options, order } }
  })
  return ordered.map(({ field, options, shares }) => {
    const rpm = shares.rpm === undefined ? {} : { rpm: shares.rpm }
    const equals = ordered.filter(other => other.options.model === options.model && other.options.order === options.order)
    const by = (['weight', 'rpm', 'tpm'] as const).find(name => equals.some(other => other.shares[name] !== undefined))
    if (by === undefined) return { ...options, ...rpm }
    if (shares[by] === undefined) warnings.add('changed', field, `has no ${by} while others of its group have: it counts as 0, as in LiteLLM`)
    return { ...options, ...rpm, weight: shares[by] ?? 0 }
  })
}

/**
 * `model_group_alias`: the deployments of a group once more, under another name. As in LiteLLM an alias hides a group
 * that has the same name.
 */
export function addAliases (deployments: readonly DeploymentOptions[], aliases: ReadonlyMap<string, Field>, reader: Reader, warnings: Warnings): DeploymentOptions[] {
  const added: DeploymentOptions[] = []
  for (const [alias, field] of aliases) {
    const group = groupOf(field, reader)
    const copies = ofGroup(deployments, group)
    if (copies.length === 0) {
      warnings.add('left_out', field, 'names no realtime group of one model; the alias is left out')
      continue
    }
    if (alias !== group && deployments.some(({ model }) => model === alias)) {
      warnings.add('changed', field, 'hides the group that has the same name, as in LiteLLM')
    }
    added.push(...copies.map(({ id, ...copy }) => ({ ...copy, model: alias, ...(id !== undefined && { id: `${alias}/${id}` }) })))
  }
  const names = new Set(added.map(({ model }) => model))
  return [...deployments.filter(({ model }) => !names.has(model)), ...added]
}

// The deployments that serve a name: those of the group so called, else those of the wildcard groups that match it.
// A wildcard group as such cannot have an alias: nothing would fill its `*`.
function ofGroup (deployments: readonly DeploymentOptions[], group: string): DeploymentOptions[] {
  const named = deployments.filter(({ model, target }) => model === group && !target.includes('*'))
  if (named.length > 0 || group.includes('*')) return named
  return deployments.flatMap(deployment => {
    const matched = matchWildcard(deployment.model, group)
    return matched === undefined ? [] : [{ ...deployment, target: fillWildcard(deployment.target, matched) }]
  })
}

// `alias: group`, or `alias: { model: group, hidden: true }`.
function groupOf (field: Field, reader: Reader): string {
  const group = isMapping(field.value) ? reader.text(reader.map(field)?.get('model')) : reader.text(field)
  if (group === undefined) throw fault(field, 'must name a group: a text, or a mapping with model')
  return group
}
