import { AssertionError } from 'node:assert'
import t from 'tap'
import { createMemoryLimitStore } from '../../lib/admission/limits/memory.ts'
import { limitStoreConformance } from '../../lib/testing/index.ts'
import type { LimitClaim, LimitStore } from '../../types/index.ts'

interface Clock { now: number }
type Change = (store: LimitStore, clock: Clock) => Partial<LimitStore>

/** The rules that a store is found to break: the one in memory, with something else about it. */
async function broken (change: Change): Promise<string> {
  const clocks = new Map<LimitStore, Clock>()
  const suite = limitStoreConformance({
    create () {
      const clock = { now: 0 }
      const inner = createMemoryLimitStore({ now: () => clock.now })
      const store = { ...inner, ...change(inner, clock) }
      clocks.set(store, clock)
      return store
    },
    advance (store, ms) { clocks.get(store)!.now += ms }
  })
  const names: string[] = []
  for (const { name, run } of suite) {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error
      names.push(name)
    }
  }
  return names.join('\n')
}

const without = (claim: LimitClaim, limit: 'maxParallel' | 'perMinute'): LimitClaim => ({ ...claim, scopes: claim.scopes.map(scope => ({ ...scope, [limit]: undefined })) })
const one = ({ scopes, ...claim }: LimitClaim, index: number): LimitClaim => ({ ...claim, scopes: [scopes[index]!] })
let unique = 0

t.test('a limit store that breaks a rule is found out', async t => {
  for (const [what, rule, change] of [
    ['has no end of leases', /leases have a length/, () => ({ leaseMs: Infinity })],
    ['knows no maxParallel', /as many claims are held/, store => ({ acquire: claim => store.acquire(without(claim, 'maxParallel')) })],
    ['knows no perMinute', /the time to wait is right/, store => ({ acquire: claim => store.acquire(without(claim, 'perMinute')) })],
    ['takes 0 for no limit', /limit of 0/, store => ({ acquire: claim => store.acquire({ ...claim, scopes: claim.scopes.map(scope => ({ ...scope, maxParallel: scope.maxParallel === 0 ? undefined : scope.maxParallel })) }) })],
    ['takes no limit for 0', /no limit is none/, store => ({ acquire: claim => store.acquire({ ...claim, scopes: claim.scopes.map(scope => ({ maxParallel: 0, ...scope })) }) })],
    ['counts the first scope alone', /whichever refuses/, store => ({ acquire: claim => store.acquire(one(claim, 0)) })],
    ['takes scopes one by one', /all scopes are taken or none/, store => ({
      async acquire (claim) {
        for (const [i, { id }] of claim.scopes.entries()) {
          const refusal = await store.acquire({ ...one(claim, i), id: `${id} ${claim.id}` })
          if (refusal !== undefined) return refusal
        }
      }
    })],
    ['mixes up names', /names may be anything/, store => ({ acquire: claim => store.acquire({ ...claim, scopes: claim.scopes.map(scope => ({ ...scope, id: scope.id.replace('}', '{') })) }) })],
    ['takes a claim twice', /has it once/, store => ({ acquire: claim => store.acquire({ ...claim, id: `${claim.id} ${unique++}` }) })],
    ['counts a minute twice', /counted once/, store => {
      const counted = new Set<string>()
      return {
        async acquire (claim) {
          const { id, scopes } = claim
          if (counted.has(id)) {
            const again = { id: `${id} ${unique++}`, group: '', scopes: scopes.map(({ id, perMinute }) => ({ id, perMinute })) }
            await store.acquire(again)
            await store.release([again])
          }
          counted.add(id)
          return await store.acquire(claim)
        }
      }
    }],
    ['never frees', /makes room for one/, () => ({ release: async () => {} })],
    ['frees somebody', /to give back twice/, store => {
      let last: LimitClaim | undefined
      return {
        acquire: claim => store.acquire(last = claim),
        release: async claims => store.release(claims.map(claim => claim.id === 'nobody' && last !== undefined ? last : claim))
      }
    }],
    ['guesses the time to wait', /time to wait is right/, store => ({
      async acquire (claim) {
        const refusal = await store.acquire(claim)
        return refusal && { ...refusal, retryAfterMs: 60_000 }
      }
    })],
    ['never ends a lease', /nobody renews frees itself/, (store, clock) => ({ ...createMemoryLimitStore({ leaseMs: 1e9, now: () => clock.now }), leaseMs: store.leaseMs })],
    ['does not renew', /one that is renewed does not/, () => ({ renew: async () => [] })],
    ['ends who is in when the limit is lowered', /was lowered/, () => ({ renew: async claims => claims.filter(({ scopes }) => scopes.some(({ maxParallel = 1 }) => maxParallel === 0)).map(({ id }) => id) })],
    ['takes all anew', /while there is room/, store => ({ renew: claims => store.renew(claims.map(claim => without(claim, 'maxParallel'))) })],
    ['renews by taking', /was lowered/, store => ({
      async renew (claims) {
        const lost: string[] = []
        await store.release(claims)
        for (const claim of claims) if (await store.acquire(claim) !== undefined) lost.push(claim.id)
        return lost
      }
    })],
    ['keeps what it has lost in one scope in the others', /left in none where that is full/, store => ({
      async renew (claims) {
        const lost = await store.renew(claims)
        await store.renew(claims.filter(({ id }) => lost.includes(id)).map(claim => one(claim, 0)))
        return lost
      }
    })],
    ['renews one claim a call', /claims of many groups/, store => ({ renew: claims => store.renew(claims.slice(0, 1)) })],
    ['looks first and takes later', /600 that come at once/, () => {
      let held = 0
      return {
        async acquire ({ scopes }) {
          const { id, maxParallel = Infinity } = scopes[0]!
          if (held >= maxParallel) return { scope: id, limit: 'maxParallel', retryAfterMs: 1 }
          await null
          held++
        },
        async release (claims) { held -= claims.length }
      }
    }]
  ] as ReadonlyArray<[string, RegExp, Change]>) {
    t.match(await broken(change), rule, `one that ${what}`)
  }
})
