import t from 'tap'
import { createMemoryKeyAdmin } from '../../lib/keys/memory-admin.ts'
import { createMemoryLimitStore } from '../../lib/admission/limits/memory.ts'
import { hashKey } from '../../lib/keys/hash.ts'
import { connect, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import type { TestGateway } from '../fixtures/gateway.ts'
import type { Peer } from '../fixtures/peer.ts'
import { ready, startUpstream } from '../fixtures/upstream.ts'
import type { FakeUpstream, Owner } from '../fixtures/upstream.ts'
import type { KeyAdmin, KeyPolicy, LimitStore, RealtimeGatewayOptions, TeamPatch } from '../../types/index.ts'

// Most of the time is spent waiting for changes to be heard, and no test shares anything with another.
t.jobs = 10

const [first, second] = ['sk-first-key-0000001', 'sk-second-key-000001']

interface World extends TestGateway {
  readonly keys: KeyAdmin
  readonly upstream: FakeUpstream
}

/** Two keys in a store that can be changed, of which the first has the policy; the team is `red`. */
async function world (t: Owner, policy: KeyPolicy = {}, { team, ...options }: Partial<RealtimeGatewayOptions> & { readonly team?: TeamPatch } = {}): Promise<World> {
  const keys = createMemoryKeyAdmin()
  const upstream = await startUpstream(t)
  await keys.createTeam({ id: 'red' }, 'test')
  if (team !== undefined) await keys.updateTeam('red', team, 'test')
  await keys.createKey({ hash: hashKey(first), keyName: 'sk-...0001', name: 'first', ...policy }, 'test')
  await keys.createKey({ hash: hashKey(second), keyName: 'sk-...0001', name: 'second', team: policy.team }, 'test')
  const gateway = await startGateway(t, { deployments: [deploymentAt(upstream)], keys: [], keyStore: keys, pingInterval: 200, ...options })
  return { ...gateway, keys, upstream }
}

/** @returns the milliseconds until a session has ended as it should */
async function endsWith (client: Peer, code: string, closeCode: number): Promise<number> {
  const from = performance.now()
  const closed = await client.closed
  t.strictSame(closed, { code: closeCode, reason: code })
  const errors = client.messages.map(({ payload }) => JSON.parse(payload.toString()) as { type: string, error?: { code: string } }).filter(({ type }) => type === 'error')
  t.strictSame(errors.map(({ error }) => error!.code), [code])
  return performance.now() - from
}

const hash = hashKey(first)
const changes: Readonly<Record<string, { readonly policy?: KeyPolicy, readonly code: string, change: (keys: KeyAdmin) => Promise<unknown> }>> = {
  'blocking a key': { code: 'key_blocked', change: keys => keys.updateKey(hash, { blocked: true }, 'admin') },
  'deleting a key': { code: 'invalid_api_key', change: keys => keys.deleteKeys([hash], 'admin') },
  'an expiry that is over': { code: 'key_expired', change: keys => keys.updateKey(hash, { expiresAt: Date.now() - 1 }, 'admin') },
  'an expiry that is near': { code: 'key_expired', change: keys => keys.updateKey(hash, { expiresAt: Date.now() + 600 }, 'admin') },
  'another secret for a key': { code: 'invalid_api_key', change: keys => keys.replaceSecret(hash, { hash: hashKey('sk-new-0000001'), keyName: 'sk-...0001' }, 'admin') },
  'taking the model from a key': { code: 'model_not_allowed', change: keys => keys.updateKey(hash, { models: ['other'] }, 'admin') },
  'blocking a team': { policy: { team: 'red' }, code: 'key_blocked', change: keys => keys.updateTeam('red', { blocked: true }, 'admin') },
  'taking the model from a team': { policy: { team: 'red' }, code: 'model_not_allowed', change: keys => keys.updateTeam('red', { models: ['other'] }, 'admin') },
  'deleting a team': { policy: { team: 'red' }, code: 'invalid_api_key', change: keys => keys.deleteTeams(['red'], 'admin') },
  'a shorter session for a key': { code: 'session_expired', change: keys => keys.updateKey(hash, { maxSessionSeconds: 0 }, 'admin') }
}

for (const [what, { policy, code, change }] of Object.entries(changes)) {
  t.test(`${what} ends its live sessions within a second`, async t => {
    const { port, keys, ended, session } = await world(t, policy)
    const clients = [await connect(port, { key: first }), await connect(port, { key: first })]
    await change(keys)
    for (const client of clients) t.ok(await endsWith(client, code, code === 'session_expired' ? 1001 : 3000) < 1_000)
    await session(1)
    t.equal(ended.every(({ error, endedBy }) => error === code && endedBy === 'gateway'), true)
    if (code !== 'session_expired') t.match(await request(port, { key: first }), { status: code === 'model_not_allowed' ? 403 : 401, error: { code } }, 'and lets no other in')
  })
}

t.test('a change of one key is nothing to the sessions of another', async t => {
  const { port, keys, upstream } = await world(t)
  const client = await connect(port, { key: first })
  const other = await connect(port, { key: second })
  await keys.updateKey(hash, { blocked: true }, 'admin')
  await client.closed
  other.send({ type: 'response.create' })
  t.equal((await (await upstream.peer(1)).json(0)).type, 'response.create')
})

t.test('a change that takes nothing away ends nothing', async t => {
  const { port, keys, upstream } = await world(t, { models: ['voice'], team: 'red' })
  const client = await connect(port, { key: first })
  const other = await connect(port, { key: second })
  await keys.updateKey(hash, { name: 'renamed', models: ['voi*'], expiresAt: Date.now() + 60_000, maxParallelRequests: 1 }, 'admin')
  await keys.updateTeam('red', { name: 'Red' }, 'admin')
  // The next change is heard after these.
  await keys.deleteKeys([hashKey(second)], 'admin')
  await other.closed
  client.send({ type: 'response.create' })
  t.equal((await (await upstream.peer(0)).json(0)).type, 'response.create')
})

t.test('where the key says so, a running response may end first', async t => {
  const { port, keys, upstream } = await world(t, { finishTurn: true })
  const client = await connect(port, { key: first })
  const idle = await connect(port, { key: first })
  const provider = await upstream.peer(0)
  provider.send({ type: 'response.created', response: { id: 'resp_1' } })
  await client.json(1)
  await keys.updateKey(hash, { blocked: true }, 'admin')
  await endsWith(idle, 'key_blocked', 3000)
  provider.send({ type: 'response.done', response: { id: 'resp_1', status: 'completed' } })
  await endsWith(client, 'key_blocked', 3000)
  t.equal((await client.json(2)).type, 'response.done')
})

for (const [what, change] of [
  ['a block', (keys: KeyAdmin) => keys.updateKey(hash, { blocked: true }, 'admin')],
  ['an expiry', (keys: KeyAdmin) => keys.updateKey(hash, { expiresAt: Date.now() }, 'admin')]
] as const) {
  t.test(`but ${what} waits no longer than drainTimeout for it`, async t => {
    const { port, keys, upstream } = await world(t, { finishTurn: true }, { drainTimeout: 300, lingerTimeout: 0 })
    const client = await connect(port, { key: first })
    const provider = await upstream.peer(0)
    provider.send({ type: 'response.created', response: { id: 'resp_1' } })
    await client.json(1)
    await change(keys)
    t.ok(await endsWith(client, what === 'a block' ? 'key_blocked' : 'key_expired', 3000) >= 300)
  })
}

t.test('an expiry too is followed by the running response, for drainTimeout at most', async t => {
  const expiresAt = Date.now() + 800
  const { port, upstream } = await world(t, { finishTurn: true, expiresAt }, { drainTimeout: 500, lingerTimeout: 0 })
  const client = await connect(port, { key: first })
  ;(await upstream.peer(0)).send({ type: 'response.created', response: { id: 'resp_1' } })
  await endsWith(client, 'key_expired', 3000)
  const late = Date.now() - expiresAt
  t.ok(late >= 490 && late < 1_500, `${late} ms`)
})

for (const [what, patch, status, code] of [['blocked', { blocked: true }, 401, 'key_blocked'], ['not for the model any more', { models: ['other'] }, 403, 'model_not_allowed']] as const) {
  t.test(`a key that is ${what} while its upstream is dialled is refused`, async t => {
    const { port, keys, upstream } = await world(t)
    upstream.script = () => {}
    const live = request(port, { key: first })
    const call = await upstream.call(0)
    const witness = await (async () => {
      upstream.script = ready
      return await connect(port, { key: first })
    })()
    await keys.updateKey(hash, patch, 'admin')
    await witness.closed
    ready(call)
    t.match(await live, { status, error: { code } })
  })
}

t.test('a session lasts no longer than its key allows', async t => {
  const { port } = await world(t, { maxSessionSeconds: 1 })
  const client = await connect(port, { key: first })
  const ms = await endsWith(client, 'session_expired', 1001)
  t.ok(ms >= 990 && ms < 2_000, `${ms} ms`)
})

t.test('a key has no more sessions than it may, and one more when one is over', async t => {
  const { port, idle } = await world(t, { maxParallelRequests: 2 })
  const clients = [await connect(port, { key: first }), await connect(port, { key: first })]
  const refused = await request(port, { key: first })
  t.equal(refused.status, 429)
  t.match(refused.error, { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: /limit of this API key on concurrent sessions/ })
  t.equal(refused.headers.get('retry-after'), '1')
  const other = await connect(port, { key: second })
  for (const client of [...clients, other]) client.close(1000)
  await idle()
  t.equal((await request(port, { key: first })).status, 101)
})

t.test('a key opens no more sessions in a minute than it may, and is told when to come back', async t => {
  const { port } = await world(t, { rpmLimit: 1 })
  const client = await connect(port, { key: first })
  client.close(1000)
  const refused = await request(port, { key: first })
  t.equal(refused.status, 429)
  t.match(refused.error, { message: /sessions opened in a minute/ })
  const seconds = Number(refused.headers.get('retry-after'))
  t.ok(seconds > 50 && seconds <= 60, `${seconds} s`)
})

t.test('a limit of 0 lets nobody in', async t => {
  const { port, upstream } = await world(t, { maxParallelRequests: 0 })
  t.match(await request(port, { key: first }), { status: 429, error: { code: 'rate_limit_exceeded' } })
  t.equal(upstream.counts.opened, 0, 'and dials nobody')
})

t.test('the limit of a team holds for all its keys together', async t => {
  const { port } = await world(t, { team: 'red' }, { team: { maxParallelRequests: 2 } })
  await connect(port, { key: first })
  await connect(port, { key: second })
  t.match((await request(port, { key: first })).error, { code: 'rate_limit_exceeded', message: /^The team's limit on concurrent sessions/ })
})

t.test('a refusal by the team\'s limit takes nothing of the key\'s', async t => {
  const { port, keys } = await world(t, { team: 'red', maxParallelRequests: 1 }, { team: { maxParallelRequests: 0 } })
  t.equal((await request(port, { key: first })).status, 429)
  await keys.updateTeam('red', { maxParallelRequests: null }, 'admin')
  await lets(port, first)
})

/** Resolves when the key is let in: it hears of a change a little later. */
async function lets (port: number, key: string): Promise<Peer> {
  for (;;) {
    const { peer } = await request(port, { key })
    if (peer !== undefined) return peer
  }
}

t.test('a limit that is lowered lets live sessions end by themselves; one that is raised lets more in at once', async t => {
  const { port, keys, fastify } = await world(t, { maxParallelRequests: 2 })
  await connect(port, { key: first })
  await connect(port, { key: first })
  const witness = await connect(port, { key: second })
  await keys.updateKey(hash, { maxParallelRequests: 1 }, 'admin')
  await keys.deleteKeys([hashKey(second)], 'admin')
  await witness.closed
  t.equal((await request(port, { key: first })).status, 429)
  t.equal(fastify.realtime.sessions.list().filter(({ principal, state }) => principal === 'first' && state === 'open').length, 2)
  await keys.updateKey(hash, { maxParallelRequests: 3 }, 'admin')
  await lets(port, first)
  t.equal((await request(port, { key: first })).status, 429)
})

t.test('a key that gets a limit while it has sessions has them counted', async t => {
  const { port, keys } = await world(t)
  await connect(port, { key: first })
  const witness = await connect(port, { key: second })
  await keys.updateKey(hash, { maxParallelRequests: 2 }, 'admin')
  await keys.deleteKeys([hashKey(second)], 'admin')
  await witness.closed
  await connect(port, { key: first })
  t.equal((await request(port, { key: first })).status, 429)
})

t.test('two gateways that share their stores count together, and both hear of a change', async t => {
  const limitStore = createMemoryLimitStore()
  const one = await world(t, { maxParallelRequests: 3 }, { limitStore })
  const two = await startGateway(t, { deployments: [deploymentAt(one.upstream)], keys: [], keyStore: one.keys, limitStore })
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => request((i % 2 === 0 ? one : two).port, { key: first })))
  t.equal(answers.filter(({ status }) => status === 101).length, 3)
  t.equal(answers.filter(({ status }) => status === 429).length, 9)
  await one.keys.updateKey(hash, { blocked: true }, 'admin')
  for (const { peer } of answers) if (peer !== undefined) t.ok(await endsWith(peer, 'key_blocked', 3000) < 1_000)
})

t.test('keys of the options have limits too', async t => {
  const upstream = await startUpstream(t)
  const { port } = await startGateway(t, { deployments: [deploymentAt(upstream)], keys: [{ key: first, maxParallelRequests: 1 }] })
  await connect(port, { key: first })
  t.equal((await request(port, { key: first })).status, 429)
})

function failing (store: LimitStore): LimitStore & { away: boolean } {
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    if (asked.away) throw new Error('connection refused at 10.0.0.7')
    return await call()
  }
  const asked = {
    away: false,
    leaseMs: store.leaseMs,
    acquire: (claim: Parameters<LimitStore['acquire']>[0]) => ask(() => store.acquire(claim)),
    renew: (claims: Parameters<LimitStore['renew']>[0]) => ask(() => store.renew(claims)),
    release: (claims: Parameters<LimitStore['release']>[0]) => ask(() => store.release(claims))
  }
  return asked
}

