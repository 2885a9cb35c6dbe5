/** As much of a leg as a heartbeat needs. */
interface Beating {
  /** Whether anything came since this was last set to false. */
  heard: boolean
  ping (): void
}

export interface HeartbeatLimits {
  readonly pingInterval: number
  readonly pongTimeout: number
}

/** Finds a peer that vanished: nothing comes from it, it is pinged, and still nothing comes. */
export class Heartbeat {
  readonly #leg: Beating
  readonly #limits: HeartbeatLimits
  #quietSince: number
  #pingedAt: number | undefined
  #deafAt = -Infinity

  constructor (leg: Beating, limits: HeartbeatLimits, clock: number) {
    this.#leg = leg
    this.#limits = limits
    this.#quietSince = clock
  }

  /**
   * @param clock milliseconds on a clock that stops while this process is suspended: what we slept is not the peer's silence.
   * @param deaf whether we do not read the peer, or the peer does not read us. `stallTimeout` bounds that, so the peer is not judged here.
   * It is pinged all the same, because proxies on the way close connections on which nothing passes.
   * @returns whether the peer is dead.
   */
  check (clock: number, deaf: boolean): boolean {
    if (deaf) this.#deafAt = clock
    if (this.#leg.heard) {
      this.#leg.heard = false
      this.#quietSince = clock
      this.#pingedAt = undefined
    } else if (this.#pingedAt === undefined) {
      if (clock - this.#quietSince >= this.#limits.pingInterval) {
        this.#leg.ping()
        this.#pingedAt = clock
      }
    } else if (clock - this.#pingedAt >= this.#limits.pongTimeout) {
      // What was queued while it was deaf is sent before the ping, and may still be on its way.
      if (clock - this.#deafAt >= this.#limits.pongTimeout) return true
      if (deaf) {
        this.#quietSince = clock
        this.#pingedAt = undefined
      }
    }
    return false
  }
}
