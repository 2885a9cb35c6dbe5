import type { FastifyRequest } from 'fastify'
import type { UpstreamAdapter } from './adapter.ts'
import type { DeploymentOptions } from './deployment.ts'
import type { DialectOptions } from './dialect.ts'
import type { KeyAdmin } from './key-admin.ts'
import type { KeyStore, Principal, VirtualKeyOptions } from './keys.ts'
import type { LimitStore } from './limits.ts'
import type { TurnInfo } from './observer.ts'
import type { CooldownStore, Router, RoutingOptions } from './router.ts'
import type { SessionInfo, SessionSummary } from './session.ts'

/**
 * The host's own authentication, asked before the keys.
 * @param credential what the client sent as key, `undefined` when it sent none (a cookie session, say).
 * @returns a principal to let the client in, `null` to refuse it, `undefined` to leave the decision to the keys.
 * A rejection refuses the client with 503 `store_unavailable`; nobody gets in by an error.
 */
export type Authenticate = (request: FastifyRequest, credential: string | undefined) =>
  Principal | null | undefined | Promise<Principal | null | undefined>

/** Options of the management API. */
export interface ManagementOptions {
  /** Prefix of its paths, behind the plugin's own. Default: none (`/key/generate`). */
  readonly prefix?: string | undefined
}

/** Options of the plugin. All times are in milliseconds, all sizes in bytes. */
export interface RealtimeGatewayOptions {
  /** Prefix for the plugin's routes, as for any Fastify plugin. */
  readonly prefix?: string

  /** Where models are served. Required unless `router` is given. */
  readonly deployments?: readonly DeploymentOptions[] | undefined
  /** How the built-in router chooses among them. */
  readonly routing?: RoutingOptions | undefined
  /** Where the built-in router keeps its cooldowns. Default: in this process. */
  readonly cooldowns?: CooldownStore | undefined
  /** Replaces the built-in router. */
  readonly router?: Router | undefined
  /** Further providers, or replacements for the built-in `openai`, `xai` and `azure`. */
  readonly adapters?: readonly UpstreamAdapter[] | undefined
  /** How clients and providers that speak different shapes of the protocol are brought together. */
  readonly dialects?: DialectOptions | undefined

  /** Virtual keys, kept in memory as hashes. At least one of `keys`, `keyStore`, `masterKey`, `authenticate` is required. */
  readonly keys?: readonly VirtualKeyOptions[] | undefined
  /**
   * Another place to look virtual keys up; asked after `keys`. With a `KeyAdmin`, changes act on live sessions within a second, and what was
   * looked up is kept for ten seconds at most.
   */
  readonly keyStore?: KeyStore | KeyAdmin | undefined
  /** Where the limits of keys and teams are counted. Default: in this process, which is exact for one process alone. */
  readonly limitStore?: LimitStore | undefined
  /** Whether a new session is refused (`closed`, 503 `store_unavailable`) or let in uncounted (`open`) while `limitStore` does not answer. Default `closed`. */
  readonly limitStoreAway?: 'closed' | 'open' | undefined
  /** A key that may use every model, and manage keys. At least 16 characters: a shorter one can be guessed. */
  readonly masterKey?: string | undefined
  /** Takes a `masterKey` of 4 to 15 characters, with a warning at registration. What reads LiteLLM's file sets it for a short key of LiteLLM's. Default `false`. */
  readonly allowWeakMasterKey?: boolean | undefined
  /**
   * Routes to make, change and list keys and teams, with LiteLLM's paths and shapes, for whoever has `masterKey`. They need a `keyStore` that is a
   * `KeyAdmin`. Default: there are none.
   */
  readonly management?: ManagementOptions | undefined
  /** The host's own authentication. */
  readonly authenticate?: Authenticate | undefined

  /** Path of the route. Default `/v1/realtime`. Translation sessions are below it, at `/v1/realtime/translations`. */
  readonly path?: string | undefined
  /** Further paths for the same route. Default none. */
  readonly aliases?: readonly string[] | undefined
  /** Public model name for sessions that name none (`intent=transcription`, `call_id=…`). Default: a call needs a name, a transcription session gets the first deployment for it. */
  readonly defaultModel?: string | undefined
  /**
   * Exact `Origin` values that may connect, or `*` for all; a client without `Origin` always may. Default: the origin's host must be the host
   * that was asked (ports apart, `trustProxy` respected), unless the request brings a key, which no browser adds by itself as it does a cookie.
   */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * How a client hears that it is refused: `http` (status and JSON body), `event` (101, an `error` event, a close code),
   * or `auto`: `event` for clients that can read nothing else (key in the subprotocol, or an `Origin` header). Default `auto`.
   */
  readonly refusal?: 'auto' | 'http' | 'event' | undefined

