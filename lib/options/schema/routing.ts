import { routingDefaults } from '../../router/router.ts'
import { strategies } from '../../router/strategies/index.ts'
import type { StrategyName } from '../../../types/index.ts'
import { either, fields, flag, maxNumber, named, number, of, oneOf, text, texts, whole } from './builders.ts'

const group = {
  strategy: oneOf(Object.keys(strategies) as StrategyName[], routingDefaults.strategy),
  sticky: oneOf(['key', 'user'])
}

const served = text('must be a model that a deployment has')

/** `RoutingOptions` */
export const routing = fields({
  ...group,
  groups: named(fields(group, { unknown: 'is not a field of a group' })),
  aliases: named(served),
  fallbacks: named(texts()),
  defaultFallbacks: texts(),
  maxCandidates: whole(1, 100, routingDefaults.maxCandidates),
  tagFiltering: flag(routingDefaults.tagFiltering),
  latencyBuffer: number(0, 100, routingDefaults.latencyBuffer),
  outputShare: number(0, 1, routingDefaults.outputShare),
  allowedFails: number(1, 1e6, routingDefaults.allowedFails),
  cooldownMs: number(0, maxNumber, routingDefaults.cooldownMs),
  credentialsCooldownMs: number(0, maxNumber, routingDefaults.credentialsCooldownMs),
  hedgeAfterMs: either([of<number>({ type: 'number', exclusiveMinimum: 0 }), of<'p95'>({ type: 'string', enum: ['p95'] })], "must be a number above 0, or 'p95'"),
  probeIntervalMs: number(100, 2 ** 30)
}, { unknown: 'is not an option of the router' })
