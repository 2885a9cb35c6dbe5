import { GatewayError } from '../errors.ts'
import type { Authority, Subject } from '../keys/authority.ts'
import type { Principal } from '../../types/index.ts'

/** What the owner of a session may do by now: its key may change while the client waits for an answer, and while the session lives. */
export class Standing implements Subject {
  principal: Principal
  #refusal: GatewayError | undefined
  #session: Pick<Subject, 'changed' | 'revoked'> | undefined

  constructor (principal: Principal) {
    this.principal = principal
  }

  /** From now on the session hears of changes. It may have missed none: see `check`. */
  join (session: Pick<Subject, 'changed' | 'revoked'>): void {
    this.#session = session
  }

  /** @throws GatewayError where the key was revoked since the client was let in */
  check (): void {
    if (this.#refusal !== undefined) throw this.#refusal
  }

  changed (principal: Principal): void {
    this.principal = principal
    this.#session?.changed(principal)
  }

  revoked (error: GatewayError, principal: Principal = this.principal): void {
    this.#refusal ??= error
    this.#session?.revoked(error, principal)
  }
}

/** Keeps no key in step: there is no store that tells of changes. */
export const noAuthority: Pick<Authority, 'generation' | 'track'> = { generation: 0, track: () => () => {} }
