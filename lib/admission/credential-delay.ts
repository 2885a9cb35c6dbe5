import { network } from './network.ts'

/** Milliseconds that the first wrong credential of an address waits; each further one waits twice as long, up to `longest`. */
const first = 30
const longest = 1_000

/** Milliseconds without a wrong credential after which an address is forgotten. */
const forgottenAfter = 5 * 60_000

// Addresses that are remembered. Whoever has more of them than that guesses from a botnet, which no table stops.
const mostAddresses = 10_000

/** Remembers from where wrong credentials came, so that guessing gets slow. A right one never waits: others may share the address. */
export class CredentialDelay {
  readonly #now: () => number
  /** The address that failed longest ago is first. */
  readonly #failures = new Map<string, { count: number, at: number }>()

  /** @param now monotonic clock in milliseconds */
  constructor (now: () => number) {
    this.#now = now
  }

  /**
   * A wrong credential came.
   * @param address `undefined` on a Unix socket
   * @returns how many milliseconds its answer has to wait
   */
  failed (address: string | undefined): number {
    const from = network(address)
    const now = this.#now()
    const known = this.#failures.get(from)
    const count = known === undefined || now - known.at > forgottenAfter ? 1 : known.count + 1
    this.#failures.delete(from)
    this.#failures.set(from, { count, at: now })
    if (this.#failures.size > mostAddresses) this.#failures.delete(this.#failures.keys().next().value!)
    return Math.min(longest, first * 2 ** Math.min(count - 1, 10))
  }

  /** Addresses that are remembered. */
  get size (): number {
    return this.#failures.size
  }
}
