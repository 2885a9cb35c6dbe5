import type { DialectChoice } from '../dialect/dialects.ts'
import type { LegLimits } from '../wire/leg-events.ts'
import type { HeldBytes } from '../wire/held-bytes.ts'
import type { UpgradedSocket } from '../wire/upgraded-socket.ts'
import type { HeartbeatLimits } from './heartbeat.ts'
import type { PaceLimits } from './pace.ts'
import type { BillingTap } from './pipeline/turns.ts'
import type { PumpLimits } from './pump.ts'
import type { Lease, RouteDecision, SessionSummary, Stage, TurnInfo } from '../../types/index.ts'

/** Times in milliseconds, as the options of the same names say. */
export interface SessionLimits extends LegLimits, PumpLimits, HeartbeatLimits, PaceLimits {
  readonly messageRate: number
  readonly messageBurst: number
  readonly controlRate: number
  readonly controlBurst: number
  readonly slowMessageTimeout: number
  /** Most fields and values of a client's event that is read. */
  readonly maxEventValues: number
  readonly idleTimeout: number
  readonly maxSessionDuration: number
  readonly closeTimeout: number
  readonly lingerTimeout: number
}

/** Whose session it is, and what was asked for. */
export interface SessionIdentity {
  readonly id: string
  readonly principal: string
  readonly keyHash?: string | undefined
  readonly team?: string | undefined
  /** Public model name. */
  readonly model: string
  readonly route: RouteDecision
}

/** One upstream of a session, and what belongs to it. It can be replaced while the session runs. */
export interface UpstreamParts extends UpgradedSocket {
  /** `Deployment.id` */
  readonly deployment: string
  /** Public model name, where it is another than the session was opened with. */
  readonly model?: string | undefined
  /** The provider's credential, which no close reason may carry to the client. */
  readonly secret?: string | undefined
  /** How its events are translated for a client of another dialect. Default: both speak the same. */
  readonly dialect?: DialectChoice | undefined
  /** Whether its events have OpenAI's names, so that turns are followed before the translation. `false`: they are followed behind it. Default `true`. */
  readonly usualNames?: boolean | undefined
  /** What was taken for this upstream alone. */
  readonly lease: Lease
}

/** Until when a session may live. Whoever opened it may change this while it lives. */
export interface Term {
  /** When the key of its owner expires, in Unix milliseconds. */
  expiresAt?: number | undefined
  /** Milliseconds that it may last in all. */
  longest?: number | undefined
  /** For how long a running response may go on when the key has expired. */
  patience?: number | undefined
  /** The clock on the wall, in Unix milliseconds: it may be set while the session lives. */
  readonly time: () => number
}

/** What the session itself knows. Of money it knows nothing. */
export type UnpricedTurn = Omit<TurnInfo, 'billed' | 'cost'>
export type UnpricedSummary = Omit<SessionSummary, 'cost'>

export interface SessionListener {
  turn? (turn: UnpricedTurn): void
  closed? (summary: UnpricedSummary): void
}

export interface SessionParts {
  readonly identity: SessionIdentity
  readonly client: UpgradedSocket
  readonly upstream: UpstreamParts
  readonly limits: SessionLimits
  /** Stages of what the client sends, before it is translated. Default: none. */
  readonly clientStages?: readonly Stage[]
  /** Stages of what the upstream sends, after it is translated: like `clientStages` they see the client's dialect. Default: none. */
  readonly upstreamStages?: readonly Stage[]
  readonly observer: SessionListener
  /** Hears what may be billed. Default: nobody asks. */
  readonly tap?: BillingTap | undefined
  /** What was taken for the session. Its upstream's lease hangs on it too. */
  readonly lease: Lease
  /** Counts what the session holds. Default: nobody counts. */
  readonly held?: HeldBytes | undefined
  /** Default: it has no end. */
  readonly term?: Term | undefined
  /** Monotonic clock in milliseconds. */
  readonly now: () => number
}
