/** A token bucket: `burst` at once, `rate` a second for long. */
export class TokenBucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor (rate: number, burst: number, now: number) {
    this.#rate = rate
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Whether nothing of it is used at the time `now`. */
  isFull (now: number): boolean {
    return this.#tokens + (now - this.#at) * this.#rate / 1000 >= this.#burst
  }

  /** Takes `count` tokens at the time `now` (milliseconds), or none and says no. */
  take (count: number, now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#rate / 1000)
    this.#at = now
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }
}
