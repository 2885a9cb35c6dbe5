import t from 'tap'
import { expiryOf, isRestricted, longestSessionOf, mayUse, outOfForce, principalOf, scopesOf } from '../../lib/keys/policy.ts'
import type { KeyPolicy, Principal } from '../../types/index.ts'

const principal = (policy: KeyPolicy, teamPolicy?: KeyPolicy): Principal => ({ id: 'one', keyHash: 'aa', ...teamPolicy && { team: 'red', teamPolicy }, ...policy })

t.test('the holder of a key is called by its name, or by the first digits of its hash', async t => {
  t.strictSame(principalOf({ hash: '0123456789abcdef', name: 'phone', models: ['m'] }), { id: 'phone', keyHash: '0123456789abcdef', models: ['m'] })
  t.strictSame(principalOf({ hash: '0123456789abcdef' }), { id: '01234567', keyHash: '0123456789abcdef' })
})

t.test('`all-team-models` is what the team may use, and nothing without one', async t => {
  const models = ['all-team-models']
  const member = principalOf({ hash: 'aa', team: 'red', models, teamPolicy: { models: ['gpt'] } })
  t.ok(mayUse(member, 'gpt'))
  t.notOk(mayUse(member, 'grok'))
  t.notOk(mayUse(principalOf({ hash: 'aa', models }), 'gpt'))
})

t.test('a key and its team both have to be in force', async t => {
  for (const [policy, team, code] of [
    [{}, undefined, undefined],
    [{ blocked: true }, undefined, 'key_blocked'],
    [{ blocked: false }, { blocked: true }, 'key_blocked'],
    [{ expiresAt: 1_000 }, undefined, 'key_expired'],
    [{ expiresAt: 1_001 }, undefined, undefined],
    [{ expiresAt: 2_000 }, { expiresAt: 999 }, 'key_expired'],
    [{ blocked: true, expiresAt: 1 }, undefined, 'key_blocked']
  ] as const) t.equal(outOfForce(principal(policy, team), 1_000), code, JSON.stringify([policy, team]))
})

t.test('a key and its team both have to allow a model', async t => {
  for (const [policy, team, allowed] of [
    [{}, undefined, true],
    [{ models: [] }, { models: [] }, true],
    [{ models: ['xai/*'] }, undefined, true],
    [{ models: ['openai/*'] }, undefined, false],
    [{}, { models: ['openai/*'] }, false],
    [{ models: ['xai/*'] }, { models: ['openai/*'] }, false],
    [{ models: ['xai/*'] }, { models: ['*'] }, true]
  ] as const) {
    t.equal(mayUse(principal(policy, team), 'xai/voice'), allowed, JSON.stringify([policy, team]))
  }
  t.notOk(isRestricted(principal({ models: [] }, {})))
  t.ok(isRestricted(principal({}, { models: ['m'] })))
})

t.test('the earlier expiry and the shorter session count', async t => {
  t.equal(expiryOf(principal({})), undefined)
  t.equal(expiryOf(principal({ expiresAt: 5 }, { expiresAt: 3 })), 3)
  t.equal(expiryOf(principal({}, { expiresAt: 3 })), 3)
  t.equal(longestSessionOf(principal({ maxSessionSeconds: null })), undefined)
  t.equal(longestSessionOf(principal({ maxSessionSeconds: 60 }, { maxSessionSeconds: 2 })), 2_000)
  t.equal(longestSessionOf(principal({ maxSessionSeconds: 0 })), 0)
})

t.test('only what is limited is counted; 0 is a limit, null is none', async t => {
  t.strictSame(scopesOf(principal({ maxParallelRequests: null, rpmLimit: null }, {})), [])
  t.strictSame(scopesOf(principal({ maxParallelRequests: 0 }, { rpmLimit: 7 })), [
    { id: 'key:aa', maxParallel: 0, perMinute: undefined }, { id: 'team:red', maxParallel: undefined, perMinute: 7 }
  ])
  t.strictSame(scopesOf({ id: 'jane', rpmLimit: 3 }), [{ id: 'key:jane', maxParallel: undefined, perMinute: 3 }], 'a user of the host\'s, who has no key')
  t.strictSame(scopesOf({ id: 'jane', team: 'red', rpmLimit: 3 }).length, 1, 'a team of which nothing is known')
})
