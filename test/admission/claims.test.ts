import t from 'tap'
import { setImmediate as turn } from 'node:timers/promises'
import { createClaims } from '../../lib/admission/claims.ts'
import type { Claims, ClaimsOptions } from '../../lib/admission/claims.ts'
import { createLease } from '../../lib/admission/lease.ts'
import type { GatewayError } from '../../lib/errors.ts'
import type { Lease, LimitClaim, LimitRefusal, LimitStore } from '../../types/index.ts'

type Call = readonly ['acquire' | 'renew' | 'release', ...string[]]

interface Store extends LimitStore {
  readonly calls: Call[]
  answer: () => Promise<LimitRefusal | undefined>
  lost: (claims: readonly LimitClaim[]) => Promise<readonly string[]>
}

function fakeStore (leaseMs = 60_000): Store {
  const calls: Call[] = []
  const store: Store = {
    leaseMs,
    calls,
    answer: async () => undefined,
    lost: async () => [],
    acquire (claim) {
      calls.push(['acquire', claim.id])
      return store.answer()
    },
    renew (claims) {
      calls.push(['renew', ...claims.map(({ id, scopes }) => `${id}:${JSON.stringify(scopes)}`)])
      return store.lost(claims)
    },
    async release (claims) {
      calls.push(['release', ...claims.map(({ id }) => id)])
    }
  }
  return store
}

function claimsOn (store: LimitStore, more: Partial<ClaimsOptions> = {}): { claims: Claims, heard: unknown[] } {
  const heard: unknown[] = []
  return { heard, claims: createClaims(store, { open: false, away: cause => heard.push(cause), back: () => heard.push('back'), ...more }) }
}

const newLease = (): Lease => createLease(cause => { throw cause })
const scopes = [{ id: 'key:a', maxParallel: 2 }]
const ignore = (): void => {}

// Renewals alone keep no process alive.
const alive = setInterval(ignore, 1_000)
t.teardown(() => clearInterval(alive))

t.test('a claim is taken, and given back by its lease', async t => {
  const store = fakeStore()
  const { claims } = claimsOn(store)
  const lease = newLease()
  await claims.take('one', 'g', scopes, lease, ignore)
  lease.release()
  await claims.close()
  t.strictSame(store.calls, [['acquire', 'one'], ['release', 'one']])
})

t.test('without a limit the store is not asked', async t => {
  const store = fakeStore()
  const { claims } = claimsOn(store)
  const lease = newLease()
  await claims.take('one', 'g', [], lease, ignore)
  lease.release()
  await claims.close()
  t.strictSame(store.calls, [])
})

for (const [limit, scope, told] of [
  ['maxParallel', 'key:a', 'The limit of this API key on concurrent sessions is reached. Try again later.'],
  ['perMinute', 'team:red', "The team's limit on sessions opened in a minute is reached. Try again later."]
] as const) {
  t.test(`a refusal by ${limit} names whose limit it is and when to come back, and gives nothing back`, async t => {
    const store = fakeStore()
    store.answer = async () => ({ scope, limit, retryAfterMs: 4_000 })
    const { claims, heard } = claimsOn(store)
    const lease = newLease()
    await t.rejects(claims.take('one', 'g', scopes, lease, ignore), { code: 'rate_limit_exceeded', message: told, retryAfterSeconds: 4 })
    lease.release()
    await claims.close()
    t.strictSame(store.calls, [['acquire', 'one']])
    t.strictSame(heard, [], 'a refusal is no failure')
  })
}

t.test('a store that is away refuses, is told of once, and whatever it may hold is given back', async t => {
  const store = fakeStore()
  store.answer = async () => { throw new Error('away') }
  const { claims, heard } = claimsOn(store)
  const leases = [newLease(), newLease()]
  for (const [i, lease] of leases.entries()) await t.rejects(claims.take(String(i), 'g', scopes, lease, ignore), { code: 'store_unavailable' })
  t.equal(heard.length, 1)
  store.answer = async () => undefined
  const lease = newLease()
  await claims.take('two', 'g', scopes, lease, ignore)
  t.equal(heard.at(-1), 'back')
  for (const each of [...leases, lease]) each.release()
  await claims.close()
  t.strictSame(store.calls.filter(([what]) => what === 'release'), [['release', '0'], ['release', '1'], ['release', 'two']])
})

