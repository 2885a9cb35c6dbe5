import t from 'tap'
import { createKeyCache } from '../../lib/keys/cache.ts'
import type { KeyStore, VirtualKey } from '../../types/index.ts'

interface Asked {
  readonly hash: string
  answer (key?: VirtualKey): void
  fail (): void
}

/** A store whose answers the test gives. */
function slowStore (): { store: KeyStore, asked: Asked[] } {
  const asked: Asked[] = []
  return {
    asked,
    store: {
      findByHash: hash => new Promise((resolve, reject) => {
        asked.push({ hash, answer: resolve, fail: () => reject(new Error('away')) })
      })
    }
  }
}

function setting (): { cache: ReturnType<typeof createKeyCache>, asked: Asked[], clock: { now: number, fresh: boolean } } {
  const { store, asked } = slowStore()
  const clock = { now: 0, fresh: true }
  return { cache: createKeyCache(store, () => clock.fresh, () => clock.now), asked, clock }
}

t.test('what was found is not asked for again within ten seconds', async t => {
  const { cache, asked, clock } = setting()
  const first = cache.findByHash('a')
  asked[0]!.answer({ hash: 'a' })
  t.strictSame(await first, { hash: 'a' })
  clock.now = 9_999
  t.strictSame(await cache.findByHash('a'), { hash: 'a' })
  t.equal(asked.length, 1)
  clock.now = 10_000
  cache.findByHash('a')
  t.equal(asked.length, 2)
})

t.test('that a hash is nobody\'s is kept for two seconds', async t => {
  const { cache, asked, clock } = setting()
  const first = cache.findByHash('a')
  asked[0]!.answer(undefined)
  t.equal(await first, undefined)
  clock.now = 1_999
  t.equal(await cache.findByHash('a'), undefined)
  t.equal(asked.length, 1)
  clock.now = 2_000
  cache.findByHash('a')
  t.equal(asked.length, 2)
})

t.test('many questions for one key at once are one question', async t => {
  const { cache, asked } = setting()
  const all = Promise.all([cache.findByHash('a'), cache.findByHash('a'), cache.findByHash('a')])
  asked[0]!.answer({ hash: 'a' })
  t.equal((await all).length, 3)
  t.equal(asked.length, 1)
})

t.test('a failure is told to whoever asked, and not kept', async t => {
  const { cache, asked } = setting()
  const first = cache.findByHash('a')
  asked[0]!.fail()
  await t.rejects(first, /away/)
  const second = cache.findByHash('a')
  asked[1]!.answer({ hash: 'a' })
  t.strictSame(await second, { hash: 'a' })
})

t.test('what was read before a change is not kept after it', async t => {
  const { cache, asked } = setting()
  const before = cache.findByHash('a')
  cache.forget('a')
  const after = cache.findByHash('a')
  t.equal(asked.length, 2, 'the store is asked anew')
  // The answer from before comes last.
  asked[1]!.answer({ hash: 'a', blocked: true })
  await after
  asked[0]!.answer({ hash: 'a' })
  t.strictSame(await before, { hash: 'a' })
  t.strictSame(await cache.findByHash('a'), { hash: 'a', blocked: true })
})

t.test('nothing is kept, nor used, while changes may have been missed', async t => {
  const { cache, asked, clock } = setting()
  const first = cache.findByHash('a')
  asked[0]!.answer({ hash: 'a' })
  await first
  clock.fresh = false
  cache.findByHash('a')
  t.equal(asked.length, 2)
})

t.test('a guesser pushes no key out', async t => {
  const { cache, asked } = setting()
  const first = cache.findByHash('good')
  asked[0]!.answer({ hash: 'good' })
  await first
  for (let i = 0; i < 10_001; i++) {
    const guess = cache.findByHash(`guess ${i}`)
    asked.at(-1)!.answer(undefined)
    await guess
  }
  const before = asked.length
  await cache.findByHash('good')
  t.equal(asked.length, before)
  cache.findByHash('guess 0')
  t.equal(asked.length, before + 1, 'the oldest guess is forgotten')
})

t.test('all are forgotten at once', async t => {
  const { cache, asked } = setting()
  const first = cache.findByHash('a')
  asked[0]!.answer({ hash: 'a' })
  await first
  const { generation } = cache
  cache.forgetAll()
  t.not(cache.generation, generation)
  cache.findByHash('a')
  t.equal(asked.length, 2)
})
