import type { SessionError } from './events.ts'
import type { DeploymentStatus, RouteDecision } from './router.ts'
import type { Spent } from './usage.ts'

/** A live session, as `fastify.realtime.sessions` shows it. */
export interface SessionInfo {
  /** Unique id, also in every log line of the session. */
  readonly id: string
  /** `Principal.id` of its owner. */
  readonly principal: string
  /** SHA-256 of the virtual key, when one was used. */
  readonly keyHash?: string | undefined
  /** `KeyPolicy.team` of its owner. */
  readonly team?: string | undefined
  /** Public model name that was asked for. */
  readonly model: string
  /** `Deployment.id` that serves it. */
  readonly deployment: string
  /** How it came to that deployment. */
  readonly route: RouteDecision
  /** `open`; `draining` (finishing its turn before a shutdown); `closing` (close frames are under way). */
  readonly state: 'open' | 'draining' | 'closing'
  /** Milliseconds since the client was answered. */
  readonly ageMs: number
  /** Bytes received from the client and from the upstream, frame headers included. */
  readonly bytes: { readonly client: number, readonly upstream: number }
  /** Messages received from the client and from the upstream. */
  readonly messages: { readonly client: number, readonly upstream: number }
  /** How many responses the upstream has finished (`response.done`), whatever their status. */
  readonly turns: number
}

/** An `error` event of a provider, its texts cut to 123 bytes and without what looks like a credential or an address. */
export interface ProviderError {
  readonly type?: string | undefined
  readonly code?: string | undefined
  readonly message?: string | undefined
}

/** How a session ended; the argument of `onSessionClose`. */
export interface SessionSummary extends Omit<SessionInfo, 'state'> {
  /** Who ended it. */
  readonly endedBy: 'client' | 'upstream' | 'gateway'
  /** Close code the session ended with: what the ending peer sent, or what the gateway chose. 1006: the peer vanished. */
  readonly closeCode: number
  /** Error code of the gateway (`slow_consumer`, …) when it ended the session itself. */
  readonly error?: string | undefined
  /** The error that the provider told right before it ended the session itself. Absent: none, or somebody else ended it. */
  readonly providerError?: ProviderError | undefined
  /** A response had begun and nothing of it had come for ten seconds, or the provider answered no ping. */
  readonly unresponsive: boolean
  /** What the session cost: the sum of its turns, and of what came after the last one. */
  readonly cost: Spent
}

/** The live sessions of this process. */
export interface RealtimeSessions {
  readonly size: number
  list (): SessionInfo[]
  /**
   * Ends one session: both peers get `code` (default 1000) and `reason` (default "closed by the gateway").
   * @returns whether there was such a session.
   */
  close (id: string, options?: { code?: number | undefined, reason?: string | undefined }): boolean
  /**
   * Ends every session for which `matches` is true: those of one key, one team, or anything else. The client gets `error` as an event, and its
   * close code.
   * @returns how many sessions it ended
   */
  end (matches: (session: SessionInfo) => boolean, error: SessionError): number
}

/** How to drain; see `RealtimeGateway.drain`. */
export interface DrainOptions {
  /** How long running turns may go on, in milliseconds. Default: the option `drainTimeout`. */
  readonly deadlineMs?: number | undefined
  /** What the `error` event tells the clients. Default "The server is shutting down." */
  readonly reason?: string | undefined
}

/** Whether stores answer. While one is away, sessions that need it are refused, and live ones go on. */
export interface StoreHealth {
  /** `none`: keys are in the options alone, or in a store that tells of no changes. */
  readonly keys: 'none' | 'up' | 'away'
  readonly limits: 'up' | 'away'
}

/** What the plugin puts on the instance, as `fastify.realtime`. */
export interface RealtimeGateway {
  readonly sessions: RealtimeSessions
  readonly router: {
    /** Live state of every deployment; empty where a router of the host's keeps none. */
    status (): DeploymentStatus[]
  }
  /** What the last answers of the stores were. */
  stores (): StoreHealth
  /**
   * Takes no new session (503 `draining`), lets running turns end, closes every session with 1012 and resolves when
   * the last one and its `onSessionClose` hook are done. `fastify.close()` does the same.
   */
  drain (options?: DrainOptions): Promise<void>
}
