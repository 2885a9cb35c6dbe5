import { allowsModel } from '../wildcard.ts'
import type { KeyPolicy, LimitScope, Principal, VirtualKey } from '../../types/index.ts'

/** LiteLLM's word in the place of models: what the key's team may use. Without a team that is nothing. */
const teamModels = 'all-team-models'

/** The holder of a virtual key. */
export function principalOf ({ name, hash, models, ...policy }: VirtualKey): Principal {
  const whole = policy.teamPolicy !== undefined && models?.includes(teamModels) === true
  return { ...policy, ...models !== undefined && !whole && { models }, id: name ?? hash.slice(0, 8), keyHash: hash }
}

/** Why its policy, or its team's, lets nobody in now. `undefined`: it does. */
export function outOfForce (principal: Principal, now: number): 'key_blocked' | 'key_expired' | undefined {
  const policies = policiesOf(principal)
  if (policies.some(({ blocked }) => blocked)) return 'key_blocked'
  return policies.some(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now) ? 'key_expired' : undefined
}

/** Whether the key and its team both allow a model. */
export function mayUse (principal: Principal, model: string): boolean {
  return policiesOf(principal).every(({ models }) => allowsModel(models, model))
}

/** Whether there are models that it may not use. */
export function isRestricted (principal: Principal): boolean {
  return policiesOf(principal).some(({ models }) => models !== undefined && models.length > 0)
}

/** When it expires, or its team: whichever is earlier, in Unix milliseconds. */
export function expiryOf (principal: Principal): number | undefined {
  return least(policiesOf(principal).map(({ expiresAt }) => expiresAt))
}

/** How long a session of it may last, in milliseconds. */
export function longestSessionOf (principal: Principal): number | undefined {
  const seconds = least(policiesOf(principal).map(({ maxSessionSeconds }) => maxSessionSeconds))
  return seconds === undefined ? undefined : seconds * 1_000
}

/** The limits that its sessions count against. */
export function scopesOf (principal: Principal): readonly LimitScope[] {
  const { keyHash, id, team, teamPolicy } = principal
  return [
    scope(`key:${keyHash ?? id}`, principal),
    ...team === undefined || teamPolicy === undefined ? [] : [scope(`team:${team}`, teamPolicy)]
  ].filter(({ maxParallel, perMinute }) => maxParallel !== undefined || perMinute !== undefined)
}

function scope (id: string, { maxParallelRequests, rpmLimit }: KeyPolicy): LimitScope {
  return { id, maxParallel: maxParallelRequests ?? undefined, perMinute: rpmLimit ?? undefined }
}

function policiesOf (principal: Principal): readonly KeyPolicy[] {
  return principal.teamPolicy === undefined ? [principal] : [principal, principal.teamPolicy]
}

function least (values: ReadonlyArray<number | null | undefined>): number | undefined {
  const limits = values.filter(value => value != null)
  return limits.length === 0 ? undefined : Math.min(...limits)
}
