import { GatewayError } from '../errors.ts'
import type { Leg } from '../wire/leg.ts'
import { Heartbeat } from './heartbeat.ts'
import type { SessionLimits } from './parts.ts'
import type { Pump } from './pump.ts'

/** What a clock found, and the legs at which nobody is there any more. */
export interface Overdue {
  readonly error: GatewayError
  readonly dead: readonly Leg[]
}

/** How long ago something was, without the time that this process slept since. */
class Since {
  #at: number | undefined
  #awakeAt = 0

  /**
   * @param at when it was, on the session's clock
   * @param step milliseconds awake since the last look; what is new came no earlier
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
  readonly #legs: readonly [Leg, Leg]
  readonly #pumps: readonly [Pump, Pump]
  readonly #beats: readonly [Heartbeat, Heartbeat]
  readonly #limits: SessionLimits
  readonly #startedAt: number
  readonly #sinceStall = [new Since(), new Since()] as const
  readonly #sinceActive = new Since()

  /** @param up what the client sends goes through it; `down`: what the upstream sends. */
  constructor (client: Leg, upstream: Leg, up: Pump, down: Pump, limits: SessionLimits, startedAt: number) {
    this.#legs = [client, upstream]
    this.#pumps = [down, up]
    this.#beats = [new Heartbeat(client, limits, 0), new Heartbeat(upstream, limits, 0)]
    this.#limits = limits
    this.#startedAt = startedAt
  }

  /**
   * @param now on the session's clock
   * @param awake milliseconds on a clock that stands still while this process does: what came meanwhile was not read yet
   * @param step how long it was awake since the last look at any session
   * @param activeAt when the last message passed
   */
  check (now: number, awake: number, step: number, activeAt: number): Overdue | undefined {
    const { stallTimeout, idleTimeout, maxSessionDuration } = this.#limits
    const idle = this.#sinceActive.awake(activeAt, now, awake, step)
    if (this.#pumps.some(({ stalledAt }, i) => stalledAt !== undefined && this.#sinceStall[i]!.awake(stalledAt, now, awake, step) >= stallTimeout)) {
      return { error: new GatewayError('slow_consumer'), dead: [] }
    }
    // Each leg is judged by itself, and each is pinged.
    const dead = this.#legs.filter((leg, i) => this.#beats[i]!.check(awake, leg.paused || this.#pumps[i]!.stalledAt !== undefined))
    if (dead.length > 0) return { error: new GatewayError('peer_timeout'), dead }
    if ((idleTimeout > 0 && idle >= idleTimeout) || (maxSessionDuration > 0 && now - this.#startedAt >= maxSessionDuration)) {
      return { error: new GatewayError('session_expired'), dead: [] }
    }
    return undefined
  }
}
