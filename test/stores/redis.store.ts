import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { createRedisLimitStore } from '../../lib/admission/limits/redis.ts'
import type { RedisLimitStoreOptions } from '../../lib/admission/limits/redis.ts'
import { limitStoreConformance } from '../../lib/testing/index.ts'
import type { LimitClaim, LimitScope, LimitStore } from '../../types/index.ts'
import { startProgram } from '../fixtures/program.ts'
import type { Program } from '../fixtures/program.ts'
import { lacking } from '../processes/fixtures.ts'
import { redisClient, startCluster, startRedis } from './redis-server.ts'

const skip = lacking('limits in Redis', ['redis-server'])
const scope: LimitScope = { id: 'team:t', maxParallel: 2 }

function claim (id: string, ...scopes: LimitScope[]): LimitClaim {
  return { id, group: 'team:t', scopes }
}

/** What of a client of ioredis these tests call, alone or as a cluster. */
type Client = Parameters<typeof createRedisLimitStore>[0] & { keys (pattern: string): Promise<string[]> }

// Redis has no clock that could be set: what it holds is made older.
const older = `
local ttl, ms = redis.call('PTTL', KEYS[1]), tonumber(ARGV[1])
if ttl <= ms then return redis.call('DEL', KEYS[1]) end
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -ms * 1000, id) end
else
  for i, at in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do redis.call('LSET', KEYS[1], i - 1, string.format('%.0f', at - ms * 1000)) end
end
return redis.call('PEXPIRE', KEYS[1], ttl - ms)
`

async function conforms (t: Test, clients: readonly [Client, Client]): Promise<void> {
  const prefixes = new Map<LimitStore, string>()
  const create = (client: Client, prefix: string): LimitStore => {
    const store = createRedisLimitStore(client, { prefix, timeoutMs: 20_000 })
    prefixes.set(store, prefix)
    return store
  }
  const suite = limitStoreConformance({
    create: () => create(clients[0], `test-${prefixes.size}:`),
    another: store => create(clients[1], prefixes.get(store)!),
    async advance (store, ms) {
      await Promise.all((await clients[0].keys(`${prefixes.get(store)!}*`)).map(key => clients[0].eval(older, 1, key, `${ms}`)))
    }
  })
  for (const { name, run } of suite) await t.resolves(run(), name)
}

function claimer (t: Test, path: string, name: string, { count, limit, leaseMs }: { count: number, limit: number, leaseMs: number }): Program {
  return startProgram(t, process.execPath, ['--import=tsx', `${import.meta.dirname}/programs/claimer.ts`, path, name, `${count}`, `${limit}`, `${leaseMs}`])
}

async function claims (program: Program): Promise<number> {
  await program.printed(/ready /)
  program.child.kill('SIGUSR2')
  return Number((await program.printed(/held (\d+) /))[1])
}

async function serverAndStore (t: Test, options?: RedisLimitStoreOptions): Promise<{ server: Awaited<ReturnType<typeof startRedis>>, client: ReturnType<typeof redisClient>, store: LimitStore }> {
  const server = await startRedis(t)
  const client = redisClient(t, server.path)
  return { server, client, store: createRedisLimitStore(client, options) }
}

