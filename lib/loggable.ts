/** What a log may show of an error. */
export interface LoggableError {
  readonly type: string
  readonly code?: string
  readonly message: string
}

// OpenSSL's own form: `…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:file.c:…`.
const openssl = /\berror:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/i

/** An error by its name, code and text alone, in one line: some carry requests, headers and credentials along. */
export function loggable (error: unknown): LoggableError | undefined {
  if (!(error instanceof Error)) return undefined
  // Whoever threw it may have put anything into its fields.
  const { code, name } = error as { code?: unknown, name?: unknown }
  return {
    type: typeof name === 'string' ? name : 'Error',
    ...(typeof code === 'string' && { code }),
    message: textOf(error)
  }
}

function textOf (error: Error): string {
  const { message, errors } = error as { message?: unknown, errors?: unknown }
  // Node tries each address of a host, and keeps what became of each to itself.
  if (message === '' && Array.isArray(errors)) return errors.filter(each => each instanceof Error).map(textOf).join('; ')
  if (typeof message !== 'string') return ''
  const [, reason] = openssl.exec(message) ?? []
  return reason === undefined ? message.replace(/\s+/g, ' ').trim() : `TLS: ${reason.trim()}`
}