t.test('while the limit store is away new sessions of limited keys are refused, others are not, and live ones go on', async t => {
  const limitStore = failing(createMemoryLimitStore({ leaseMs: 300 }))
  const { port, upstream, log } = await world(t, { maxParallelRequests: 5 }, { limitStore })
  const client = await connect(port, { key: first })
  limitStore.away = true
  const refused = await request(port, { key: first })
  t.match(refused, { status: 503, error: { type: 'server_error', code: 'store_unavailable' } })
  t.notMatch(refused.body, /10\.0\.0\.7/)
  t.ok(refused.headers.has('retry-after'))
  t.equal((await request(port, { key: second })).status, 101)
  client.send({ type: 'response.create' })
  t.equal((await (await upstream.peer(0)).json(0)).type, 'response.create')
  t.match(log(), /the limit store does not answer/)
  limitStore.away = false
  await lets(port, first)
  t.match(log(), /the limit store answers again/)
})

t.test('a limit store that hangs is 503 too, and nothing is dialled', async t => {
  const limitStore = { ...createMemoryLimitStore(), acquire: () => new Promise<undefined>(() => {}) }
  const { port, upstream } = await world(t, { maxParallelRequests: 5 }, { limitStore, upgradeTimeout: 300 })
  t.match(await request(port, { key: first }), { status: 503, error: { code: 'store_unavailable' } })
  t.equal(upstream.counts.opened, 0)
})

