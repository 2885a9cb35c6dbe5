/** As much of a leg as a heartbeat needs. */
export interface Beating {
  /** Whether anything came since this was last set to false. */
  heard: boolean
  ping (): void
}

export interface HeartbeatLimits {
  readonly pingInterval: number
  readonly pongTimeout: number
}

/** Finds a peer that is gone without a word: silence, a ping, silence. */
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
   * @param clock milliseconds on a clock that stands still while this process does, so that our own sleep is not
   * counted as the peer's silence.
   * @param deaf whether the peer cannot be heard, or cannot hear us, for a reason with a clock of its own: we do not
   * read it, or it does not read us. It is pinged all the same, to keep what stands between awake, but not judged.
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
      // What waited while it was deaf may still stand between the ping and the peer.
      if (clock - this.#deafAt >= this.#limits.pongTimeout) return true
      if (deaf) {
        this.#quietSince = clock
        this.#pingedAt = undefined
      }
    }
    return false
  }
}
