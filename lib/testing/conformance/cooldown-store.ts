import assert from 'node:assert/strict'
import type { CooldownStore } from '../../../types/index.ts'
import { hostileNames, seeded, testWith } from './suite.ts'
import type { ConformanceTest, Lifetime } from './suite.ts'

export interface CooldownStoreConformanceOptions extends Lifetime<CooldownStore> {
  /** Makes an empty store. */
  readonly create: () => CooldownStore | Promise<CooldownStore>
}

const seed = 20261122
const minute = 60_000

/** The rules of the contract `CooldownStore`, as seen by the one process that writes. */
export function cooldownStoreConformance ({ create, close }: CooldownStoreConformanceOptions): readonly ConformanceTest[] {
  const rule = (name: string, body: (store: CooldownStore) => void): ConformanceTest => testWith(name, create, { close }, body)
  // Times in the future: a store may forget what is past.
  const soon = Date.now() + 10 * minute

  return [
    rule('a deployment whose cooldown nobody began is in none, whatever its id', store => {
      for (const id of ['d', 'a/b#0', '🎙', ...hostileNames]) assert.equal(store.until(id), 0, JSON.stringify(id))
    }),
    rule('a cooldown lasts until the time that was said, readable at once', store => {
      for (const id of ['d', 'a/b#0', '🎙', ...hostileNames]) {
        assert.equal(store.start(id, soon), undefined)
        assert.equal(store.until(id), soon, JSON.stringify(id))
      }
    }),
    rule('a later time counts over an earlier one, in either order', store => {
      store.start('up', soon)
      store.start('up', soon + minute)
      assert.equal(store.until('up'), soon + minute)
      store.start('down', soon + minute)
      store.start('down', soon)
      assert.equal(store.until('down'), soon + minute)
    }),
    rule('a cooldown that was cleared is over, and the next may be shorter', store => {
      store.start('d', soon + minute)
      store.clear('d')
      assert.equal(store.until('d'), 0)
      store.start('d', soon)
      assert.equal(store.until('d'), soon)
    }),
    rule('clearing where there is no cooldown changes nothing', store => {
      store.start('d', soon)
      store.clear('another')
      assert.equal(store.until('another'), 0)
      assert.equal(store.until('d'), soon)
    }),
    rule('each deployment has a cooldown of its own, ten thousand changes long', store => {
      const random = seeded(seed)
      const ids = Array.from({ length: 20 }, (_, i) => `d${i}`)
      const expected = new Map<string, number>()
      for (let i = 0; i < 10_000; i++) {
        const id = ids[Math.floor(random() * ids.length)]!
        if (random() < 0.3) {
          store.clear(id)
          expected.delete(id)
        } else {
          const until = soon + Math.floor(random() * minute)
          store.start(id, until)
          expected.set(id, Math.max(until, expected.get(id) ?? 0))
        }
        const read = ids[Math.floor(random() * ids.length)]!
        assert.equal(store.until(read), expected.get(read) ?? 0, `${read} after ${i + 1} changes with the seed ${seed}`)
      }
    })
  ]
}