t.test('by option it lets them in uncounted', async t => {
  const limitStore = failing(createMemoryLimitStore())
  const { port } = await world(t, { maxParallelRequests: 1 }, { limitStore, limitStoreAway: 'open' })
  limitStore.away = true
  await connect(port, { key: first })
  await connect(port, { key: first })
})

t.test('while the key store is away a client gets 503 and never 401, and live sessions go on', async t => {
  const keys = createMemoryKeyAdmin()
  const upstream = await startUpstream(t)
  await keys.createKey({ hash, keyName: 'sk-...0001' }, 'test')
  let away = false
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    if (away) throw new Error('away')
    return await call()
  }
  const keyStore: KeyAdmin = { ...keys, findByHash: hash => ask(() => keys.findByHash(hash)), changes: after => ask(() => keys.changes(after)), lastChange: () => ask(() => keys.lastChange()) }
  const { port, log } = await startGateway(t, { deployments: [deploymentAt(upstream)], keys: [], keyStore })
  const client = await connect(port, { key: first })
  away = true
  t.match(await request(port, { key: 'sk-nobody-000001' }), { status: 503, error: { code: 'store_unavailable' } })
  client.send({ type: 'response.create' })
  t.equal((await (await upstream.peer(0)).json(0)).type, 'response.create')
  // What is known of a key may be out of date soon: then it is not used any more.
  while ((await request(port, { key: first })).status === 101);
  t.match(await request(port, { key: first }), { status: 503, error: { code: 'store_unavailable' } })
  t.match(log(), /the key store does not answer/)
  away = false
  await keys.updateKey(hash, { blocked: true }, 'admin')
  await endsWith(client, 'key_blocked', 3000)
})
