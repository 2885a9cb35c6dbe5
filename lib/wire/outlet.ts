import type { Duplex } from 'node:stream'
import type { HeldBytes } from './held-bytes.ts'
import { isSecure, isSocket } from './socket-kind.ts'
import { discard } from './spent.ts'

/** What an outlet tells its leg. */
export interface OutletEvents {
  /** The peer took something of what had waited for it. */
  taken (): void
  /** What waits for the peer has shrunk below the low-water mark; only after `awaitDrain`, and once. */
  drained (): void
}

// A write of this size is always followed up to its end, a smaller one only where something waits already: most are done when they return.
const large = 16 * 1024

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
  readonly #held: HeldBytes | undefined
  /** What of the backlog is counted as held. */
  #counted = 0
  #waiting = false

  constructor (socket: Duplex, lowWaterMark: number, events: OutletEvents, held?: HeldBytes) {
    this.#socket = socket
    this.#lowWaterMark = lowWaterMark
    this.#events = events
    this.#held = held
    this.#isOwn = isSocket(socket)
    if (isSecure(socket)) this.#spent = []
  }

  /** Bytes that the system has not taken. */
  get backlog (): number {
    return this.#socket.writableLength
  }

  // One function for all writes: a closure for each would be garbage for each.
  write (bytes: Buffer): void {
    const socket = this.#socket
    const backlog = socket.writableLength
    if (backlog + bytes.length >= this.#lowWaterMark) socket.write(bytes, this.#taken)
    else if (backlog > 0 || bytes.length >= large || this.#spent !== undefined) socket.write(bytes, this.#sent)
    else {
      socket.write(bytes)
      return
    }
    if (backlog > 0) this.#count(socket.writableLength)
  }

  /** The socket is closed, and holds nothing any more. */
  close (): void {
    this.#count(0)
  }

  #count (backlog: number): void {
    if (this.#held === undefined || backlog === this.#counted) return
    const more = backlog - this.#counted
    this.#counted = backlog
    this.#held.add(more)
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
    this.#sent()
    if (this.#waiting && this.#socket.writableLength < this.#lowWaterMark) {
      this.#waiting = false
      this.#events.drained()
    }
  }

  readonly #sent = (): void => {
    const backlog = this.#socket.writableLength
    if (this.#counted > 0) this.#count(backlog)
    if (backlog > 0 || this.#spent === undefined) return
    for (const chunk of this.#spent.splice(0)) discard(chunk)
  }
}
