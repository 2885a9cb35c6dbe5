import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { KeyStore, VirtualKey } from '../../../types/index.ts'
import { hostileNames, testWith } from './suite.ts'
import type { ConformanceTest, Lifetime } from './suite.ts'

export interface KeyStoreConformanceOptions extends Lifetime<KeyStore> {
  /** Makes a store that holds these keys and no others. */
  readonly create: (keys: readonly VirtualKey[]) => KeyStore | Promise<KeyStore>
}

/** The rules of the contract `KeyStore`. */
export function keyStoreConformance ({ create, close }: KeyStoreConformanceOptions): readonly ConformanceTest[] {
  const rule = (name: string, keys: readonly VirtualKey[], body: (store: KeyStore) => Promise<void>): ConformanceTest =>
    testWith(name, () => create(keys), { close }, body)
  const full: VirtualKey = {
    hash: hashOf('full'),
    name: 'team "a"; --',
    models: ['voice', 'xai/*'],
    expiresAt: 4_102_444_800_000,
    blocked: false,
    fallbacks: false,
    tags: ['eu', 'ünïcode'],
    metadata: { team: 7, deep: { list: [null, true, '🎙'] } }
  }
  const bare: VirtualKey = { hash: hashOf('bare') }
  const many = Array.from({ length: 1_000 }, (_, i): VirtualKey => ({ hash: hashOf(`key ${i}`), name: `key ${i}` }))

  return [
    rule('finds a key by its hash, with all that is known of it', [bare, full], async store => {
      assert.deepEqual(known(await store.findByHash(full.hash)), full)
    }),
    rule('adds nothing to a key of which only the hash is known', [full, bare], async store => {
      assert.deepEqual(known(await store.findByHash(bare.hash)), bare)
    }),
    rule('finds blocked and expired keys too: the gateway tells their holders why', [{ ...bare, blocked: true, expiresAt: 1 }], async store => {
      assert.deepEqual(known(await store.findByHash(bare.hash)), { ...bare, blocked: true, expiresAt: 1 })
    }),
    rule('resolves to undefined for a hash that it does not hold', [full], async store => {
      assert.equal(await store.findByHash(bare.hash), undefined)
    }),
    rule('holds nothing when it was given nothing', [], async store => {
      assert.equal(await store.findByHash(bare.hash), undefined)
    }),
    rule('compares the whole hash: no part, pattern or piece of a query finds a key', [full, bare], async store => {
      const near = [full.hash.slice(0, -1), full.hash.slice(0, 8), `${full.hash}0`, ` ${full.hash}`, '%', '*', `${full.hash.slice(0, 8)}%`, '_'.repeat(64), "' OR '1'='1", full.name!]
      for (const hash of [...near, ...hostileNames]) assert.equal(await store.findByHash(hash), undefined, JSON.stringify(hash))
    }),
    rule('answers with a promise, also to what it does not hold', [full], async store => {
      for (const hash of [full.hash, bare.hash]) {
        const answer: unknown = store.findByHash(hash)
        assert.equal(typeof (answer as PromiseLike<unknown> | undefined)?.then, 'function')
        await answer
      }
    }),
    rule('gives each of a thousand questions at once its own answer', many, async store => {
      const found = await Promise.all(many.map(({ hash }) => store.findByHash(hash)))
      assert.deepEqual(found.map(key => key?.name), many.map(({ name }) => name))
    }),
    rule('answers the same when it is asked again', [full], async store => {
      assert.deepEqual(known(await store.findByHash(full.hash)), known(await store.findByHash(full.hash)))
    })
  ]
}

function hashOf (text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A key without the members that are there and hold nothing. */
function known (key: VirtualKey | undefined): Partial<VirtualKey> | undefined {
  return key && Object.fromEntries(Object.entries(key).filter(([, value]) => value !== undefined))
}