  /** How long one upstream may take from dial to first event. Default 10 000. */
  readonly connectTimeout?: number | undefined
  /** How long a client may wait for its answer in all, authentication and failover included. Default 20 000. */
  readonly upgradeTimeout?: number | undefined
  /** Upgrades that may wait for their answer at a time; more get 503 `at_capacity`. Default 1 000. */
  readonly maxUpgrades?: number | undefined
  /** Upgrades whose credential is being checked at a time; more get 503 `at_capacity`. Default 500. */
  readonly maxUnauthenticated?: number | undefined
  /**
   * The same from one IPv4 address, or one /64 of IPv6, as the host's `trustProxy` has it. Not on a Unix socket, and not for a private address that says
   * for whom it asks and is not trusted: such a proxy is warned of. Default 250.
   */
  readonly maxUnauthenticatedPerAddress?: number | undefined
  /** Sessions at a time in this process; more get 503 `at_capacity`. Default 10 000. */
  readonly maxSessions?: number | undefined

  /** Largest message on either leg; a larger one ends the session with 1009. Default 16 777 216 (16 MiB). */
  readonly maxMessageBytes?: number | undefined
  /** Sessions per second that one key may open for long; more are refused with `open_rate_exceeded`, 429. Default 100. */
  readonly openRate?: number | undefined
  /** Sessions that one key may open at once (a burst, refilled at `openRate`). Default 1 000. */
  readonly openBurst?: number | undefined
  /**
   * At `maxSessions`, the session in which nothing was said for the longest time, and for longer than this many milliseconds, ends with 1001 and
   * makes room. Default 1 800 000 (30 minutes). `0`: none does.
   */
  readonly evictIdleAfter?: number | undefined
  /** Most fragments in one message; more end the session with 1008. Default 16 384. */
  readonly maxFragments?: number | undefined
  /**
   * Bytes that all sessions may hold together: unfinished messages, messages that a stage thinks about, and what waits for peers that do not
   * read. The sessions of one key may hold a quarter of it. Beyond, the largest session of whoever holds most ends with
   * `buffered_bytes_exceeded`, 1013. Default 268 435 456 (256 MiB).
   */
  readonly maxBufferedBytes?: number | undefined
  /**
   * How long, in milliseconds, a message that is not whole yet may bring less than 16 KiB while it is read. Then the session ends with
   * `message_too_slow`, 1008. Default 15 000.
   */
  readonly slowMessageTimeout?: number | undefined
  /**
   * Most fields and values of a client's event that is read. One that holds more is dropped, and the client gets `event_too_complex`; the
   * session goes on. One with more than 50 000 is never read. Default 20 000.
   */
  readonly maxEventValues?: number | undefined
  /** Bytes per second that a peer may send for long. One that sends more is read more slowly, and loses nothing. Default 16 777 216 (16 MiB). */
  readonly byteRate?: number | undefined
  /** Bytes that a peer may send at once (a burst, refilled at `byteRate`). Default 67 108 864 (64 MiB). */
  readonly byteBurst?: number | undefined
  /** Messages per second that a client may send for long. Default 500. */
  readonly messageRate?: number | undefined
  /** Messages that a client may send at once (a burst, refilled at `messageRate`). Default 5 000. */
  readonly messageBurst?: number | undefined
  /** Pings and pongs per second that a client may send for long; beyond, `control_flood`, 1008. Default 10. */
  readonly controlRate?: number | undefined
  /** Pings and pongs that a client may send at once (a burst, refilled at `controlRate`). Default 100. */
  readonly controlBurst?: number | undefined
  /** Bytes waiting for a slow peer above which its source is not read. Default 262 144 (256 KiB). */
  readonly highWaterMark?: number | undefined
  /** Bytes waiting below which reading goes on. Default 65 536 (64 KiB). */
  readonly lowWaterMark?: number | undefined
  /** How long a peer may leave its source unread before the session ends with `slow_consumer`, 1013. Default 30 000. */
  readonly stallTimeout?: number | undefined
  /** Silence on a leg before it is pinged. Default 15 000. */
  readonly pingInterval?: number | undefined
  /** How long a pinged leg may stay silent before it counts as dead. Default 15 000. */
  readonly pongTimeout?: number | undefined
  /** How long neither peer may send a message before the session ends with `session_expired`, 1001. Default 0: no limit. */
  readonly idleTimeout?: number | undefined
  /** How long a session may last before it ends with `session_expired`, 1001. Default 0: no limit (providers have their own). */
  readonly maxSessionDuration?: number | undefined
  /** How long a peer may take to answer a close frame before its socket is cut. Default 5 000. */
  readonly closeTimeout?: number | undefined
  /** How long the upstream is kept after the client is gone in the middle of a response, for its final `response.done`. Default 10 000. */
  readonly lingerTimeout?: number | undefined
  /** How long running turns may go on when the server closes. Default 10 000. */
  readonly drainTimeout?: number | undefined

  /** Called when a session is open. A throw is logged and changes nothing. */
  readonly onSessionOpen?: ((session: SessionInfo) => void | Promise<void>) | undefined
  /** Called when a response has ended, with whatever status. A throw is logged and changes nothing. */
  readonly onTurn?: ((turn: TurnInfo) => void | Promise<void>) | undefined
  /** Called when a session is over and both legs are closed; `fastify.close()` waits for it. A throw is logged. */
  readonly onSessionClose?: ((session: SessionSummary) => void | Promise<void>) | undefined
}
