import type { Duplex } from 'node:stream'

/** A socket after its WebSocket handshake, with the bytes that came right behind it. */
export interface UpgradedSocket {
  readonly socket: Duplex
  readonly head: Buffer
}
