import type { ReadFailure } from '../wire/read-failure.ts'
import type { Peer } from './phase.ts'
import type { SessionError } from '../../types/index.ts'

/** Who decides how a session ends. */
export interface LegsOwner {
  /** Whether what the client sends still goes to the upstream. */
  listens (): boolean
  /** Whether the upstream may still be asked for more. */
  asks (): boolean
  /** Something of the upstream's has passed. */
  passed (): void
  fail (error: SessionError, closeCode?: number): void
  ended (peer: Peer, code: number, reason: string, failure?: ReadFailure): void
  /** A socket is closed. */
  gone (peer: Peer): void
}
