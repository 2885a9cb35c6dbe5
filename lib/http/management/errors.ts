import { GatewayError } from '../../errors.ts'
import { KeyAdminError } from '../../keys/error.ts'

/** LiteLLM's error object, which its clients read: `code` is the status as a text. */
interface ErrorBody {
  readonly error: { readonly message: string, readonly type: string, readonly param: string | null, readonly code: string }
}

const types: Readonly<Record<number, string>> = { 400: 'bad_request_error', 401: 'auth_error', 403: 'auth_error', 404: 'not_found_error', 413: 'bad_request_error', 415: 'bad_request_error', 503: 'service_unavailable_error' }

/** A request that the management API refuses. No message holds a secret. */
export class ManagementError extends Error {
  readonly statusCode: number
  readonly param: string | null

  constructor (statusCode: number, message: string, param: string | null = null) {
    super(message)
    this.name = 'ManagementError'
    this.statusCode = statusCode
    this.param = param
  }

  get body (): ErrorBody {
    return { error: { message: this.message, type: types[this.statusCode] ?? 'internal_server_error', param: this.param, code: String(this.statusCode) } }
  }
}

export function notFound (what: 'Key' | 'Team' | 'Session', param: string): ManagementError {
  return new ManagementError(404, `${what} not found.`, param)
}

/** What went wrong, as the client is told it; `undefined` where it is no fault that is known here. */
export function refusalOf (error: unknown): ManagementError | undefined {
  if (error instanceof ManagementError) return error
  if (error instanceof GatewayError) return new ManagementError(error.statusCode, error.statusCode === 401 ? `Authentication Error, ${error.message}` : error.message, error.param)
  if (error instanceof KeyAdminError) return ofStore(error)
  const { statusCode, validation, validationContext, message } = error as { statusCode?: number, validation?: ReadonlyArray<{ instancePath: string, message?: string, params: Readonly<Record<string, unknown>> }>, validationContext?: string, message: string }
  if (validation !== undefined) {
    const [{ instancePath, message: rule, params }] = validation as [typeof validation[0]]
    if (typeof params['additionalProperty'] === 'string') return new ManagementError(400, `${params['additionalProperty']} is not supported here: leave it out.`, params['additionalProperty'])
    const field = instancePath.split('/')[1] ?? (typeof params['missingProperty'] === 'string' ? params['missingProperty'] : null)
    return new ManagementError(400, field === null ? `The ${validationContext} ${rule}.` : `${field} ${instancePath === '' ? 'is required' : rule}.`, field)
  }
  // Fastify's own: a body that is too large, that is no JSON, that pollutes prototypes.
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? new ManagementError(statusCode, message) : undefined
}

const fields: Readonly<Record<string, string>> = { hash: 'key', name: 'key_alias', team: 'team_id', id: 'team_id' }

function ofStore ({ code, field, message }: KeyAdminError): ManagementError {
  const param = fields[field] ?? field
  if (code === 'exists') return new ManagementError(400, param === 'key_alias' ? 'A key with this key_alias already exists. Unique key aliases across all keys are required.' : `${message} Choose another ${param}.`, param)
  return code === 'no_team' ? notFound('Team', param) : new ManagementError(404, message, param)
}
