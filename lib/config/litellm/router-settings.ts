import type { RoutingOptions, StrategyName } from '../../../types/index.ts'
import { fault } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import { reportFields } from './report-fields.ts'
import type { Warnings } from './warnings.ts'

/** Settings that LiteLLM takes in `router_settings` and in `litellm_settings`; the former counts. */
export const sharedSettings = ['num_retries', 'fallbacks', 'default_fallbacks', 'allowed_fails', 'cooldown_time'] as const

/** The settings of `router_settings` that are served. */
export const routerSettings: readonly string[] = [...sharedSettings, 'model_group_alias', 'default_max_parallel_requests', 'routing_strategy',
  'routing_strategy_args', 'disable_cooldowns', 'max_fallbacks', 'enable_tag_filtering', 'tag_filtering_match_any', 'optional_pre_call_checks']

const strategies = new Map<string, StrategyName>([
  ['simple-shuffle', 'simple-shuffle'],
  ['least-busy', 'least-busy'],
  ['usage-based-routing', 'usage'],
  ['usage-based-routing-v2', 'usage'],
  ['latency-based-routing', 'latency'],
  ['cost-based-routing', 'cost']
])

// The longest that a timer of Node's can wait, and a number of failures that is never reached.
const mostSeconds = 2_147_483
const mostFails = 999_999

/** What LiteLLM's settings say about routing, apart from what needs to know the groups. */
export interface RouterSettings {
  readonly routing: Pick<RoutingOptions, 'strategy' | 'latencyBuffer' | 'allowedFails' | 'cooldownMs' | 'tagFiltering'>
  /** Further tries in one group. */
  readonly retries: number | undefined
  /** Whether `rpm` is a limit, and no share alone. */
  readonly enforcesRpm: boolean
  /** Whether no cooldown may ever begin. */
  readonly neverCools: boolean
  readonly fallbacks: Field | undefined
  readonly defaultFallbacks: Field | undefined
  readonly maxFallbacks: number
}

// LiteLLM's ROUTER_MAX_FALLBACKS: how deep fallbacks of fallbacks go.
const defaultMaxFallbacks = 5

type Fields = ReadonlyMap<string, Field>

/** @throws {ConfigError} a wrong value */
export function readRouterSettings (router: Fields, litellm: Fields, reader: Reader, warnings: Warnings): RouterSettings {
  const shared = (name: typeof sharedSettings[number]): Field | undefined => {
    const field = router.get(name)
    return field === undefined || field.value === null ? litellm.get(name) : field
  }
  const args = reader.map(router.get('routing_strategy_args')) ?? new Map<string, Field>()
  reportFields('routing_strategy_args', args, ['lowest_latency_buffer'], warnings)
  const neverCools = reader.flag(router.get('disable_cooldowns')) === true
  const allowedFails = reader.count(shared('allowed_fails'), 0)
  const cooldownMs = neverCools ? 0 : readSeconds(shared('cooldown_time'), reader)
  const strategy = readStrategy(router.get('routing_strategy'), reader, warnings)
  const latencyBuffer = readBuffer(args.get('lowest_latency_buffer'), reader)
  const tagFiltering = reader.flag(router.get('enable_tag_filtering'))
  const matchAny = router.get('tag_filtering_match_any')
  if (reader.flag(matchAny) === false) warnings.add('not_served', matchAny!, 'has no effect here; one tag in common is enough')
  return {
    routing: {
      ...(strategy !== undefined && { strategy }),
      ...(latencyBuffer !== undefined && { latencyBuffer }),
      // LiteLLM begins a cooldown at the first failure beyond `allowed_fails`, the gateway at failure number `allowedFails`.
      ...(allowedFails !== undefined && { allowedFails: Math.min(allowedFails, mostFails) + 1 }),
      ...(cooldownMs !== undefined && { cooldownMs }),
      ...(tagFiltering !== undefined && { tagFiltering })
    },
    retries: reader.count(shared('num_retries'), 0),
    enforcesRpm: readChecks(router.get('optional_pre_call_checks'), reader, warnings),
    neverCools,
    fallbacks: shared('fallbacks'),
    defaultFallbacks: shared('default_fallbacks'),
    maxFallbacks: reader.count(router.get('max_fallbacks'), 0) ?? defaultMaxFallbacks
  }
}

/** LiteLLM's seconds as milliseconds. @throws {ConfigError} */
export function readSeconds (field: Field | undefined, reader: Reader): number | undefined {
  const seconds = reader.number(field)
  if (field === undefined || seconds === undefined) return undefined
  if (seconds < 0 || seconds > mostSeconds) throw fault(field, `must be a number of seconds from 0 to ${mostSeconds}`)
  return Math.round(seconds * 1000)
}

function readStrategy (field: Field | undefined, reader: Reader, warnings: Warnings): StrategyName | undefined {
  const name = reader.text(field)
  if (field === undefined || name === undefined) return undefined
  const strategy = strategies.get(name)
  if (strategy === undefined) warnings.add('not_served', field, `is none of ${[...strategies.keys()].join(', ')}; groups are shared as with simple-shuffle`)
  return strategy
}

function readBuffer (field: Field | undefined, reader: Reader): number | undefined {
  const buffer = reader.number(field)
  if (field !== undefined && buffer !== undefined && (buffer < 0 || buffer > 100)) throw fault(field, 'must be a number from 0 to 100')
  return buffer
}

function readChecks (field: Field | undefined, reader: Reader, warnings: Warnings): boolean {
  const checks = reader.list(field) ?? []
  for (const item of checks) {
    if (reader.text(item) === 'enforce_model_rate_limits') continue
    const hint = reader.text(item) === 'deployment_affinity' ? '; realtime_settings.routing.sticky keeps a key on its deployment' : ''
    warnings.add('not_served', item, `has no effect here${hint}`)
  }
  return checks.some(item => reader.text(item) === 'enforce_model_rate_limits')
}
