import type { DialectName } from './dialect.ts'

/**
 * What a key may do: one shape for stored keys, keys in options, and principals of the host's own authentication. It applies for as long as
 * the session lives.
 */
export interface KeyPolicy {
  /** Public model names that may be used, `*` allowed as a wildcard (`xai/*`). Absent or empty: every model. */
  readonly models?: readonly string[] | undefined
  /** When it expires, Unix time in milliseconds. A session that is open then ends with `key_expired`, 3000. Absent: never. */
  readonly expiresAt?: number | undefined
  /** Known but refused. Default `false`. */
  readonly blocked?: boolean | undefined
  /** The team that it belongs to; on `SessionInfo` and in every turn. */
  readonly team?: string | undefined
  /** `false`: its sessions never go to a fallback model. Default `true`. */
  readonly fallbacks?: boolean | undefined
  /** Tags that choose among deployments; see `RoutingOptions.tagFiltering`. A client may name some of them by the header `x-litellm-tags`; with `*` it may name any. */
  readonly tags?: readonly string[] | undefined
  /** The shape in which its clients speak, whatever they say themselves. Default: what they say, else `DialectOptions.client`. */
  readonly dialect?: DialectName | undefined
  /** Anything the host wants to find again on the principal. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** A virtual key as a store keeps it: never the secret, only its SHA-256. */
export interface VirtualKey extends KeyPolicy {
  /** SHA-256 of the secret, 64 lower-case hex digits. It is the key's identity, and no credential. */
  readonly hash: string
  /** A name for logs and lists. */
  readonly name?: string | undefined
}

/** A key as it is written in options: with its secret, or with the secret's hash. */
export interface VirtualKeyOptions extends Omit<KeyPolicy, 'expiresAt'> {
  /** The secret itself. It is hashed at registration and not kept. Exactly one of `key` and `hash`. */
  readonly key?: string | undefined
  /** SHA-256 of the secret in hex. Exactly one of `key` and `hash`. */
  readonly hash?: string | undefined
  /** A name for logs and lists. */
  readonly name?: string | undefined
  /** See `KeyPolicy.expiresAt`: a `Date`, an ISO 8601 text, or Unix time in milliseconds. */
  readonly expiresAt?: Date | string | number | undefined
}

/**
 * Where virtual keys are looked up. A store that cannot answer must reject: the client then gets
 * 503 `store_unavailable`, never a 401 that would make it throw a good key away.
 */
export interface KeyStore {
  /** The key with this hash (64 lower-case hex digits), or `undefined` when there is none. */
  findByHash (hash: string): Promise<VirtualKey | undefined>
}

/** Who a session belongs to, and what it may do: what authentication gives. */
export interface Principal extends KeyPolicy {
  /** Stable and safe to log: the key's name, or the first digits of its hash, or the host's own user id. */
  readonly id: string
  /** SHA-256 of the virtual key, when one was used. */
  readonly keyHash?: string | undefined
}
