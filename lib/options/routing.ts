import { strategies } from '../router/strategies/index.ts'
import type { Deployment, RoutingOptions } from '../../types/index.ts'
import { isName, isObject, maxNumber, rule, texts } from './rule.ts'

const numbers = {
  maxCandidates: [1, 100],
  latencyBuffer: [0, 100],
  outputShare: [0, 1],
  allowedFails: [1, 1e6],
  cooldownMs: [0, maxNumber],
  credentialsCooldownMs: [0, maxNumber],
  probeIntervalMs: [100, 2 ** 30]
} as const satisfies Partial<Record<keyof RoutingOptions, readonly [number, number]>>

const known = new Set<string>([...Object.keys(numbers), 'strategy', 'sticky', 'groups', 'aliases', 'fallbacks', 'defaultFallbacks', 'tagFiltering', 'hedgeAfterMs'])

/**
 * Checks the option `routing` against the deployments that it routes.
 * @throws OptionError
 */
export function checkRouting (routing: RoutingOptions, deployments: readonly Deployment[]): void {
  rule(isObject(routing), 'routing', 'must be an object')
  for (const name of Object.keys(routing)) rule(known.has(name), `routing.${name}`, 'is not an option of the router')
  for (const [name, [least, most]] of Object.entries(numbers)) {
    const value = routing[name as keyof typeof numbers]
    rule(value === undefined || (Number.isFinite(value) && value >= least && value <= most), `routing.${name}`, `must be a number from ${least} to ${most}`)
    rule(name !== 'maxCandidates' || value === undefined || Number.isInteger(value), `routing.${name}`, 'must be a whole number')
  }
  const { hedgeAfterMs, groups = {}, aliases = {}, fallbacks = {}, defaultFallbacks = [], tagFiltering } = routing
  rule(tagFiltering === undefined || typeof tagFiltering === 'boolean', 'routing.tagFiltering', 'must be true or false')
  rule(hedgeAfterMs === undefined || hedgeAfterMs === 'p95' || (Number.isFinite(hedgeAfterMs) && hedgeAfterMs > 0), 'routing.hedgeAfterMs', "must be a number above 0, or 'p95'")
  checkGroup(routing, 'routing')
  rule(isObject(groups), 'routing.groups', 'must be an object')
  for (const [model, group] of Object.entries(groups)) {
    rule(isObject(group), `routing.groups.${model}`, 'must be an object')
    rule(Object.keys(group).every(name => name === 'strategy' || name === 'sticky'), `routing.groups.${model}`, 'must hold strategy and sticky only')
    checkGroup(group, `routing.groups.${model}`)
  }
  const models = new Set(deployments.map(({ model }) => model))
  const exists = (model: unknown): boolean => isName(model) && (models.has(model) || Object.hasOwn(aliases, model) || [...models].some(name => name.includes('*')))
  rule(isObject(aliases), 'routing.aliases', 'must be an object')
  for (const [alias, model] of Object.entries(aliases)) {
    rule(exists(model) && !Object.hasOwn(aliases, model), `routing.aliases.${alias}`, 'must be a model that a deployment has')
  }
  rule(isObject(fallbacks), 'routing.fallbacks', 'must be an object')
  for (const [option, list] of [...Object.entries(fallbacks).map(([model, list]) => [`routing.fallbacks.${model}`, list] as const), ['routing.defaultFallbacks', defaultFallbacks] as const]) {
    rule(texts(list, option).every(exists), option, 'must be models that a deployment has')
  }
}

function checkGroup ({ strategy, sticky }: Pick<RoutingOptions, 'strategy' | 'sticky'>, at: string): void {
  rule(strategy === undefined || Object.hasOwn(strategies, strategy), `${at}.strategy`, `must be one of ${Object.keys(strategies).join(', ')}`)
  rule(sticky === undefined || sticky === 'key' || sticky === 'user', `${at}.sticky`, "must be 'key' or 'user'")
}
