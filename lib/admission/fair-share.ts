// Below this part of the places everybody may take as many as there are.
const actsAbove = 0.8

/**
 * Divides places while they are scarce: then whoever holds more than an even share takes no further one. Somebody who is alone may hold all.
 */
export class FairShare {
  readonly #places: number
  readonly #held = new Map<string, number>()
  #used = 0

  /** @param places how many there are in all */
  constructor (places: number) {
    this.#places = places
  }

  /** How many owners hold places. */
  get owners (): number {
    return this.#held.size
  }

  /**
   * Takes a place for `owner`.
   * @param known how many owners there are in all, where others than the holders of these places are known. Default: the holders and `owner`
   * @returns gives it back; again does nothing. `undefined`: the owner holds more than its share.
   */
  take (owner: string, known = 0): (() => void) | undefined {
    const own = this.#held.get(owner) ?? 0
    const owners = Math.max(known, this.#held.size + (own === 0 ? 1 : 0))
    if (this.#used >= this.#places * actsAbove && own > this.#used / owners) return undefined
    this.#held.set(owner, own + 1)
    this.#used++
    let holds = true
    return () => {
      if (!holds) return
      holds = false
      this.#used--
      const left = this.#held.get(owner)! - 1
      if (left === 0) this.#held.delete(owner)
      else this.#held.set(owner, left)
    }
  }
}
