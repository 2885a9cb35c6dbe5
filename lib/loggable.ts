/** What a log may show of an error. */
interface LoggableError {
  readonly type: string
  readonly code?: string
  readonly message: string
}

// OpenSSL's own form: `…:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:file.c:…`.
const openssl = /\berror:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/i

/** Name, code and text of an error, in one line. Nothing else of it is logged: some errors hold requests, headers and credentials. */
export function loggable (error: unknown): LoggableError | undefined {
  if (!(error instanceof Error)) return undefined
  // The fields may hold anything: any code may have thrown it.
  const { code, name } = error as { code?: unknown, name?: unknown }
  return {
    type: typeof name === 'string' ? name : 'Error',
    ...(typeof code === 'string' && { code }),
    message: textOf(error)
  }
}

/** The same with the stack, for errors of the host's own code: they are its to mend, and what hangs on them (a request with its headers) is not logged either. */
export function traced (error: unknown): (LoggableError & { readonly stack?: string }) | undefined {
  const told = loggable(error)
  if (told === undefined) return undefined
  const { stack } = error as { stack?: unknown }
  return typeof stack === 'string' ? { ...told, stack } : told
}

function textOf (error: Error): string {
  const { message, errors } = error as { message?: unknown, errors?: unknown }
  // Where Node has tried several addresses of a host, the text is empty and `errors` has one error for each.
  if (message === '' && Array.isArray(errors)) return errors.filter(each => each instanceof Error).map(textOf).join('; ')
  if (typeof message !== 'string') return ''
  const [, reason] = openssl.exec(message) ?? []
  return reason === undefined ? message.replace(/\s+/g, ' ').trim() : `TLS: ${reason.trim()}`
}
