import { network } from './network.ts'

/** Counts who is not known yet, in all and for each network. Whoever leaves at zero is forgotten, so there are never more networks than clients. */
export class Strangers {
  readonly #most: number
  readonly #mostOfOne: number
  readonly #networks = new Map<string, number>()
  #count = 0

  constructor (most: number, mostOfOne: number) {
    this.#most = most
    this.#mostOfOne = mostOfOne
  }

  /**
   * @param address `undefined`: it says nothing of who the client is, and only the total counts
   * @returns what ends the count, or which bound is reached
   */
  enter (address: string | undefined): (() => void) | 'total' | 'network' {
    if (this.#count >= this.#most) return 'total'
    const key = address === undefined ? undefined : network(address)
    if (key !== undefined) {
      const there = this.#networks.get(key) ?? 0
      if (there >= this.#mostOfOne) return 'network'
      this.#networks.set(key, there + 1)
    }
    this.#count++
    return () => {
      this.#count--
      if (key === undefined) return
      const left = this.#networks.get(key)! - 1
      if (left === 0) this.#networks.delete(key)
      else this.#networks.set(key, left)
    }
  }
}
