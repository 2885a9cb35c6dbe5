// One slot more than a minute has seconds: the first and the last second of any 60 seconds may both be partly over.
const slots = 61
const slotMs = 1_000

/** A sum over the last 60 seconds, to the second, in constant space. */
export class SlidingCount {
  readonly #sums = new Float64Array(slots)
  #total = 0
  #slot = 0

  /** @param now milliseconds, never less than before */
  add (amount: number, now: number): void {
    this.#advance(now)
    this.#sums[this.#slot % slots]! += amount
    this.#total += amount
  }

  total (now: number): number {
    this.#advance(now)
    return this.#total
  }

  /** Milliseconds until less than `limit` is counted, if nothing is added; 0 where that is so now. */
  untilBelow (limit: number, now: number): number {
    this.#advance(now)
    let left = this.#total
    if (left < limit) return 0
    for (let slot = this.#slot - slots + 1; slot <= this.#slot; slot++) {
      left -= this.#sums[(slot + slots) % slots]!
      if (left < limit) return (slot + slots) * slotMs - now
    }
    return Infinity
  }

  #advance (now: number): void {
    const slot = Math.floor(now / slotMs)
    if (slot === this.#slot) return
    if (slot - this.#slot >= slots) {
      this.#sums.fill(0)
      this.#total = 0
    } else {
      for (let old = this.#slot + 1; old <= slot; old++) {
        this.#total -= this.#sums[old % slots]!
        this.#sums[old % slots] = 0
      }
    }
    this.#slot = slot
  }
}
