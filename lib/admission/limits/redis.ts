import { scriptCall } from './redis-call.ts'
import type { RedisScripting } from './redis-call.ts'
import { acquireScript, releaseScript, renewScript } from './redis-scripts.ts'
import { defaultLeaseMs, minuteMs, placeMs } from './rules.ts'
import type { LimitClaim, LimitStore } from '../../../types/index.ts'

/** Claims in one script: Redis serves nobody else meanwhile. */
const mostAtOnce = 100

export interface RedisLimitStoreOptions {
  /** See `LimitStore.leaseMs`. Default 30 000. */
  readonly leaseMs?: number | undefined
  /** What all keys begin with, without braces. Default `realtime-gateway:`. */
  readonly prefix?: string | undefined
  /** Milliseconds after which a call that Redis has not answered rejects. Default 2 000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Limits that all nodes count together in Redis (5 or newer) or Valkey, alone or as a cluster: one script an admission, in one round trip. The client stays the
 * caller's: whoever made it closes it. Nothing stays in Redis: claims are gone `leaseMs` after the last renewal, minutes after a minute. If Redis loses what
 * it knows, sessions are counted again at their next renewal, within a third of `leaseMs`; until then new ones may come in their place.
 *
 * A client of node-redis is put into the shape of ioredis first:
 * ```ts
 * const client = await createClient({ url }).connect()
 * const split = (count: number, all: string[]) => ({ keys: all.slice(0, count), arguments: all.slice(count) })
 * const limitStore = createRedisLimitStore({
 *   evalsha: (sha1, count, ...all) => client.evalSha(sha1, split(count, all)),
 *   eval: (script, count, ...all) => client.eval(script, split(count, all))
 * })
 * ```
 * @throws Error if the prefix has a brace in it: it would decide where in a cluster a key lives
 */
export function createRedisLimitStore (client: RedisScripting, { leaseMs = defaultLeaseMs, prefix = 'realtime-gateway:', timeoutMs = 2_000 }: RedisLimitStoreOptions = {}): LimitStore {
  if (/[{}]/.test(prefix)) throw new Error('The prefix of a Redis limit store must not have braces in it')
  const acquire = scriptCall(client, acquireScript, timeoutMs)
  const renew = scriptCall(client, renewScript, timeoutMs)
  const release = scriptCall(client, releaseScript, timeoutMs)

  const key = (group: string, kind: 'held' | 'taken', scope: string): string => `${prefix}{${hashTag(group)}}:${kind}:${scope}`

  /** The sorted sets of these claims, which are all of one group, and the number of a set by its scope. */
  function heldKeys (claims: readonly LimitClaim[]): { keys: readonly string[], numberOf: (scope: string) => string } {
    const numbers = new Map<string, number>()
    for (const { scopes } of claims) for (const { id } of scopes) if (!numbers.has(id)) numbers.set(id, numbers.size + 1)
    return { keys: [...numbers.keys()].map(id => key(claims[0]!.group, 'held', id)), numberOf: scope => `${numbers.get(scope)}` }
  }

  return {
    leaseMs,

    async acquire ({ id, group, scopes }) {
      const keys = scopes.flatMap(({ id }) => [key(group, 'held', id), key(group, 'taken', id)])
      const limits = scopes.flatMap(({ maxParallel, perMinute }) => [written(maxParallel), written(perMinute)])
      const answer = await acquire(keys, [id, `${leaseMs}`, `${minuteMs}`, `${placeMs}`, ...limits]) as null | [number, number, number]
      if (answer === null) return undefined
      const [number, limit, retryAfterMs] = answer
      return { scope: scopes[(number - 1) / 2]!.id, limit: limit === 1 ? 'maxParallel' : 'perMinute', retryAfterMs }
    },

    async renew (claims) {
      const lost = await Promise.all(together(claims).map(async part => {
        const { keys, numberOf } = heldKeys(part)
        const args = part.flatMap(({ id, scopes }) => [id, `${scopes.length}`, ...scopes.flatMap(({ id, maxParallel }) => [numberOf(id), written(maxParallel)])])
        const numbers = await renew(keys, [`${leaseMs}`, ...args]) as number[]
        return numbers.map(number => part[number]!.id)
      }))
      return lost.flat()
    },

    async release (claims) {
      await Promise.all(together(claims).map(part => {
        const { keys, numberOf } = heldKeys(part)
        return release(keys, part.flatMap(({ id, scopes }) => scopes.flatMap(scope => [numberOf(scope.id), id])))
      }))
    }
  }
}

function written (limit: number | undefined): string {
  return limit === undefined ? '' : `${limit}`
}

/** A tag ends at its first closing brace, and an empty one is none. */
function hashTag (group: string): string {
  return group === '' ? '%' : group.replaceAll('%', '%25').replaceAll('}', '%7D')
}

/** Claims that may be in one script: of one group, and not too many. */
function together (claims: readonly LimitClaim[]): LimitClaim[][] {
  const parts: LimitClaim[][] = []
  const open = new Map<string, LimitClaim[]>()
  for (const claim of claims) {
    let part = open.get(claim.group)
    if (part === undefined || part.length === mostAtOnce) {
      part = []
      parts.push(part)
      open.set(claim.group, part)
    }
    part.push(claim)
  }
  return parts
}