t.test('limits in Redis', { skip }, async t => {
  await t.test('conform', async t => {
    const { path } = await startRedis(t)
    await conforms(t, [redisClient(t, path), redisClient(t, path)])
  })

  await t.test('conform in a cluster, where all keys of a script must be in one slot', async t => {
    const cluster = await startCluster(t)
    await conforms(t, [cluster, cluster])
  })

  await t.test('are exact for 600 sessions that three processes open at once', async t => {
    const { path } = await startRedis(t)
    const all = ['a', 'b', 'c'].map(name => claimer(t, path, name, { count: 200, limit: 100, leaseMs: 30_000 }))
    await Promise.all(all.map(each => each.printed(/ready /)))
    const held = await Promise.all(all.map(claims))
    t.equal(held.reduce((sum, each) => sum + each), 100, held.join(' + '))
  })

  await t.test('are freed within a lease of a process that is killed', async t => {
    const { server, store } = await serverAndStore(t, { leaseMs: 1_000 })
    const dead = claimer(t, server.path, 'dead', { count: 2, limit: 2, leaseMs: 1_000 })
    t.equal(await claims(dead), 2)
    const since = performance.now()
    dead.child.kill('SIGKILL')
    t.match(await store.acquire(claim('next', scope)), { limit: 'maxParallel' })
    while (await store.acquire(claim('next', scope)) !== undefined) await sleep(20)
    const ms = performance.now() - since
    t.ok(ms < 1_200, `${ms} ms`)
  })

  await t.test('leave nothing in Redis when nobody renews', async t => {
    const { client, store } = await serverAndStore(t, { leaseMs: 100 })
    await store.acquire(claim('1', { ...scope, perMinute: 5 }, { id: 'key:a', perMinute: 5 }))
    await store.renew([claim('2', scope)])
    for (const key of await client.keys('*')) {
      const ttl = await client.pttl(key)
      t.ok(ttl > 0 && ttl <= (key.includes(':held:') ? 100 : 60_000), `${key} is gone in ${ttl} ms`)
    }
  })

  await t.test('are exact again after a renewal when Redis was killed and has lost all', async t => {
    const { server, store } = await serverAndStore(t)
    const live = ['1', '2'].map(id => claim(id, scope))
    for (const each of live) t.equal(await store.acquire(each), undefined)
    server.child.kill('SIGKILL')
    await server.exit
    await startRedis(t, { folder: server.folder })
    t.strictSame(await store.renew(live), [])
    t.match(await store.acquire(claim('3', scope)), { limit: 'maxParallel' })
  })

  await t.test('that cannot be asked reject in time, while Redis is frozen', async t => {
    const { server, store } = await serverAndStore(t, { timeoutMs: 200 })
    await store.acquire(claim('1', scope))
    server.child.kill('SIGSTOP')
    const since = performance.now()
    await t.rejects(store.acquire(claim('2', scope)), { message: 'Redis has not answered for 200 ms' })
    t.ok(performance.now() - since < 1_000)
    server.child.kill('SIGCONT')
    t.equal(await store.acquire(claim('2', scope)), undefined, 'what came late is the same claim')
    t.match(await store.acquire(claim('3', scope)), { limit: 'maxParallel' })
  })

  await t.test('that cannot be asked reject in time, while the client tries to connect', async t => {
    const { server, store } = await serverAndStore(t, { timeoutMs: 200 })
    server.child.kill('SIGKILL')
    await server.exit
    await t.rejects(store.acquire(claim('1', scope)), { message: 'Redis has not answered for 200 ms' })
    await t.rejects(store.renew([claim('1', scope)]), { message: 'Redis has not answered for 200 ms' })
    await t.rejects(store.release([claim('1', scope)]), { message: 'Redis has not answered for 200 ms' })
  })

  await t.test('are known by Redis again when it has forgotten the scripts', async t => {
    const { client, store } = await serverAndStore(t)
    await client.script('FLUSH')
    t.equal(await store.acquire(claim('1', scope)), undefined)
    await client.script('FLUSH')
    t.strictSame(await store.renew([claim('1', scope)]), [])
    await store.acquire(claim('2', scope))
    await store.release([claim('1', scope)])
    await store.acquire(claim('3', scope))
    const stats = await client.info('commandstats')
    t.match(stats, /cmdstat_eval:calls=4,/)
    t.match(stats, /cmdstat_evalsha:calls=5,.*failed_calls=4/, 'by its hash wherever Redis knows it')
  })

  await t.test('take all keys that are over with one cut, however many', async t => {
    const { client, store } = await serverAndStore(t)
    const busy = { id: 'key:busy', perMinute: 100_000 }
    const key = 'realtime-gateway:{team:t}:taken:key:busy'
    // Half a minute's worth that is over, and one that is not.
    const times = Array.from({ length: 50_000 }, (_, i) => `${(Date.now() - 70_000) * 1_000 + i}`)
    await client.rpush(key, ...times, `${Date.now() * 1_000}`)
    await client.pexpire(key, 60_000)
    await client.config('RESETSTAT')
    t.equal(await store.acquire(claim('1', busy)), undefined)
    t.equal(await client.llen(key), 2)
    t.match(await client.info('commandstats'), /cmdstat_ltrim:calls=1,/)
  })
})

t.test('a prefix that would move keys to another slot is refused', async t => {
  t.throws(() => createRedisLimitStore({ evalsha: async () => null, eval: async () => null }, { prefix: 'a{b}' }), /braces/)
})
