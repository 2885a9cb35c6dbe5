/** Something that ends unless it is renewed. */
export interface Leased {
  until: number
  before?: Leased | undefined
  after?: Leased | undefined
}

/**
 * Leases of one length, so that whoever was renewed last ends last: none has a timer, and none is looked at twice. A list of links, because a `Map` that is
 * emptied from its front is read from its first gap at every look.
 */
export class LeaseQueue<T extends Leased> {
  #first: T | undefined
  #last: T | undefined

  /** Puts it behind all others. `until` is not less than theirs. */
  push (lease: T, until: number): void {
    lease.until = until
    lease.before = this.#last
    lease.after = undefined
    if (this.#last === undefined) this.#first = lease
    else this.#last.after = lease
    this.#last = lease
  }

  /** Takes out one that is in the queue. */
  remove (lease: T): void {
    const { before, after } = lease as { before?: T, after?: T }
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
  }

  /** The next that is over, if there is one. */
  over (now: number): T | undefined {
    return this.#first !== undefined && this.#first.until <= now ? this.#first : undefined
  }
}