t.test('by option a store that is away lets everybody in, and is asked to count them when it is back', async t => {
  const store = fakeStore(30)
  store.answer = async () => { throw new Error('away') }
  const { claims } = claimsOn(store, { open: true })
  const renewed = new Promise<void>(resolve => { store.lost = async () => { resolve(); return [] } })
  await claims.take('one', 'g', scopes, newLease(), ignore)
  await renewed
  t.match(store.calls.at(-1), ['renew', 'one:[{"id":"key:a","maxParallel":2}]'])
  await claims.close()
})

t.test('an answer that comes after the client has left holds nothing', async t => {
  const store = fakeStore()
  let answer = ignore
  store.answer = () => new Promise(resolve => { answer = () => resolve(undefined) })
  const { claims } = claimsOn(store)
  const lease = newLease()
  const taken = claims.take('one', 'g', scopes, lease, ignore)
  lease.release()
  answer()
  await taken
  await claims.close()
  t.strictSame(store.calls, [['acquire', 'one'], ['release', 'one']])
})

t.test('claims are renewed three times in a lease, and one that is lost is told', async t => {
  const store = fakeStore(30)
  const { claims } = claimsOn(store)
  const lost = new Promise<GatewayError>(resolve => {
    store.lost = async () => ['two']
    claims.take('one', 'g', scopes, newLease(), () => t.fail('one is held'))
      .then(() => claims.take('two', 'g', scopes, newLease(), resolve))
  })
  t.equal((await lost).code, 'rate_limit_exceeded')
  await claims.close()
})

t.test('one that is not taken yet is not renewed', async t => {
  const store = fakeStore(30)
  const { claims } = claimsOn(store)
  store.answer = () => new Promise(ignore)
  claims.take('waits', 'g', scopes, newLease(), ignore).catch(ignore)
  store.answer = async () => undefined
  await claims.take('held', 'g', scopes, newLease(), ignore)
  await new Promise<void>(resolve => { store.lost = async () => { resolve(); return [] } })
  t.equal(store.calls.at(-1)!.length, 2)
  await claims.close()
})

t.test('a claim whose limits change stays held whatever they are, and is renewed under them from then on', async t => {
  const store = fakeStore(60)
  const { claims } = claimsOn(store)
  const claim = await claims.take('one', 'g', scopes, newLease(), ignore)
  claim.change([{ id: 'key:a', maxParallel: 0 }])
  await turn()
  t.strictSame(store.calls.at(-1), ['renew', 'one:[{"id":"key:a"}]'])
  await new Promise<void>(resolve => { store.lost = async () => { resolve(); return [] } })
  t.strictSame(store.calls.at(-1), ['renew', 'one:[{"id":"key:a","maxParallel":0}]'])
  await claims.close()
})

t.test('a session that had no limit is counted from the moment it has one', async t => {
  const store = fakeStore()
  const { claims } = claimsOn(store)
  const lease = newLease()
  const claim = await claims.take('one', 'g', [], lease, ignore)
  claim.change(scopes)
  lease.release()
  claim.change(scopes)
  await claims.close()
  t.strictSame(store.calls, [['renew', 'one:[{"id":"key:a"}]'], ['release', 'one']], 'and not after its end')
})

t.test('more than five hundred are renewed in several calls', async t => {
  const store = fakeStore(100)
  const { claims } = claimsOn(store)
  for (let i = 0; i < 501; i++) await claims.take(String(i), 'g', scopes, newLease(), ignore)
  await new Promise<void>(resolve => { store.lost = async claims => { if (claims.length === 1) resolve(); return [] } })
  t.strictSame(store.calls.slice(-2).map(call => call.length - 1), [500, 1])
  await claims.close()
})

t.test('a claim whose limits change often is given back once', async t => {
  const store = fakeStore()
  const { claims } = claimsOn(store)
  const lease = newLease()
  const claim = await claims.take('one', 'g', scopes, lease, ignore)
  for (let i = 0; i < 3; i++) claim.change([{ id: 'key:a', maxParallel: i }])
  lease.release()
  await claims.close()
  t.equal(store.calls.filter(([what]) => what === 'release').length, 1)
})
