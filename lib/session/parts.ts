import type { Duplex } from 'node:stream'
import type { Translation } from '../dialect/translation.ts'
import type { LegLimits } from '../wire/leg.ts'
import type { UnfinishedBytes } from '../wire/reader.ts'
import type { HeartbeatLimits } from './heartbeat.ts'
import type { ClientRule } from './model-rule.ts'
import type { PumpLimits } from './pump.ts'
import type { TurnEvents } from './turns.ts'
import type { RouteDecision, SessionSummary } from '../../types/index.ts'

export interface SessionLimits extends LegLimits, PumpLimits, HeartbeatLimits {
  readonly messageRate: number
  readonly messageBurst: number
  readonly controlRate: number
  readonly controlBurst: number
  readonly stallTimeout: number
  readonly idleTimeout: number
  readonly maxSessionDuration: number
  readonly closeTimeout: number
  readonly lingerTimeout: number
}

/** A socket after its handshake, with the bytes that came along with it. */
export interface Joint {
  readonly socket: Duplex
  readonly head: Buffer
}

export interface SessionParts extends TurnEvents {
  readonly id: string
  readonly principal: string
  readonly keyHash?: string
  readonly model: string
  readonly deployment: string
  readonly route: RouteDecision
  /** The provider's credential, which no close reason may carry to the client. */
  readonly secret?: string
  readonly client: Joint
  readonly upstream: Joint
  readonly limits: SessionLimits
  /** Rule for what the client sends; absent: everything passes unread. */
  readonly rule?: ClientRule
  /** Between a client and an upstream that speak different dialects; absent: they speak the same. */
  readonly translation?: Translation
  readonly unfinished?: UnfinishedBytes
  /** Monotonic clock in milliseconds. */
  readonly now: () => number
  /** Called once, when both sockets are closed. `unresponsive`: the upstream owed a response, or a pong, for long. */
  readonly onClosed: (summary: SessionSummary, unresponsive: boolean) => void
}
