/** One way to serve a model: a provider, a model there, and the credential for it. */
export interface DeploymentOptions {
  /** Stable id for logs and reports; unique in one gateway. Default: `model#n`. */
  readonly id?: string | undefined
  /** The public model name. Several deployments with one name form a group; `*` matches any run of characters. */
  readonly model: string
  /** `provider/model`. The provider picks the adapter; a `*` is filled with what the `*` of `model` matched. */
  readonly target: string
  /** The provider's credential. It never reaches a client, an error or a log. */
  readonly apiKey?: string | undefined
  /** Gives a bearer token for the provider, asked before each dial (Entra, or another identity service); instead of `apiKey`. */
  readonly token?: (() => string | Promise<string>) | undefined
  /**
   * The provider's address, `wss://` or `https://`, with or without `/v1` or `/v1/realtime`. Default: the adapter's own; `azure` has none.
   */
  readonly baseUrl?: string | undefined
  /** Lets `baseUrl` be `ws://` or `http://`, which carries key and voice in the clear. Default `false`: only to this very machine. */
  readonly insecure?: boolean | undefined
  /** Azure only: `ga` (default) for `/openai/v1/realtime`, `preview` for the dated preview endpoints, which speak OpenAI's beta shape. */
  readonly realtimeProtocol?: 'ga' | 'preview' | undefined
  /** Azure only: `api-version` of the preview endpoints. Default `2025-04-01-preview`. The GA endpoint takes none. */
  readonly apiVersion?: string | undefined
  /** `native`: clients of this deployment speak the provider's own dialect, and nothing is translated. Default `openai`: see `DialectOptions`. */
  readonly dialect?: 'openai' | 'native' | undefined
  /** Share of the group's sessions, relative to the other deployments. Default: `rpm`, else 1. */
  readonly weight?: number | undefined
  /** Most session starts in any 60 seconds, counted in this process. Also the weight where none of the group has one. Default: no limit. */
  readonly rpm?: number | undefined
  /** Tokens per minute that the provider grants; the strategy `usage` weighs by it. Default: unknown. */
  readonly tpm?: number | undefined
  /** Lower numbers are tried first; equal numbers share by the strategy. Default 0. */
  readonly order?: number | undefined
  /** Most sessions at a time, counted in this process. Default: no limit. */
  readonly maxSessions?: number | undefined
  /** What a minute of voice costs; the strategy `cost` goes by it. Default: unknown, and dearer than any known price. */
  readonly price?: VoicePrice | undefined
  /** What this deployment is for; see `RoutingOptions.tagFiltering`. */
  readonly tags?: readonly string[] | undefined
  /** Failures in a row before a cooldown begins. Default: `RoutingOptions.allowedFails`. */
  readonly allowedFails?: number | undefined
  /** Length of a cooldown in milliseconds; 0: none ever begins. Default: `RoutingOptions.cooldownMs`. */
  readonly cooldownMs?: number | undefined
  /** Upstream sockets kept open ahead of need. Default: none. */
  readonly warm?: WarmOptions | undefined
  /** Headers for the upstream handshake, beside those of the adapter. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Price of voice in any one currency, per minute of audio. */
export interface VoicePrice {
  /** A minute heard from the user. */
  readonly inputPerMinute: number
  /** A minute spoken by the model. */
  readonly outputPerMinute: number
}

/** See `Deployment.warm`. */
export interface WarmOptions {
  /** How many sockets are kept open, with their first event received. Each takes a slot of `maxSessions`. */
  readonly size: number
  /** How long one waits before it is replaced by a fresh one, in milliseconds. Default 20 000. */
  readonly maxIdleMs?: number | undefined
}

/** A deployment with its id, given or made. */
export interface Deployment extends DeploymentOptions {
  readonly id: string
}
