import { diagnoses } from '../diagnosis.ts'
import { allowsModel } from '../wildcard.ts'
import type { CooldownStore, Deployment, DeploymentStatus, PassedOver, RoutePlan, RouteRequest, Router, RoutingOptions } from '../../types/index.ts'
import { Podium } from './choose.ts'
import { Cooldown } from './cooldown.ts'
import { createGroups } from './groups.ts'
import type { Group } from './groups.ts'
import { DeploymentState } from './state.ts'
import { stickyRank } from './sticky.ts'
import { strategies } from './strategies/index.ts'

/** Defaults of `RoutingOptions`. */
export const routingDefaults = {
  strategy: 'simple-shuffle',
  maxCandidates: 4,
  tagFiltering: false,
  latencyBuffer: 0.1,
  outputShare: 0.5,
  allowedFails: 3,
  cooldownMs: 5_000,
  credentialsCooldownMs: 300_000
} as const satisfies Partial<RoutingOptions>

/** Chance, clocks and other things that the router is given, because it is pure. */
export interface RouterTools {
  readonly cooldowns: CooldownStore
  /** A number in [0, 1). */
  readonly random: () => number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Unix time in milliseconds. */
  readonly time: () => number
  /** Hears when a cooldown begins. */
  readonly onCooldown?: ((deployment: Deployment, cause: NonNullable<DeploymentStatus['cause']>, forMs: number) => void) | undefined
}

/** How long a client should wait before it asks for a slot again. Nobody knows when a session will end. */
const fullRetryMs = 5_000

/**
 * The built-in router: the deployments of the model's group, level by level of `order`, each level by the group's strategy, without
 * those in cooldown or full; then the same of the fallback groups.
 */
