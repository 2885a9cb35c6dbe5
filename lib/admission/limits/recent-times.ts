const fewest = 8
// Most scopes have no limit by the minute, and need no ring.
const none = new Float64Array(0)

/**
 * When something happened in the last while: exact, eight bytes each. `SlidingCount` would hold a session back for up to a second too long, and could not
 * say when exactly there is room.
 */
export class RecentTimes {
  readonly #spanMs: number
  #ring = none
  #first = 0
  #count = 0

  constructor (spanMs: number) {
    this.#spanMs = spanMs
  }

  /** @param now milliseconds, never less than before */
  add (now: number): void {
    if (this.count(now) === this.#ring.length) this.#grow()
    this.#ring[(this.#first + this.#count) & (this.#ring.length - 1)] = now
    this.#count++
  }

  count (now: number): number {
    while (this.#count > 0 && now - this.#at(0) >= this.#spanMs) {
      this.#first = (this.#first + 1) & (this.#ring.length - 1)
      this.#count--
    }
    return this.#count
  }

  /** Milliseconds until less than `limit` are counted, if nothing is added; 0 where that is so now. `limit` is at least 1. */
  untilBelow (limit: number, now: number): number {
    const over = this.count(now) - limit
    return over < 0 ? 0 : Math.ceil(this.#at(over) + this.#spanMs - now)
  }

  #at (index: number): number {
    return this.#ring[(this.#first + index) & (this.#ring.length - 1)]!
  }

  #grow (): void {
    const larger = new Float64Array(Math.max(fewest, 2 * this.#ring.length))
    for (let i = 0; i < this.#count; i++) larger[i] = this.#at(i)
    this.#ring = larger
    this.#first = 0
  }
}
