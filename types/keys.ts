import type { DialectName } from './dialect.ts'

/** A virtual key as a store keeps it: never the secret, only its SHA-256. */
export interface VirtualKey {
  /** SHA-256 of the secret, 64 lower-case hex digits. It is the key's identity, and no credential. */
  readonly hash: string
  /** A name for logs and lists. */
  readonly name?: string
  /** Public model names that the key may use, `*` allowed as a wildcard (`xai/*`). Absent or empty: every model. */
  readonly models?: readonly string[]
  /** When the key stops working, Unix time in milliseconds. Absent: never. */
  readonly expiresAt?: number
  /** A blocked key is known but refused. Default `false`. */
  readonly blocked?: boolean
  /** `false`: sessions of this key never go to a fallback model. Default `true`. */
  readonly fallbacks?: boolean
  /** Tags that choose among deployments; see `RoutingOptions.tagFiltering`. */
  readonly tags?: readonly string[]
  /** The shape in which the clients of this key speak, whatever they say themselves. Default: what they say, else `DialectOptions.client`. */
  readonly dialect?: DialectName
  /** Anything the host wants to find again on the session. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A key as it is written in options: with its secret, or with the secret's hash. */
export interface VirtualKeyOptions {
  /** The secret itself. It is hashed at registration and not kept. Exactly one of `key` and `hash`. */
  readonly key?: string
  /** SHA-256 of the secret in hex. Exactly one of `key` and `hash`. */
  readonly hash?: string
  readonly name?: string
  readonly models?: readonly string[]
  /** A `Date`, an ISO 8601 text, or Unix time in milliseconds. */
  readonly expiresAt?: Date | string | number
  readonly blocked?: boolean
  readonly fallbacks?: boolean
  readonly tags?: readonly string[]
  readonly dialect?: DialectName
  readonly metadata?: Readonly<Record<string, unknown>>
}

/**
 * Where virtual keys are looked up. A store that cannot answer must reject: the client then gets
 * 503 `store_unavailable`, never a 401 that would make it throw a good key away.
 */
export interface KeyStore {
  /** The key with this hash (64 lower-case hex digits), or `undefined` when there is none. */
  findByHash (hash: string): Promise<VirtualKey | undefined>
}

/** Who a session belongs to: what authentication gives. */
export interface Principal {
  /** Stable and safe to log: the key's name, or the first digits of its hash, or the host's own user id. */
  readonly id: string
  /** SHA-256 of the virtual key, when one was used. */
  readonly keyHash?: string
  /** Public model names that may be used, `*` allowed as a wildcard. Absent or empty: every model. */
  readonly models?: readonly string[]
  /** `false`: its sessions never go to a fallback model. Default `true`. */
  readonly fallbacks?: boolean
  /** Tags that choose among deployments; see `RoutingOptions.tagFiltering`. */
  readonly tags?: readonly string[]
  /** The shape in which its clients speak, whatever they say themselves. Default: what they say, else `DialectOptions.client`. */
  readonly dialect?: DialectName
  readonly metadata?: Readonly<Record<string, unknown>>
}
