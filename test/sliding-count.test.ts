import fc from 'fast-check'
import { strictEqual } from 'node:assert/strict'
import t from 'tap'
import { SlidingCount } from '../lib/sliding-count.ts'
import { holds } from './fixtures/session/seeded.ts'

const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 3 })), { maxLength: 20 })

/** A count of these amounts, each so long after the one before it. */
function counted (all: ReadonlyArray<readonly [gap: number, amount: number]>): { count: SlidingCount, now: number } {
  const count = new SlidingCount()
  let now = 5_000
  for (const [gap, amount] of all) count.add(amount, now += gap)
  return { count, now }
}

t.test('what was added counts for 60 seconds, and not for 61', async t => {
  const { count, now } = counted([[250, 3]])
  t.equal(count.total(now + 60_000), 3)
  t.equal(count.total(now + 61_000), 0)
})

t.test('no 60 seconds are counted short, whatever was added when', async t => {
  await holds(t, 500, steps, all => {
    const { count, now } = counted(all)
    let from = 5_000
    let exact = 0
    for (const [gap, amount] of all) {
      from += gap
      if (now - from < 60_000) exact += amount
    }
    strictEqual(count.total(now) >= exact, true)
    strictEqual(count.total(now + 61_000), 0)
  })
})

t.test('it is below a limit exactly when it says', async t => {
  await holds(t, 500, fc.tuple(steps, fc.integer({ min: 1, max: 8 })), ([all, limit]) => {
    const { count, now } = counted(all)
    const wait = count.untilBelow(limit, now)
    strictEqual(wait >= 0 && wait <= 61_000, true)
    if (wait > 0) strictEqual(counted(all).count.total(now + wait - 1) >= limit, true)
    strictEqual(counted(all).count.total(now + wait) < limit, true)
  })
})

t.test('a limit of nothing is never undercut', async t => {
  t.equal(new SlidingCount().untilBelow(0, 5_000), Infinity)
})
