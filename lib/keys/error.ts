/** Why a change of keys or teams is refused: the request is at fault, and not the store. */
export type KeyAdminErrorCode = 'not_found' | 'exists' | 'no_team'

/** A change that a `KeyAdmin` refuses. */
export class KeyAdminError extends Error {
  readonly code: KeyAdminErrorCode
  /** The field at fault: `hash`, `name`, `team`, `id`. */
  readonly field: string

  constructor (code: KeyAdminErrorCode, field: string, message: string) {
    super(message)
    this.name = 'KeyAdminError'
    this.code = code
    this.field = field
  }
}
