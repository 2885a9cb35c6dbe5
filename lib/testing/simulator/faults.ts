import type { FatalErrorCode } from './errors.ts'

/**
 * The moment of a fault within a session: right after the server sent an event of this type (its `count`th one,
 * default the first), or so long after the session was opened.
 */
export type FaultMoment = { readonly event: string, readonly count?: number } | { readonly ms: number }

/** Something that goes wrong. Times are in milliseconds on the wall clock. */
export type SimulatorFault =
  // Before the handshake is answered:
  /** The upgrade is answered with this HTTP status (401, 403, 404, 429, 500, 503, 302, 200 …). */
  | { readonly type: 'refuse', readonly status: number, readonly headers?: Readonly<Record<string, string>>, readonly body?: string }
  /** The TCP connection is accepted and the upgrade never answered. */
  | { readonly type: 'hang' }
  /** The handshake comes late. */
  | { readonly type: 'delay', readonly ms: number }
  /** The handshake is answered one byte at a time, `everyMs` (default 1000) apart. */
  | { readonly type: 'dribble', readonly everyMs?: number }
  /** The connection is closed without an answer; `how` default `fin`. */
  | { readonly type: 'drop', readonly how?: 'rst' | 'fin' }
  /** 101 with a wrong `Sec-WebSocket-Accept`. */
  | { readonly type: 'bad_accept' }
  // Before the first event:
  /** 101, and then never an event. */
  | { readonly type: 'silent' }
  /** The first event comes late. */
  | { readonly type: 'late_first_event', readonly ms: number }
  /** An `error` event comes first, then the close code that belongs to it. */
  | { readonly type: 'error_first', readonly code: FatalErrorCode }
  /** The socket is closed before the first event. */
  | { readonly type: 'close_first', readonly code: number, readonly reason?: string }
  // In the session:
  /** The connection breaks without a close frame. Default: after the first audio delta. */
  | { readonly type: 'abort', readonly how?: 'rst' | 'fin', readonly after?: FaultMoment }
  /** The server closes. Default: after the first audio delta. */
  | { readonly type: 'close', readonly code: number, readonly reason?: string, readonly after?: FaultMoment }
  /** The session's time is up after so long: the provider's error event, then its close code. */
  | { readonly type: 'session_cap', readonly afterMs: number }
  /** The first `responses` (default 1) responses fail. Default code `inference_rate_limit_exceeded`. */
  | { readonly type: 'fail_response', readonly code?: string, readonly message?: string, readonly responses?: number }
  /** One text message of exactly `bytes` (default 17 MiB) is sent. Default: after the first audio delta. */
  | { readonly type: 'oversized', readonly bytes?: number, readonly after?: FaultMoment }
  /** One binary message is sent. Default: 1024 bytes after the first audio delta. */
  | { readonly type: 'binary', readonly data?: Buffer, readonly after?: FaultMoment }
  /** These bytes are put on the socket as they are, past the WebSocket framing. */
  | { readonly type: 'raw', readonly data: Buffer, readonly after?: FaultMoment }
  /** The server stops reading, for `ms` or for good. Default: right after the first event. */
  | { readonly type: 'stall', readonly ms?: number, readonly after?: FaultMoment }

/** Faults for the next connections. */
interface FaultQueue {
  /**
   * Plans faults that happen together on each of the next `connections` (default 1) connections, behind what is planned already.
   * @returns a function that takes back what has not happened yet.
   */
  inject (faults: SimulatorFault | readonly SimulatorFault[], connections?: number): () => void
  /** The faults of the next connection. */
  take (): readonly SimulatorFault[]
}

export function createFaultQueue (): FaultQueue {
  const plans: { faults: readonly SimulatorFault[], left: number }[] = []
  return {
    inject (faults, connections = 1) {
      const plan = { faults: 'type' in faults ? [faults] : faults, left: connections }
      plans.push(plan)
      return () => { plan.left = 0 }
    },
    take () {
      while (plans[0] && plans[0].left <= 0) plans.shift()
      const plan = plans[0]
      if (!plan) return []
      plan.left--
      return plan.faults
    }
  }
}

/** The fault of this type among a connection's faults. */
export function faultOf<T extends SimulatorFault['type']> (
  faults: readonly SimulatorFault[], type: T
): Extract<SimulatorFault, { type: T }> | undefined {
  return faults.find((fault): fault is Extract<SimulatorFault, { type: T }> => fault.type === type)
}
