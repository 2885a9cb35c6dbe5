import type { Principal } from './keys.ts'
import type { UpstreamRefusal } from './adapter.ts'
import type { Deployment } from './deployment.ts'

/** How the deployments of a group share their sessions. */
export type StrategyName = 'simple-shuffle' | 'round-robin' | 'least-busy' | 'latency' | 'cost' | 'usage'

/** Routing of one group. It wins over the same options of all groups. */
export interface GroupRouting {
  /** Default `simple-shuffle`: at random by `weight`, else by `rpm`, else evenly. */
  readonly strategy?: StrategyName | undefined
  /** Sends the same key, or the same end user, to the same deployment while it can. Default: neither. */
  readonly sticky?: 'key' | 'user' | undefined
}

/** Options of the built-in router. All times are in milliseconds. */
export interface RoutingOptions extends GroupRouting {
  /** The above for single groups, by public model name. */
  readonly groups?: Readonly<Record<string, GroupRouting>> | undefined
  /** Other names of public models. */
  readonly aliases?: Readonly<Record<string, string>> | undefined
  /** Models to go on with when the deployments of one cannot take a session, in order. A key with `fallbacks: false` has none. */
  readonly fallbacks?: Readonly<Record<string, readonly string[]>> | undefined
  /** The same for models that `fallbacks` does not name. */
  readonly defaultFallbacks?: readonly string[] | undefined
  /** Most deployments to try for one session. Default 4. */
  readonly maxCandidates?: number | undefined
  /**
   * Whether tags decide: a session with tags goes to a deployment that has one of them, one without tags to a deployment without
   * tags or tagged `default`. A session's tags are its key's, or those among them that the header `x-litellm-tags` names. Default `false`.
   */
  readonly tagFiltering?: boolean | undefined
  /** How much slower than the fastest, as a share, still counts as equal for `latency`. Default 0.1. */
  readonly latencyBuffer?: number | undefined
  /** Share of the minutes that the model speaks, for `cost`; the user speaks the rest. Default 0.5. */
  readonly outputShare?: number | undefined
  /** Failures in a row before a cooldown begins. More than half of at least ten outcomes in a minute begin one as well. Default 3. */
  readonly allowedFails?: number | undefined
  /** Length of a cooldown, in which a deployment is not dialled. After a rate limit it is what `Retry-After` says. Default 5 000. */
  readonly cooldownMs?: number | undefined
  /** Length of the cooldown after a refused credential or a spent quota. Default 300 000. */
  readonly credentialsCooldownMs?: number | undefined
  /** After this time without an answer of the first candidate, the second is dialled as well; `p95`: the first one's own 95th percentile. Default: never. */
  readonly hedgeAfterMs?: number | 'p95' | undefined
  /** About how often every deployment is dialled, so that a failure is known before a client meets it. Default: never. */
  readonly probeIntervalMs?: number | undefined
}

/** What a router decides on. */
export interface RouteRequest {
  /** Public model name that the client asked for (or the default model). */
  readonly model: string
  readonly principal: Principal
  /** The client's query parameters, credentials and `model` left out. */
  readonly query: URLSearchParams
  /** Tags of the session; see `RoutingOptions.tagFiltering`. */
  readonly tags: readonly string[]
  /** Who speaks, when the client said so (`OpenAI-Safety-Identifier`). */
  readonly user?: string | undefined
  /** Whether the provider of a deployment has such sessions at all (xAI has none for transcription). Absent: all have. */
  readonly serves?: ((deployment: Deployment) => boolean) | undefined
}

/** Why a deployment is not among the candidates. */
export interface PassedOver {
  /** `Deployment.id` */
  readonly deployment: string
  readonly reason: 'cooldown' | 'full' | 'rate' | 'tags' | 'probing' | 'unsupported'
}

/** A router's answer, when it has more to say than whom to try. */
export interface RoutePlan {
  /** The deployments to try, first one first, each at most once. */
  readonly candidates: readonly Deployment[]
  readonly passedOver?: readonly PassedOver[] | undefined
  /** With no candidates: the model is known, but no deployment can take a session for about this many milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** With `retryAfterMs`: why there are none. `limits` (the default): all are full, the client gets 429. `cooldown`: they recover, it gets 503. */
  readonly lacking?: 'limits' | 'cooldown' | undefined
  /** When to dial the second candidate beside the first, in milliseconds. */
  readonly hedgeAfterMs?: number | undefined
}

