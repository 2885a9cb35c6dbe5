const size = 32

/** Median and 95th percentile of the last 32 samples. */
export class MovingMedian {
  readonly #samples = new Float64Array(size)
  #count = 0
  #next = 0
  #sorted: Float64Array | undefined

  add (sample: number): void {
    this.#samples[this.#next] = sample
    this.#next = (this.#next + 1) % size
    if (this.#count < size) this.#count++
    this.#sorted = undefined
  }

  /** The median, `undefined` before the first sample. */
  get value (): number | undefined {
    return this.#at(0.5)
  }

  get p95 (): number | undefined {
    return this.#at(0.95)
  }

  #at (share: number): number | undefined {
    if (this.#count === 0) return undefined
    // Sorted when it is read first: a sample comes once a session, but `value` is not read for each.
    this.#sorted ??= this.#samples.slice(0, this.#count).sort()
    return this.#sorted[Math.min(this.#count - 1, Math.floor(share * this.#count))]
  }
}
