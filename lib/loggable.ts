/** What a log may show of an error. */
export interface LoggableError {
  readonly type: string
  readonly code?: string
  readonly message: string
}

/** An error by its name, code and text alone: some carry requests, headers and credentials along. */
export function loggable (error: unknown): LoggableError | undefined {
  if (!(error instanceof Error)) return undefined
  // Whoever threw it may have put anything into its fields.
  const { code, name, message } = error as { code?: unknown, name?: unknown, message?: unknown }
  return {
    type: typeof name === 'string' ? name : 'Error',
    ...(typeof code === 'string' && { code }),
    message: typeof message === 'string' ? message : ''
  }
}
