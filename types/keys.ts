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
  /** Id of the user that it belongs to. */
  readonly user?: string | undefined
  /** Sessions that may live at a time, on all nodes together. More are refused with `rate_limit_exceeded`, 429. `null` or absent: no limit; `0`: none. */
  readonly maxParallelRequests?: number | null | undefined
  /** Sessions that may be opened in any 60 seconds, on all nodes together; beyond, `rate_limit_exceeded`, 429. `null` or absent: no limit; `0`: none. */
  readonly rpmLimit?: number | null | undefined
  /** Seconds that a session may last before it ends with `session_expired`, 1001. `null` or absent: no limit of its own. */
  readonly maxSessionSeconds?: number | null | undefined
  /** Whether a running response may end, for `drainTimeout` at most, before a block, delete or expiry ends the session. Default `false`. */
  readonly finishTurn?: boolean | undefined
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
  /** What its team may do: the key may do no more. Absent: it has no team, or the store knows nothing of the team. */
  readonly teamPolicy?: KeyPolicy | undefined
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
  /** What its team may do: it may do no more. */
  readonly teamPolicy?: KeyPolicy | undefined
}
