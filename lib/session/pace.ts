/** How long a source goes unread for each millisecond that its messages took: nobody has more than a fifth of the process. */
const restPerCost = 4

/** Bytes of one source that are counted together, so that no small chunk costs a look at the clock. */
const countedBytes = 64 * 1024

export interface PaceLimits {
  /** Bytes a second. */
  readonly byteRate: number
  readonly byteBurst: number
}

interface PaceOwner {
  /** Stops reading the source. */
  hold (): void
  /** Reads on. */
  release (): void
}

/** Slows a source that sends more than its share, or whose messages cost too much: it is read later, and TCP tells it so. */
export class Pace {
  readonly #limits: PaceLimits
  readonly #owner: PaceOwner
  readonly #now: () => number
  #bytes = 0
  /** When what came is paid at the byte rate, and what it cost by rest. */
  #bytesPaidAt = -Infinity
  #costPaidAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor (limits: PaceLimits, now: () => number, owner: PaceOwner) {
    this.#limits = limits
    this.#now = now
    this.#owner = owner
  }

  /** So many bytes have come. */
  came (bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < countedBytes) return
    const { byteRate, byteBurst } = this.#limits
    const now = this.#now()
    this.#bytesPaidAt = Math.max(this.#bytesPaidAt, now - byteBurst / byteRate * 1_000) + this.#bytes / byteRate * 1_000
    this.#bytes = 0
    this.#rest(now)
  }

  /** A message took the process so many milliseconds. */
  cost (ms: number): void {
    const now = this.#now()
    this.#costPaidAt = Math.max(this.#costPaidAt, now) + ms * restPerCost
    this.#rest(now)
  }

  /** The session ends: from now on the source is read as it comes. */
  stop (): void {
    this.#stopped = true
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#owner.release()
  }

  #rest (now: number): void {
    const left = Math.max(this.#bytesPaidAt, this.#costPaidAt) - now
    if (left < 1 || this.#stopped || this.#timer !== undefined) return
    this.#owner.hold()
    this.#sleep(left)
  }

  #sleep (ms: number): void {
    this.#timer = setTimeout(() => {
      const now = this.#now()
      const left = Math.max(this.#bytesPaidAt, this.#costPaidAt) - now
      if (left >= 1) return this.#sleep(left)
      this.#timer = undefined
      this.#owner.release()
    }, Math.ceil(ms))
  }
}
