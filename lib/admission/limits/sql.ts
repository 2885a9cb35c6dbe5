import { createBatches } from './batches.ts'
import { defaultLeaseMs, minuteMs, placeMs } from './rules.ts'
import type { Database, Queries } from '../../store/database.ts'
import type { LimitClaim, LimitRefusal, LimitScope, LimitStore } from '../../../types/index.ts'

/** Both ends of a minute are cut to milliseconds: one more, so that none is too short. */
const windowMs = minuteMs + 1
/** Pairs of a scope and a claim in one statement. */
const mostPairs = 256

export interface SqlLimitStoreOptions {
  /** See `LimitStore.leaseMs`. Default 30 000. */
  readonly leaseMs?: number | undefined
  /** Unix time in milliseconds, for SQLite, whose processes share a machine. Default: the system's. PostgreSQL has a clock of its own. */
  readonly time?: (() => number) | undefined
}

type Pair = readonly [scope: string, id: string]

/**
 * Limits that all processes count together in a database. Admissions are transactions, which wait for each other on all nodes; what comes meanwhile shares the
 * next one. Where that is too slow, Redis counts. What is over is deleted with the next renewal of any claim.
 */
export function createSqlLimitStore (database: Database, { leaseMs = defaultLeaseMs, time = Date.now }: SqlLimitStoreOptions = {}): LimitStore {
  /** Told within a transaction, so that it never goes back from one to the next. The transaction waits for no disk: who had a claim when the power went has no session now. */
  async function now ({ query }: Queries): Promise<number> {
    if (database.engine === 'sqlite') return time()
    const [row] = await query("SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT) AS now, set_config('synchronous_commit', 'off', true)")
    return Number(row!['now'])
  }

  async function hold ({ query }: Queries, pairs: readonly Pair[], at: number): Promise<void> {
    if (pairs.length === 0) return
    const rows = pairs.map(() => '(?, ?, ?)').join(', ')
    await query(`INSERT INTO realtime_gateway.limit_claims (scope, id, until) VALUES ${rows} ON CONFLICT (scope, id) DO UPDATE SET until = excluded.until`,
      pairs.flatMap(pair => [...pair, at + leaseMs]))
  }

  async function sweep ({ query }: Queries, at: number): Promise<void> {
    await query('DELETE FROM realtime_gateway.limit_claims WHERE until <= ?', [at])
    await query('DELETE FROM realtime_gateway.limit_taken WHERE at <= ?', [at - windowMs])
  }

  /** Takes those anew that are not held in all their scopes, one after the other. */
  async function retake (queries: Queries, claim: LimitClaim, at: number): Promise<boolean> {
    const states = await statesOf(queries, claim, at)
    const room = claim.scopes.every(({ maxParallel = Infinity }, i) => states[i]!.mine || states[i]!.held < maxParallel)
    if (room) await hold(queries, pairsOf(claim), at)
    else await remove(queries, pairsOf(claim))
    return room
  }

  async function admit (queries: Queries, claim: LimitClaim, at: number): Promise<LimitRefusal | undefined> {
    const states = await statesOf(queries, claim, at)
    for (const [i, scope] of claim.scopes.entries()) {
      const refused = states[i]!.mine ? undefined : await refusal(queries, scope, states[i]!, at)
      if (refused !== undefined) return refused
    }
    const missing = claim.scopes.filter((_, i) => !states[i]!.mine)
    await hold(queries, missing.map(({ id }) => [written(id), written(claim.id)]), at)
    await count(queries, missing.filter(({ perMinute }) => perMinute !== undefined), at)
    return undefined
  }

  const acquire = createBatches<LimitClaim, LimitRefusal | undefined>(claims => database.transaction(async queries => {
    const at = await now(queries)
    const answers: Array<LimitRefusal | undefined> = []
    for (const claim of claims) answers.push(await admit(queries, claim, at))
    return answers
  }))

  return {
    leaseMs,

    acquire,

    async renew (claims) {
      if (claims.length === 0) return []
      return await database.transaction(async queries => {
        const at = await now(queries)
        await sweep(queries, at)
        const renewed = new Map<string, number>()
        for (const part of parts(claims.flatMap(pairsOf))) {
          const rows = await queries.query(`UPDATE realtime_gateway.limit_claims SET until = ? WHERE ${among(part)} RETURNING id`, [at + leaseMs, ...part.flat()])
          for (const { id } of rows) renewed.set(String(id), (renewed.get(String(id)) ?? 0) + 1)
        }
        const lost: string[] = []
        for (const claim of claims) {
          if ((renewed.get(written(claim.id)) ?? 0) < claim.scopes.length && !await retake(queries, claim, at)) lost.push(claim.id)
        }
        return lost
      })
    },

    async release (claims) {
      if (claims.length === 0) return
      await database.transaction(async queries => {
        await now(queries)
        await remove(queries, claims.flatMap(pairsOf))
      })
    }
  }
}