export function createRouter (deployments: readonly Deployment[], routing: RoutingOptions, tools: RouterTools): Router {
  const options = { ...routingDefaults, ...routing }
  const { cooldowns, random, now, time } = tools
  const states = new Map(deployments.map(deployment => [deployment.id, new DeploymentState(deployment, new Cooldown(deployment.id, {
    allowedFails: deployment.allowedFails ?? options.allowedFails,
    cooldownMs: deployment.cooldownMs ?? options.cooldownMs,
    credentialsCooldownMs: options.credentialsCooldownMs
  }, cooldowns))]))
  const groupOf = createGroups([...states.values()])
  // Maps, because clients choose the names: a plain object would find `constructor` and the like.
  const aliases = new Map(Object.entries(options.aliases ?? {}))
  const fallbacksOf = new Map(Object.entries(options.fallbacks ?? {}))
  const groupRouting = new Map(Object.entries(options.groups ?? {}))
  let choices = 0
  // The deployments of a level that may be chosen. One array for all choices: with large groups a new one each time would be much garbage.
  const able: DeploymentState[] = []

  /** Why a deployment may not be tried now. */
  function skipReason (state: DeploymentState, { tags, serves }: RouteRequest, clock: number, unix: number): PassedOver['reason'] | undefined {
    const { deployment, cooldown } = state
    if (options.tagFiltering && !tagsMatch(deployment.tags ?? [], tags)) return 'tags'
    if (serves?.(deployment) === false) return 'unsupported'
    if (deployment.maxSessions !== undefined && state.sessions >= deployment.maxSessions) return 'full'
    if (deployment.rpm !== undefined && state.starts.total(clock) >= deployment.rpm) return 'rate'
    if (cooldown.cooldownUntil(unix) !== 0) return 'cooldown'
    return cooldown.trying ? 'probing' : undefined
  }

  function chosenIn (group: Group, request: RouteRequest, most: number, passedOver: PassedOver[]): DeploymentState[] {
    const { strategy = options.strategy, sticky = options.sticky } = { ...groupRouting.get(group.name) }
    const clock = now()
    const unix = time()
    const context = { random, now: clock, latencyBuffer: options.latencyBuffer, outputShare: options.outputShare }
    const chosen: DeploymentState[] = []
    for (const level of group.levels) {
      if (chosen.length === most) break
      let count = 0
      for (const state of level) {
        const reason = skipReason(state, request, clock, unix)
        if (reason === undefined) able[count++] = state
        else passedOver.push({ deployment: state.deployment.id, reason })
      }
      able.length = count
      const rank = sticky === undefined
        ? strategies[strategy](able, context)
        : stickyRank(stickyName(request, sticky))
      const podium = new Podium(most - chosen.length)
      for (const state of able) podium.offer(state, rank(state))
      chosen.push(...podium.states)
    }
    return chosen
  }

  function plan (request: RouteRequest): RoutePlan | [] {
    const { principal } = request
    const model = aliases.get(request.model) ?? request.model
    const fallbacks = principal.fallbacks === false || principal.teamPolicy?.fallbacks === false ? [] : fallbacksOf.get(model) ?? options.defaultFallbacks ?? []
    const names = new Set([model, ...fallbacks.filter(name => allowsModel(principal.models, name) && allowsModel(principal.teamPolicy?.models, name))])
    const groups = Array.from(names, name => groupOf(aliases.get(name) ?? name)).filter(group => group !== undefined)
    if (groups.length === 0) return []

    const passedOver: PassedOver[] = []
    const candidates = new Map<string, Deployment>()
    let first: DeploymentState | undefined
    for (const group of groups) {
      for (const state of chosenIn(group, request, options.maxCandidates - candidates.size, passedOver)) {
        first ??= state
        candidates.set(state.deployment.id, group.resolve(state))
      }
      if (candidates.size >= options.maxCandidates) break
    }
    if (first === undefined) return lastResort(groups, passedOver)
    first.chosenAt = ++choices
    const { hedgeAfterMs } = options
    return { candidates: [...candidates.values()], passedOver, hedgeAfterMs: hedgeAfterMs === 'p95' ? first.dialMs.p95 : hedgeAfterMs }
  }

  /**
   * The plan where no deployment is fit. The one whose cooldown ends first is tried all the same, by one client at a time; the others get 503.
   * Where none is in cooldown, the client gets 429 if they are full, a refusal by the adapter if none has such sessions, and 404 if the tags
   * exclude all.
   */
  function lastResort (groups: readonly Group[], passedOver: readonly PassedOver[]): RoutePlan | [] {
    if (passedOver.every(({ reason }) => reason === 'tags')) return []
    const having = (...reasons: PassedOver['reason'][]): ReadonlySet<string> => new Set(passedOver.filter(({ reason }) => reasons.includes(reason)).map(({ deployment }) => deployment))
    const cooling = having('cooldown', 'probing')
    const last = cooling.size > 0 || having('full', 'rate').size > 0 ? cooling : having('unsupported')
    let soonest: { group: Group, state: DeploymentState } | undefined
    let least = Infinity
    for (const group of groups) {
      for (const state of group.levels.flat()) {
        const until = cooldowns.until(state.deployment.id)
        if (!last.has(state.deployment.id) || until >= least || state.cooldown.trying) continue
        least = until
        soonest = { group, state }
      }
    }
    if (soonest === undefined && cooling.size > 0) return { candidates: [], passedOver, retryAfterMs: coolIn(cooling), lacking: 'cooldown' }
    if (soonest === undefined) return { candidates: [], passedOver, retryAfterMs: freeIn(passedOver) }
    const { group, state } = soonest
    return { candidates: [group.resolve(state)], passedOver: passedOver.filter(({ deployment }) => deployment !== state.deployment.id) }
  }

  /** Milliseconds until the first of these may be tried again. */
  function coolIn (cooling: ReadonlySet<string>): number {
    return Math.max(0, Math.min(...Array.from(cooling, id => cooldowns.until(id))) - time())
  }

  /** Milliseconds until a full group may have room. */
  function freeIn (passedOver: readonly PassedOver[]): number {
    return Math.min(...passedOver.map(({ deployment: id, reason }) => {
      const { deployment, starts } = states.get(id)!
      return reason === 'full' ? fullRetryMs : reason === 'rate' ? starts.untilBelow(deployment.rpm!, now()) : Infinity
    }))
  }

  return {
    candidates: plan,
    report (outcome) {
      const state = states.get(outcome.deployment.id)
      if (state === undefined) return
      const unix = time()
      state.hear(outcome, now())
      if (state.cooldown.hear(outcome, unix)) tools.onCooldown?.(state.deployment, state.cooldown.cause!, state.cooldown.cooldownUntil(unix) - unix)
    },
    status () {
      const clock = now()
      const unix = time()
      return Array.from(states.values(), (state): DeploymentStatus => {
        const { cooldown } = state
        const until = cooldown.cooldownUntil(unix)
        if (until !== 0) return { ...state.status(clock), state: 'cooldown', cooldownLeftMs: until - unix, ...told(cooldown.cause) }
        return { ...state.status(clock), state: cooldown.trying ? 'probing' : 'ready' }
      })
    }
  }
}

/** In a shared store another node may have begun the cooldown: its cause is not known here. */
function told (cause: DeploymentStatus['cause']): Pick<DeploymentStatus, 'cause' | 'fault' | 'hint'> {
  return { cause, ...(cause !== undefined && diagnoses[cause]) }
}

/** A user is told by the client, so it names one among its owner's only. */
function stickyName ({ principal, user }: RouteRequest, sticky: 'key' | 'user'): string {
  const owner = principal.team ?? principal.keyHash ?? principal.id
  return sticky === 'user' && user !== undefined ? `${owner}\n${user}` : principal.keyHash ?? principal.id
}

/** LiteLLM's rule: tags must have one in common; a session without tags goes where there are none, or where `default` is one. */
function tagsMatch (deployment: readonly string[], session: readonly string[]): boolean {
  if (session.length === 0) return deployment.length === 0 || deployment.includes('default')
  return session.some(tag => deployment.includes(tag))
}
