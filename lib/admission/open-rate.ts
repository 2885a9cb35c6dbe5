import { TokenBucket } from '../token-bucket.ts'

// From so many owners on, those whose bucket is full again are forgotten: a new one is the same.
const manyOwners = 1_000

/** How fast each owner may open sessions. */
export class OpenRate {
  readonly #rate: number
  readonly #burst: number
  readonly #owners = new Map<string, TokenBucket>()
  #forgetAt = manyOwners

  /** @param rate sessions a second, of which `burst` may come at once */
  constructor (rate: number, burst: number) {
    this.#rate = rate
    this.#burst = burst
  }

  /** @param now monotonic, in milliseconds */
  admits (owner: string, now: number): boolean {
    let bucket = this.#owners.get(owner)
    if (bucket === undefined) {
      if (this.#owners.size >= this.#forgetAt) this.#forgetFull(now)
      bucket = new TokenBucket(this.#rate, this.#burst, now)
      this.#owners.set(owner, bucket)
    }
    return bucket.take(1, now)
  }

  /** Owners that are remembered. */
  get size (): number {
    return this.#owners.size
  }

  #forgetFull (now: number): void {
    for (const [owner, bucket] of this.#owners) if (bucket.isFull(now)) this.#owners.delete(owner)
    this.#forgetAt = Math.max(manyOwners, 2 * this.#owners.size)
  }
}