interface State {
  readonly held: number
  readonly taken: number
  /** The claim that is asked for is held. */
  readonly mine: boolean
}

/** What the scopes of a claim have counted, by one statement. */
async function statesOf ({ query }: Queries, { id, scopes }: LimitClaim, at: number): Promise<State[]> {
  const selects = scopes.map((_, number) => `SELECT ${number} AS number,
    (SELECT COUNT(*) FROM realtime_gateway.limit_claims WHERE scope = ? AND until > ?) AS held,
    (SELECT COUNT(*) FROM realtime_gateway.limit_taken WHERE scope = ? AND at > ?) AS taken,
    (SELECT COUNT(*) FROM realtime_gateway.limit_claims WHERE scope = ? AND id = ? AND until > ?) AS mine`)
  const params = scopes.map(scope => written(scope.id)).flatMap(scope => [scope, at, scope, at - windowMs, scope, written(id), at])
  const rows = await query(`${selects.join(' UNION ALL ')} ORDER BY number`, params)
  return rows.map(row => ({ held: Number(row['held']), taken: Number(row['taken']), mine: Number(row['mine']) > 0 }))
}

async function refusal ({ query }: Queries, { id, maxParallel = Infinity, perMinute = Infinity }: LimitScope, { held, taken }: State, at: number): Promise<LimitRefusal | undefined> {
  if (held >= maxParallel) return { scope: id, limit: 'maxParallel', retryAfterMs: placeMs }
  if (taken < perMinute) return undefined
  if (perMinute < 1) return { scope: id, limit: 'perMinute', retryAfterMs: minuteMs }
  // With the newest `perMinute` left but for one there is room.
  const [row] = await query('SELECT at FROM realtime_gateway.limit_taken WHERE scope = ? ORDER BY at DESC LIMIT 1 OFFSET ?', [written(id), perMinute - 1])
  return { scope: id, limit: 'perMinute', retryAfterMs: Number(row!['at']) + windowMs - at }
}

async function count ({ query }: Queries, scopes: readonly LimitScope[], at: number): Promise<void> {
  if (scopes.length === 0) return
  await query(`INSERT INTO realtime_gateway.limit_taken (scope, at) VALUES ${scopes.map(() => '(?, ?)').join(', ')}`, scopes.flatMap(({ id }) => [written(id), at]))
}

async function remove ({ query }: Queries, pairs: readonly Pair[]): Promise<void> {
  for (const part of parts(pairs)) await query(`DELETE FROM realtime_gateway.limit_claims WHERE ${among(part)}`, part.flat())
}

function pairsOf ({ id, scopes }: LimitClaim): Pair[] {
  return scopes.map(scope => [written(scope.id), written(id)])
}

/** In parts whose lengths are powers of two, filled up with the last pair: engines keep each statement that they have seen. */
function parts (pairs: readonly Pair[]): Pair[][] {
  const all: Pair[][] = []
  for (let from = 0; from < pairs.length; from += mostPairs) {
    const part = pairs.slice(from, from + mostPairs)
    while ((part.length & (part.length - 1)) !== 0) part.push(part.at(-1)!)
    all.push(part)
  }
  return all
}

function among (pairs: readonly Pair[]): string {
  return `(scope, id) IN (VALUES ${pairs.map(() => '(?, ?)').join(', ')})`
}

/** PostgreSQL has no NUL in its texts. */
function written (id: string): string {
  return id.replaceAll('%', '%25').replaceAll('\0', '%00')
}
