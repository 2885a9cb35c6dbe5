/** As much of a leg as a heartbeat needs. */
interface Beating {
  /** Whether anything came, or something that had waited was taken, since this was last set to false. */
  heard: boolean
  ping (): void
}

export interface HeartbeatLimits {
  readonly pingInterval: number
  readonly pongTimeout: number
  readonly stallTimeout: number
}

/** What keeps a peer from showing that it lives. */
export interface Deafness {
  /** We do not read the peer. */
  readonly unread: boolean
  /** The peer does not take what it is sent. */
  readonly stalled: boolean
}

/** Finds a peer that vanished: nothing comes from it, it takes nothing, it is pinged, and still nothing comes. */
export class Heartbeat {
  readonly #leg: Beating
  readonly #limits: HeartbeatLimits
  readonly #probes: boolean
  #quietSince: number
  #pingedAt: number | undefined
  /** Whether the ping stands behind what the peer did not take, where no answer to it can be expected. */
  #pingWaits = false
  #deafAt = -Infinity

  /**
   * @param probes whether the peer is pinged at every look while it is not read. Its system answers for one that has left, and the next ping
   * then fails: so its end is seen though nothing is read.
   */
  constructor (leg: Beating, limits: HeartbeatLimits, clock: number, probes: boolean) {
    this.#leg = leg
    this.#limits = limits
    this.#quietSince = clock
    this.#probes = probes
  }

  /**
   * @param clock milliseconds on a clock that stops while this process is suspended: what we slept is not the peer's silence.
   * @returns whether the peer is dead.
   */
  check (clock: number, { unread, stalled }: Deafness): boolean {
    const { pingInterval, pongTimeout, stallTimeout } = this.#limits
    if (stalled || unread) this.#deafAt = clock
    if (this.#leg.heard) {
      this.#leg.heard = false
      this.#restart(clock)
    } else if (unread && this.#probes) {
      this.#leg.ping()
      this.#restart(clock)
    } else if (this.#pingedAt === undefined) {
      if (clock - this.#quietSince < pingInterval) return false
      this.#leg.ping()
      this.#pingedAt = clock
      this.#pingWaits = stalled
    } else if (clock - this.#pingedAt >= pongTimeout) {
      // Its pong may lie unread. It was pinged all the same, because proxies on the way close connections on which nothing passes.
      if (unread) this.#restart(clock)
      // Nobody answers a ping that has not arrived. Whoever takes nothing for so long is dead, unless the host gives it longer than that.
      else if (stalled) return !this.#pingWaits || stallTimeout <= pingInterval + pongTimeout
      // What it had not taken, or we had not read, may still be on its way.
      else return clock - this.#deafAt >= pongTimeout
    }
    return false
  }

  #restart (clock: number): void {
    this.#quietSince = clock
    this.#pingedAt = undefined
  }
}