/** What became of a candidate, told to the router. */
export type RouteOutcome =
  /** The deployment is dialled, or a warm socket of it is taken. Each `dial` is followed by one `ready`, `refused` or `dropped`. */
  | { readonly type: 'dial', readonly deployment: Deployment, readonly probe?: boolean | undefined }
  /** The deployment answered with its first event after `ms` milliseconds. `warm`: it had done so before. */
  | { readonly type: 'ready', readonly deployment: Deployment, readonly ms: number, readonly warm?: boolean | undefined, readonly probe?: boolean | undefined }
  /** The deployment refused, or did not answer in time. */
  | { readonly type: 'refused', readonly deployment: Deployment, readonly ms: number, readonly refusal: UpstreamRefusal, readonly probe?: boolean | undefined }
  /** The dial was called off: another was faster, or the client left. This says nothing about the deployment. */
  | { readonly type: 'dropped', readonly deployment: Deployment }
  /** The first audio of a response came `ms` milliseconds after the response began. */
  | { readonly type: 'first_audio', readonly deployment: Deployment, readonly ms: number }
  /** A response ended having used so many tokens. */
  | { readonly type: 'turn', readonly deployment: Deployment, readonly tokens: number }
  /**
   * The session on the deployment, once `ready`, is over. `closeCode` is what the upstream closed with (1006: it vanished), 1000
   * where another peer ended it. `unresponsive`: a response had begun and nothing of it had come for ten seconds, or the provider answered no ping.
   */
  | { readonly type: 'ended', readonly deployment: Deployment, readonly ms: number, readonly closeCode: number, readonly unresponsive: boolean }

/** Live state of a deployment, as `fastify.realtime.router.status()` shows it. */
export interface DeploymentStatus {
  readonly id: string
  readonly model: string
  readonly target: string
  readonly state: 'ready' | 'cooldown' | 'probing'
  /** Milliseconds until a cooldown ends. */
  readonly cooldownLeftMs?: number | undefined
  /** Why the cooldown began. */
  readonly cause?: UpstreamRefusal['kind'] | 'session' | undefined
  /** Who can correct it: the `operator` (credential, quota, name of the model), the `provider` (or the network to it), or the `client`. With `cause`. */
  readonly fault?: 'operator' | 'provider' | 'client' | undefined
  /** What to do about it, in one sentence. With `cause`. */
  readonly hint?: string | undefined
  /** Sessions and dials under way. */
  readonly sessions: number
  /** Session starts in the last 60 seconds. */
  readonly startsLastMinute: number
  /** Tokens used in the last 60 seconds. */
  readonly tokensLastMinute: number
  /** Moving median of the dial, in milliseconds. */
  readonly dialMs?: number | undefined
  /** Moving median of the first audio, in milliseconds. */
  readonly firstAudioMs?: number | undefined
}

/** Chooses deployments. Replace it by the option `router`. */
export interface Router {
  /**
   * The deployments to try, first one first, each at most once. An empty list: nobody serves the model, and the client
   * gets 404 `model_not_found`. An empty plan with `retryAfterMs`: 429 or 503, see `RoutePlan.lacking`.
   */
  candidates (request: RouteRequest): readonly Deployment[] | RoutePlan | Promise<readonly Deployment[] | RoutePlan>
  /** Hears what became of each candidate that was tried. Must not throw. */
  report? (outcome: RouteOutcome): void
  /** Live state, where the router keeps any. */
  status? (): DeploymentStatus[]
}

/**
 * Which deployments are in cooldown, and until when. A store of the host's can share it among several nodes. Reading is synchronous, so a
 * shared store keeps a local copy and updates it when it hears of changes.
 */
export interface CooldownStore {
  /**
   * Unix time in milliseconds until which the deployment is in cooldown; 0 where it is in none. A time in the past stays until `clear`: it
   * means that one dial has to succeed before others are let in.
   */
  until (deployment: string): number
  /** Begins a cooldown, or makes one longer: the later time counts. */
  start (deployment: string, until: number): void
  /** The deployment has recovered. */
  clear (deployment: string): void
}

/** How a session came to its deployment; on `SessionInfo.route`. */
export interface RouteDecision {
  /** The candidates that the router named, in order. */
  readonly candidates: readonly string[]
  readonly passedOver: readonly PassedOver[]
  /** The candidates that were tried, with outcome and time. `full`: a limit of the deployment was reached meanwhile. */
  readonly attempts: readonly RouteAttempt[]
}

export interface RouteAttempt {
  readonly deployment: string
  readonly outcome: 'ready' | 'warm' | 'dropped' | 'full' | UpstreamRefusal['kind']
  readonly ms: number
}
