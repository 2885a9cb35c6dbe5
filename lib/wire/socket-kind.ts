import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** Whether a stream is a connection of Node's own: what it was given is gone when the write is done, and what it gives is nobody else's. */
export function isSocket (stream: Duplex): boolean {
  return stream instanceof Socket
}

/** Whether what is written to it goes out encrypted, and not before the write returns. */
export function isSecure (stream: Duplex): boolean {
  return stream instanceof TLSSocket
}
