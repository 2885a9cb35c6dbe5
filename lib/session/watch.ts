import { GatewayError } from '../errors.ts'
import type { Leg } from '../wire/leg.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Legs } from './legs.ts'
import type { SessionLimits, Term } from './parts.ts'
import type { Pump } from './pump.ts'
import { SlowMessage } from './slow-message.ts'

/** Why the session has to end, and the legs whose peer is dead. */
interface Overdue {
  readonly error: GatewayError
  readonly dead: readonly Leg[]
  /** The leg whose peer is at fault for a message that it does not finish. */
  readonly slow?: Leg | undefined
}

/** Measures how long ago something happened, without counting the time for which this process was suspended. */
class Since {
  #at: number | undefined
  #awakeAt = 0

  /**
   * @param at when it happened, on the session's clock
   * @param now on the session's clock
   * @param awake now, on the clock that stops while this process is suspended
   * @param step how far that clock went since the last sweep. What is new happened after that sweep, so it is no older than this
   */
  awake (at: number, now: number, awake: number, step: number): number {
    if (at !== this.#at) {
      this.#at = at
      this.#awakeAt = awake - Math.min(now - at, step)
    }
    return awake - this.#awakeAt
  }
}

/** Judges what only a clock can tell of a session. */
export class Watch {
  readonly #legs: Legs
  /** Each leg, with the pump whose sink it is. */
  readonly #ends: ReadonlyArray<{ readonly leg: Leg, readonly pump: Pump, readonly beat: Heartbeat, readonly message: SlowMessage, readonly sinceStall: Since }>
  readonly #limits: SessionLimits
  readonly #startedAt: number
  readonly #term: Term | undefined
  readonly #sinceActive = new Since()

  /** @param startedAt on the session's clock */
  constructor (legs: Legs, limits: SessionLimits, { startedAt, term }: { readonly startedAt: number, readonly term?: Term | undefined }) {
    const { client, upstream, upPump, downPump } = legs
    this.#legs = legs
    this.#ends = ([[client, downPump], [upstream, upPump]] as const).map(([leg, pump]) => ({
      leg, pump, beat: new Heartbeat(leg, limits, 0, leg === client), message: new SlowMessage(), sinceStall: new Since()
    }))
    this.#limits = limits
    this.#startedAt = startedAt
    this.#term = term
  }

  /**
   * @param now on the session's clock
   * @param awake milliseconds on a clock that stops while this process is suspended: what came in that time is not read yet
   * @param step how far that clock went since the last sweep
   */
  check (now: number, awake: number, step: number): Overdue | undefined {
    const { stallTimeout, idleTimeout, maxSessionDuration, slowMessageTimeout } = this.#limits
    const idle = this.#sinceActive.awake(Math.max(this.#legs.up.activeAt, this.#legs.down.activeAt), now, awake, step)
    if (this.#ends.some(({ pump: { stalledAt }, sinceStall }) => stalledAt !== undefined && sinceStall.awake(stalledAt, now, awake, step) >= stallTimeout)) {
      return { error: new GatewayError('slow_consumer'), dead: [] }
    }
    // `filter` and not `some`: each leg has to be pinged, also where the one before it is dead.
    const dead = this.#ends.filter(({ leg, pump, beat }) => beat.check(awake, { unread: leg.paused, stalled: pump.stalledAt !== undefined })).map(({ leg }) => leg)
    if (dead.length > 0) return { error: new GatewayError('peer_timeout'), dead }
    const slow = this.#ends.filter(({ leg, message }) => message.check(leg, step, slowMessageTimeout))[0]
    if (slow !== undefined) return { error: new GatewayError('message_too_slow'), dead: [], slow: slow.leg }
    const { expiresAt, longest = Infinity, time } = this.#term ?? {}
    if (expiresAt !== undefined && time!() >= expiresAt) return { error: new GatewayError('key_expired'), dead: [] }
    const age = now - this.#startedAt
    if ((idleTimeout > 0 && idle >= idleTimeout) || (maxSessionDuration > 0 && age >= maxSessionDuration) || age >= longest) {
      return { error: new GatewayError('session_expired'), dead: [] }
    }
    return undefined
  }
}
