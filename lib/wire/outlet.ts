import type { Duplex } from 'node:stream'
import { isSecure, isSocket } from './socket-kind.ts'
import { discard } from './spent.ts'

/** What an outlet tells its leg. */
export interface OutletEvents {
  /** The peer took something of what had waited for it. */
  taken (): void
  /** What waits for the peer has shrunk below the low-water mark; only after `awaitDrain`, and once. */
  drained (): void
}

// More chunks than that are left to the garbage collector: their peer is slow, and what waits for it holds them anyway.
const mostSpent = 16

/** The writing end of a leg. */
export class Outlet {
  readonly #socket: Duplex
  readonly #lowWaterMark: number
  readonly #isOwn: boolean
  readonly #events: OutletEvents
  /** Chunks that the other leg has read and that have not been sent yet. Absent without TLS, where nearly every write is done when it returns. */
  readonly #spent: Buffer[] | undefined
  #waiting = false

  constructor (socket: Duplex, lowWaterMark: number, events: OutletEvents) {
    this.#socket = socket
    this.#lowWaterMark = lowWaterMark
    this.#events = events
    this.#isOwn = isSocket(socket)
    if (isSecure(socket)) this.#spent = []
  }

  /** Bytes that the system has not taken. */
  get backlog (): number {
    return this.#socket.writableLength
  }

  // One function for all writes: a closure for each would be garbage for each.
  write (bytes: Buffer): void {
    if (this.#socket.writableLength + bytes.length >= this.#lowWaterMark) this.#socket.write(bytes, this.#taken)
    else if (this.#spent !== undefined) this.#socket.write(bytes, this.#sent)
    else this.#socket.write(bytes)
  }

  awaitDrain (): void {
    this.#waiting = true
  }

  /** Takes a chunk that the other leg has read, and gives its memory back as soon as nothing of it waits here. */
  spend (chunk: Buffer): void {
    // What another kind of stream was given, it may hold.
    if (!this.#isOwn) return
    if (this.#socket.writableLength === 0) discard(chunk)
    else if (this.#spent !== undefined && this.#spent.push(chunk) > mostSpent) this.#spent.length = 0
  }

  readonly #taken = (): void => {
    this.#events.taken()
    if (this.#waiting && this.#socket.writableLength < this.#lowWaterMark) {
      this.#waiting = false
      this.#events.drained()
    }
  }

  readonly #sent = (): void => {
    if (this.#socket.writableLength > 0) return
    for (const chunk of this.#spent!.splice(0)) discard(chunk)
  }
}
