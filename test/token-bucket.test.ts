import fc from 'fast-check'
import t from 'tap'
import { TokenBucket } from '../lib/token-bucket.ts'
import { holds } from './fixtures/session/seeded.ts'

t.test('a bucket gives burst at once and rate for long', async t => {
  const bucket = new TokenBucket(10, 20, 0)
  t.ok(bucket.take(20, 0))
  t.notOk(bucket.take(1, 99))
  t.ok(bucket.take(1, 100))
  t.notOk(bucket.take(11, 1_100), 'a take that is too much takes nothing')
  t.ok(bucket.take(10, 1_100))
  t.ok(bucket.take(20, 1e9), 'it fills up to burst')
  t.notOk(bucket.take(1, 1e9))
  t.notOk(new TokenBucket(10, 20, 0).take(21, 0), 'more than burst never is to be had')
})

t.test('over any run of takes a bucket gives at most burst + rate x time, and less only when it said no', async t => {
  const steps = fc.array(fc.record({ wait: fc.nat(3_000), count: fc.integer({ min: 1, max: 30 }) }), { maxLength: 60 })
  await holds(t, 300, fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), steps), ([rate, burst, steps]) => {
    const bucket = new TokenBucket(rate, burst, 0)
    let now = 0
    let taken = 0
    let tokens = burst
    for (const { wait, count } of steps) {
      now += wait
      tokens = Math.min(burst, tokens + wait * rate / 1000)
      const isGiven = bucket.take(count, now)
      // A hair's breadth is rounding.
      if (Math.abs(tokens - count) > 1e-6 && isGiven !== (tokens >= count)) throw new Error(`${isGiven} with ${tokens} tokens for ${count}`)
      if (isGiven) {
        taken += count
        tokens -= count
      }
      if (taken > burst + now * rate / 1000 + 1e-6) throw new Error(`${taken} in ${now} ms`)
    }
  })
})
