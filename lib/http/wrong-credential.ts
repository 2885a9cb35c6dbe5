import { setTimeout as wait } from 'node:timers/promises'
import { CredentialDelay } from '../admission/credential-delay.ts'
import { GatewayError } from '../errors.ts'
import type { GatewayErrorCode } from '../errors.ts'

const wrong: ReadonlySet<GatewayErrorCode> = new Set(['invalid_api_key', 'key_expired', 'key_blocked'])

/** Lets the answer to a wrong credential wait, longer with each from the same address. */
export interface WrongCredentials {
  /**
   * Returns when the refusal may be sent; at once where it is not about the credential.
   * @param address of the client, as the host's `trustProxy` has it; `undefined` on a Unix socket
   * @param signal aborted when the client is gone
   * @throws GatewayError `at_capacity` where too many wait already: what they hold is bounded
   */
  slow (cause: unknown, address: string | undefined, signal: AbortSignal): Promise<void>
}

/**
 * @param now monotonic clock in milliseconds
 * @param mostWaiting answers that may wait at a time
 */
export function createWrongCredentials (now: () => number, mostWaiting: number): WrongCredentials {
  const delay = new CredentialDelay(now)
  let waiting = 0
  return {
    async slow (cause, address, signal) {
      if (!(cause instanceof GatewayError) || !wrong.has(cause.code)) return
      const ms = delay.failed(address)
      if (waiting >= mostWaiting) throw new GatewayError('at_capacity')
      waiting++
      try {
        await wait(ms, undefined, { signal })
      } catch {
        // The client has left, and hears nothing any more.
      } finally {
        waiting--
      }
    }
  }
}
