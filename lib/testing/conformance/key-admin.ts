import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { AuditRow, KeyAdmin, NewKey, NewTeam } from '../../../types/index.ts'
import { testWith } from './suite.ts'
import type { ConformanceTest, Lifetime } from './suite.ts'

export interface KeyAdminConformanceOptions extends Lifetime<KeyAdmin> {
  /** Makes a store that holds nothing. */
  readonly create: () => KeyAdmin | Promise<KeyAdmin>
  /** Opens the same store once more, as another process would. Default: the store cannot be opened twice. */
  readonly reopen?: ((store: KeyAdmin) => KeyAdmin | Promise<KeyAdmin>) | undefined
}

// What breaks out of a statement, a pattern, a JSON text or a table that is a plain object.
const hostile = ["'; DROP TABLE keys; --", '" OR ""="', '%', '_', '\\', '$1', '?', '{"a":1}', 'constructor', '__proto__', 'ünïcode 🎙', ' spaces ', '\t\n']

const full: NewKey = {
  hash: hashOf('full'),
  keyName: 'sk-...full',
  name: 'full "key"; --',
  user: 'ann',
  models: ['voice', 'xai/*'],
  expiresAt: 4_102_444_800_000,
  blocked: false,
  fallbacks: false,
  finishTurn: true,
  tags: ['eu', 'ünïcode'],
  dialect: 'xai',
  maxParallelRequests: 0,
  rpmLimit: 60,
  maxSessionSeconds: 3_600,
  metadata: { deep: { list: [null, true, 1.5, '🎙'] } },
  opaque: { project_id: 'p1' }
}
const team: NewTeam = { id: 'red', name: 'Red', models: ['voice'], maxParallelRequests: 7, metadata: { cost: 'centre' } }

