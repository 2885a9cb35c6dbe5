import type { Principal } from './keys.ts'
import type { UpstreamRefusal } from './adapter.ts'

/** One place where a model is served: a provider, a model there, and the credential for it. */
export interface Deployment {
  /** Stable id for logs and reports; unique in one gateway. */
  readonly id: string
  /** The public model name. Several deployments with one name form a group; `*` matches any run of characters. */
  readonly model: string
  /** `provider/model`. The provider picks the adapter; a `*` is filled with what the `*` of `model` matched. */
  readonly target: string
  /** The provider's credential. It never reaches a client, an error or a log. */
  readonly apiKey?: string
  /** The provider's address, `ws(s)://` or `http(s)://`, with or without `/v1` or `/v1/realtime`. Default: the adapter's own. */
  readonly baseUrl?: string
  /** Share of the group's sessions, relative to the other deployments. Default: `rpm`, else 1. */
  readonly weight?: number
  /** Requests per minute that the provider grants; stands in for `weight` where none of the group has one. */
  readonly rpm?: number
  /** Lower numbers are tried first; equal numbers share by weight. Default 0. */
  readonly order?: number
  /** Most sessions at a time on this deployment, counted in this process. Default: no limit. */
  readonly maxSessions?: number
  /** Headers for the upstream handshake, beside those of the adapter. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A deployment as it is written in options: `id` may be left out. */
export type DeploymentOptions = Omit<Deployment, 'id'> & { readonly id?: string }

/** What a router decides on. */
export interface RouteRequest {
  /** Public model name that the client asked for (or the default model). */
  readonly model: string
  readonly principal: Principal
  /** The client's query parameters, credentials and `model` left out. */
  readonly query: URLSearchParams
}

/** What became of a candidate, told to the router. */
export type RouteOutcome =
  /** The deployment answered with its first event after `ms` milliseconds. */
  | { readonly type: 'ready', readonly deployment: Deployment, readonly ms: number }
  /** The deployment refused, or did not answer in time. */
  | { readonly type: 'refused', readonly deployment: Deployment, readonly ms: number, readonly refusal: UpstreamRefusal }
  /** The session on the deployment is over. `closeCode` is what the upstream closed with, 1006 when it vanished. */
  | { readonly type: 'ended', readonly deployment: Deployment, readonly ms: number, readonly closeCode: number }

/** Chooses deployments. Replace it by the option `router`. */
export interface Router {
  /**
   * The deployments to try, first one first, each at most once. Empty: nobody serves the model, and the client
   * gets 404 `model_not_found`.
   */
  candidates (request: RouteRequest): readonly Deployment[] | Promise<readonly Deployment[]>
  /** Hears what became of each candidate that was tried. Must not throw. */
  report? (outcome: RouteOutcome): void
}
