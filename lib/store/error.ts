import createError from '@fastify/error'

interface CodedError extends Error {
  readonly code: string
}

/** A database cannot be used, and the operator has to do something: the message says what. */
export const StoreError: new (what: string) => CodedError = createError('RTG_ERR_STORE', 'realtime gateway: %s', 500)