/** The rules of the contract `KeyAdmin`. Those of `KeyStore` have a suite of their own. */
export function keyAdminConformance ({ create, close, reopen }: KeyAdminConformanceOptions): readonly ConformanceTest[] {
  const rule = (name: string, body: (store: KeyAdmin) => Promise<void>): ConformanceTest => testWith(name, create, { close }, body)
  const shared = (name: string, body: (store: KeyAdmin, other: KeyAdmin) => Promise<void>): ConformanceTest => rule(name, async store => {
    const other = await reopen!(store)
    try {
      await body(store, other)
    } finally {
      if (other !== store) await close?.(other)
    }
  })

  return [
    rule('a key is kept with all that was given, and gets an id and times', async store => {
      const created = await store.createKey(full, 'admin')
      const { keyId, createdAt, updatedAt, ...rest } = created
      assert.deepEqual(rest, { ...full, createdBy: 'admin', updatedBy: 'admin' })
      assert.ok(keyId.length > 0 && keyId !== full.hash)
      assert.ok(Math.abs(createdAt - Date.now()) < 60_000 && createdAt === updatedAt)
      assert.deepEqual(await store.findKey({ hash: full.hash }), created)
      assert.deepEqual(await store.findKey({ keyId }), created)
      assert.deepEqual(await store.findKey({ name: full.name! }), created)
      assert.deepEqual(await store.findByHash(full.hash), created)
    }),
    rule('what is not there is undefined', async store => {
      await store.createKey(full, 'admin')
      for (const name of [{ hash: full.name! }, { hash: full.hash.toUpperCase() }, { keyId: full.hash }, { name: 'FULL' }, { name: '%' }]) assert.equal(await store.findKey(name), undefined)
      assert.equal(await store.findTeam('red'), undefined)
    }),
    rule('a hash and a name belong to one key', async store => {
      await store.createKey(full, 'admin')
      await refused(store.createKey({ ...bare('other'), hash: full.hash }, 'admin'), 'exists', 'hash')
      await refused(store.createKey({ ...bare('other'), name: full.name }, 'admin'), 'exists', 'name')
      await store.createKey(bare('nameless'), 'admin')
      await store.createKey(bare('nameless too'), 'admin')
      await refused(store.updateKey(bare('nameless').hash, { name: full.name }, 'admin'), 'exists', 'name')
      await store.updateKey(full.hash, { name: full.name }, 'admin')
    }),
    rule('of many keys made at once with one name there is one', async store => {
      const made = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => store.createKey({ ...bare(`key ${i}`), name: 'one' }, 'admin')))
      assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const result of made) if (result.status === 'rejected') assert.equal((result.reason as { code?: unknown }).code, 'exists')
      assert.equal((await store.listKeys()).total, 1)
    }),
    rule('a patch sets fields, null takes them away, and the others stay', async store => {
      const { keyId } = await store.createKey(full, 'ann')
      const updated = await store.updateKey(full.hash, { name: null, models: ['a'], rpmLimit: null, maxParallelRequests: 0, blocked: true, metadata: undefined }, 'ben')
      const { name, rpmLimit, ...left } = full
      const { createdAt, updatedAt, ...rest } = updated
      assert.deepEqual(rest, { ...left, models: ['a'], blocked: true, keyId, createdBy: 'ann', updatedBy: 'ben' })
      assert.ok(updatedAt >= createdAt)
      assert.deepEqual(await store.findByHash(full.hash), updated)
      assert.equal(await store.findKey({ name: full.name! }), undefined)
    }),
    rule('what is not there cannot be changed', async store => {
      await refused(store.updateKey(full.hash, { blocked: true }, 'admin'), 'not_found')
      await refused(store.replaceSecret(full.hash, { hash: hashOf('new'), keyName: 'sk-...new' }, 'admin'), 'not_found')
      await refused(store.updateTeam('red', { blocked: true }, 'admin'), 'not_found')
      assert.deepEqual(await store.deleteKeys([full.hash], 'admin'), [])
      assert.deepEqual(await store.deleteTeams(['red'], 'admin'), [])
      assert.equal(await store.lastChange(), 0)
    }),
    rule('a key with another secret is the same key, and the old secret is nobody\'s', async store => {
      const { keyId } = await store.createKey(full, 'admin')
      await store.createKey(bare('other'), 'admin')
      await refused(store.replaceSecret(full.hash, { hash: hashOf('other'), keyName: 'sk-...' }, 'admin'), 'exists', 'hash')
      const replaced = await store.replaceSecret(full.hash, { hash: hashOf('new'), keyName: 'sk-...new' }, 'admin')
      const { createdAt, createdBy, updatedAt, updatedBy, ...rest } = replaced
      assert.deepEqual(rest, { ...full, keyId, hash: hashOf('new'), keyName: 'sk-...new' })
      assert.equal(await store.findByHash(full.hash), undefined)
      assert.deepEqual(await store.findByHash(hashOf('new')), replaced)
    }),
    rule('keys are deleted, and those that were there are told', async store => {
      await store.createKey(full, 'admin')
      await store.createKey(bare('other'), 'admin')
      assert.deepEqual(await store.deleteKeys([hashOf('nobody'), full.hash], 'admin'), [full.hash])
      assert.equal(await store.findByHash(full.hash), undefined)
      assert.notEqual(await store.findByHash(hashOf('other')), undefined)
    }),
    rule('a key says what its team may do, as it is now', async store => {
      await store.createTeam(team, 'admin')
      await store.createKey({ ...bare('member'), team: 'red' }, 'admin')
      const { models, maxParallelRequests } = (await store.findByHash(hashOf('member')))!.teamPolicy!
      assert.deepEqual({ models, maxParallelRequests }, { models: ['voice'], maxParallelRequests: 7 })
      await store.updateTeam('red', { blocked: true, models: null }, 'admin')
      const { blocked, models: none } = (await store.findByHash(hashOf('member')))!.teamPolicy!
      assert.deepEqual({ blocked, none }, { blocked: true, none: undefined })
      await store.updateKey(hashOf('member'), { team: null }, 'admin')
      assert.equal((await store.findByHash(hashOf('member')))!.teamPolicy, undefined)
    }),
    rule('a key belongs to a team that is there', async store => {
      await refused(store.createKey({ ...bare('member'), team: 'red' }, 'admin'), 'no_team', 'team')
      await store.createKey(bare('member'), 'admin')
      await refused(store.updateKey(hashOf('member'), { team: 'red' }, 'admin'), 'no_team', 'team')
    }),
    rule('a team is kept with all that was given, is changed, and goes with its keys', async store => {
      const { createdAt, updatedAt, ...created } = await store.createTeam(team, 'admin')
      assert.deepEqual(created, { ...team, createdBy: 'admin', updatedBy: 'admin' })
      await refused(store.createTeam(team, 'admin'), 'exists', 'id')
      const updated = await store.updateTeam('red', { name: null, rpmLimit: 5 }, 'ben')
      assert.deepEqual([updated.name, updated.rpmLimit, updated.maxParallelRequests, updated.updatedBy], [undefined, 5, 7, 'ben'])
      assert.deepEqual(await store.findTeam('red'), updated)
      await store.createTeam({ id: 'blue' }, 'admin')
      for (const id of ['red', 'blue']) await store.createKey({ ...bare(id), team: id }, 'admin')
      assert.deepEqual((await store.listTeams()).map(({ id }) => id), ['blue', 'red'])
      assert.deepEqual(await store.deleteTeams(['nobody', 'red'], 'admin'), ['red'])
      assert.equal(await store.findByHash(hashOf('red')), undefined)
      assert.notEqual(await store.findByHash(hashOf('blue')), undefined)
    }),
    rule('keys are listed newest first, by all that was asked for, in pages', async store => {
      await store.createTeam(team, 'admin')
      for (let i = 0; i < 6; i++) await store.createKey({ ...bare(`key ${i}`), name: `key ${i}`, ...(i % 2 === 0 && { team: 'red' }), user: i < 4 ? 'ann' : 'ben' }, 'admin')
      const names = async (filter?: Parameters<KeyAdmin['listKeys']>[0]): Promise<unknown> => {
        const { keys, total } = await store.listKeys(filter)
        return [keys.map(({ name }) => name!.slice(4)).join(''), total]
      }
      assert.deepEqual(await names(), ['543210', 6])
      assert.deepEqual(await names({ limit: 2 }), ['54', 6])
      assert.deepEqual(await names({ offset: 4, limit: 9 }), ['10', 6])
      assert.deepEqual(await names({ offset: 9 }), ['', 6])
      assert.deepEqual(await names({ team: 'red' }), ['420', 3])
      assert.deepEqual(await names({ team: 'red', user: 'ann' }), ['20', 2])
      assert.deepEqual(await names({ name: 'key 3' }), ['3', 1])
      assert.deepEqual(await names({ hash: hashOf('key 1') }), ['1', 1])
      assert.deepEqual(await names({ user: '%' }), ['', 0])
    }),
    rule('each change is told in order, with who and what, and without a value', async store => {
      assert.equal(await store.lastChange(), 0)
      await store.createTeam(team, 'ann')
      await store.createKey({ ...full, team: 'red' }, 'ben')
      await store.updateKey(full.hash, { blocked: true, rpmLimit: null }, 'cid')
      await store.replaceSecret(full.hash, { hash: hashOf('new'), keyName: 'sk-...new' }, 'dan')
      await store.updateTeam('red', { name: 'x' }, 'eve')
      await store.deleteTeams(['red'], 'fay')
      const rows = await store.changes(0)
      assert.deepEqual(rows.map(({ by, action, kind, id }) => [by, action, kind, id]), [
        ['ann', 'create', 'team', 'red'], ['ben', 'create', 'key', full.hash], ['cid', 'update', 'key', full.hash], ['dan', 'regenerate', 'key', full.hash],
        ['eve', 'update', 'team', 'red'], ['fay', 'delete', 'key', hashOf('new')], ['fay', 'delete', 'team', 'red']
      ])
      assert.deepEqual([...rows[2]!.fields].sort(), ['blocked', 'rpmLimit'])
      assert.ok(rows.every(({ seq }, i) => i === 0 || seq > rows[i - 1]!.seq))
      assert.ok(rows.every(({ at }) => Math.abs(at - Date.now()) < 60_000))
      assert.equal(await store.lastChange(), rows.at(-1)!.seq)
      assert.deepEqual(await store.changes(rows[1]!.seq, 2), rows.slice(2, 4))
      assert.deepEqual(await store.changes(rows.at(-1)!.seq), [])
      assert.ok(!JSON.stringify(rows).includes(full.name!))
    }),
    rule('a change that is refused leaves nothing behind', async store => {
      await store.createKey(full, 'admin')
      const before = await store.changes(0)
      await refused(store.createKey({ ...bare('other'), team: 'nobody' }, 'admin'), 'no_team')
      await refused(store.updateKey(full.hash, { blocked: true, team: 'nobody' }, 'admin'), 'no_team')
      assert.deepEqual(await store.changes(0), before)
      assert.equal((await store.findByHash(full.hash))!.blocked, false)
    }),
    rule('any text is kept as it is, in every field that takes one', async store => {
      for (const [i, text] of hostile.entries()) {
        await store.createTeam({ id: text, name: text, tags: [text] }, text)
        const key: NewKey = { ...bare(String(i)), keyName: text, name: text, team: text, user: text, models: [text], tags: [text], metadata: { [text]: text }, opaque: { [text]: [text] } }
        const { keyId, createdAt, updatedAt, createdBy, updatedBy, teamPolicy, ...rest } = await store.createKey(key, text)
        assert.deepEqual([rest, createdBy, updatedBy, teamPolicy!.tags], [key, text, text, [text]])
        assert.deepEqual((await store.listKeys({ name: text, team: text, user: text })).keys.map(({ hash }) => hash), [key.hash], text)
        assert.equal((await store.findTeam(text))!.name, text)
      }
      assert.equal((await store.listKeys()).total, hostile.length)
      assert.deepEqual(new Set((await store.changes(0)).map(({ by }) => by)), new Set(hostile))
    }),
    rule('many changes at once are all told, each once', async store => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.createKey(bare(`key ${i}`), 'admin')))
      const rows: readonly AuditRow[] = await store.changes(0)
      assert.equal(new Set(rows.map(({ id }) => id)).size, 50)
      assert.equal(new Set(rows.map(({ seq }) => seq)).size, 50)
    }),
    ...reopen === undefined
      ? []
      : [
          shared('what one process changes another one sees at once', async (store, other) => {
            await store.createKey(full, 'admin')
            assert.equal((await other.findByHash(full.hash))!.name, full.name)
            await other.updateKey(full.hash, { blocked: true }, 'admin')
            assert.equal((await store.findByHash(full.hash))!.blocked, true)
            assert.deepEqual(await store.changes(0), await other.changes(0))
          }),
          shared('changes that two processes make at once are told in the order in which they became visible', async (store, other) => {
            const seen: number[] = []
            const made = Promise.all(Array.from({ length: 40 }, (_, i) => [store, other][i % 2]!.createKey(bare(`key ${i}`), 'admin')))
            while (seen.length < 40) for (const { seq } of await other.changes(seen.at(-1) ?? 0)) seen.push(seq)
            await made
            assert.deepEqual(seen, (await store.changes(0)).map(({ seq }) => seq))
          })
        ]
  ]
}

function bare (secret: string): NewKey {
  return { hash: hashOf(secret), keyName: 'sk-...' }
}

function hashOf (secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** A `KeyAdminError`: known by its name, for there may be several copies of the class. */
async function refused (change: Promise<unknown>, code: string, field?: string): Promise<void> {
  await assert.rejects(change, (cause: { name?: string, code?: string, field?: string }) => {
    assert.deepEqual([cause.name, cause.code], ['KeyAdminError', code])
    if (field !== undefined) assert.equal(cause.field, field)
    return true
  })
}
