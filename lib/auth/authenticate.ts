import type { FastifyRequest } from 'fastify'
import { GatewayError } from '../errors.ts'
import { hashKey, sameHash } from '../keys/hash.ts'
import { outOfForce, principalOf } from '../keys/policy.ts'
import type { Authenticate, KeyStore, Principal, VirtualKey } from '../../types/index.ts'

export interface AuthenticatorOptions {
  readonly authenticate?: Authenticate
  readonly masterKeyHash?: string
  /** Asked in this order. */
  readonly stores: readonly KeyStore[]
  /** Unix time in milliseconds. */
  readonly time: () => number
}

export interface Authenticated {
  readonly principal: Principal
  /** The store that knows its key, where one does. */
  readonly store?: KeyStore | undefined
}

export type Authenticator = (request: FastifyRequest, credential: string | undefined) => Promise<Authenticated>

/**
 * Turns a credential into a principal: the host's hook is asked first, then the master key, then the stores. A client gets in only where one of
 * them says so.
 */
export function createAuthenticator ({ authenticate, masterKeyHash, stores, time }: AuthenticatorOptions): Authenticator {
  return async (request, credential) => {
    if (authenticate !== undefined) {
      const principal = await asked(async () => checked(await authenticate(request, credential)))
      if (principal === null) throw new GatewayError('invalid_api_key')
      if (principal !== undefined) return { principal: inForce(principal, time()) }
    }
    if (credential === undefined) {
      throw new GatewayError(request.headers.authorization === undefined ? 'missing_api_key' : 'invalid_api_key')
    }
    const hash = hashKey(credential)
    if (masterKeyHash !== undefined && sameHash(hash, masterKeyHash)) return { principal: { id: 'master', keyHash: hash, tags: ['*'] } }
    for (const store of stores) {
      // The contract says `undefined`, but a host's store may give `null` for a key that it does not know.
      const key: VirtualKey | null | undefined = await asked(() => store.findByHash(hash))
      if (key != null && sameHash(key.hash, hash)) return { principal: inForce(principalOf(key), time()), store }
    }
    throw new GatewayError('invalid_api_key')
  }
}

// A host's hook may give `true` or `false` by mistake. `true`, taken for a principal, would let everybody in with every model.
function checked (answer: Principal | null | undefined): Principal | null | undefined {
  if (answer === undefined || answer === null) return answer
  if (typeof answer !== 'object' || typeof answer.id !== 'string') throw new TypeError('authenticate must give a principal with an id, null or undefined')
  return answer
}

/** @throws GatewayError where its policy lets nobody in now */
function inForce (principal: Principal, now: number): Principal {
  const code = outOfForce(principal, now)
  if (code !== undefined) throw new GatewayError(code)
  return principal
}

/** A failure is not a refusal: the client gets 503 and comes back with the same key. */
async function asked<T> (ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    throw new GatewayError('store_unavailable', { cause })
  }
}
