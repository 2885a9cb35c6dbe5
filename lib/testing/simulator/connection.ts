import type { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { RealtimeEvent } from '../../../types/index.ts'

/** A message on the wire, as it was. */
export interface SimulatorFrame {
  readonly data: Buffer
  readonly isBinary: boolean
  /** The message as an event; `undefined` when it is not JSON with a `type`. */
  readonly event: RealtimeEvent | undefined
}

/** How a connection ended; 1006: without a close frame, or without ever becoming a session. */
export interface SimulatorEnd { readonly code: number, readonly reason: string }

/**
 * One connection to the simulator, refused ones too. Emits `received` and `sent` with each `SimulatorFrame`, and `end`
 * with a `SimulatorEnd`.
 */
export interface SimulatorConnection extends EventEmitter<ConnectionEvents> {
  /** Counts the simulator's connections, from 0. */
  readonly index: number
  /** Path and query that the client asked for. */
  readonly url: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Subprotocols that the client offered. */
  readonly protocols: readonly string[]
  /** The subprotocol that was selected. */
  readonly protocol: string | undefined
  /** HTTP status of the answer to the upgrade: 101, a refusal, or 0 while there is none. */
  readonly status: number
  /** The latest messages from the client. */
  readonly received: readonly SimulatorFrame[]
  /** The latest messages to the client. */
  readonly sent: readonly SimulatorFrame[]
  /** How many messages have come and gone in all. */
  readonly counts: { readonly received: number, readonly sent: number }
  readonly isOpen: boolean
  /** Resolves when the connection is over. */
  readonly ended: Promise<SimulatorEnd>
  /**
   * The first message from the client that fits, one that has come already or the next to come.
   * @param wanted an event type, or a test.
   * @throws when the connection ends before.
   */
  waitFor (wanted: string | ((frame: SimulatorFrame) => boolean)): Promise<SimulatorFrame>
  /** Sends a message of the test's own: an event, a text or bytes (a binary message). */
  send (message: RealtimeEvent | string | Buffer): void
  /** Puts bytes on the socket as they are, past the WebSocket framing. */
  sendRaw (bytes: Buffer): void
  close (code?: number, reason?: string): void
  /** Breaks the connection without a close frame. Default `rst`. */
  abort (how?: 'rst' | 'fin'): void
  /** Stops reading what the client sends. */
  pause (): void
  resume (): void
}

export interface ConnectionEvents {
  received: [frame: SimulatorFrame]
  sent: [frame: SimulatorFrame]
  end: [end: SimulatorEnd]
}
