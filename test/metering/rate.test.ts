import fc from 'fast-check'
import t from 'tap'
import { isDearer, priced, rateOf, shareOf } from '../../lib/metering/rate.ts'
import { draws, seed } from '../fixtures/draws.ts'

t.test('a price is read from its decimal text, exactly', async t => {
  for (const [dollars, per, nanos, units] of [
    [4e-7, 1, 400n, 1n],
    ['4e-07', 1, 400n, 1n],
    [0.000032, 1, 32_000n, 1n],
    ['3.2E-05', 1, 32_000n, 1n],
    ['0.0000000001', 1, 1n, 10n],
    [1e-12, 1, 1n, 1_000n],
    [0.1 + 0.2, 1, 7_500_000_000_000_001n, 25_000_000n],
    // As it stands in LiteLLM's price file for gpt-realtime-whisper, by the second.
    [0.0002833333333333333, 1_000, 2_833_333_333_333_333n, 10_000_000_000_000n],
    ['0.08', 60_000, 4_000n, 3n],
    ['.5'.padStart(3, '0'), 1, 500_000_000n, 1n],
    ['5.', 1, 5_000_000_000n, 1n],
    ['+2', 1, 2_000_000_000n, 1n],
    [0, 1, 0n, 1n],
    ['1e3', 1, 1_000_000_000_000n, 1n]
  ] as const) t.strictSame(rateOf(dollars, per), { nanos, per: units }, String(dollars))
})

t.test('what is no price has no rate, and takes no time', async t => {
  for (const value of [-1, '-0.1', NaN, Infinity, '', ' ', 'free', '0x10', '1,5', '1e', '1e999999999', '1e-999999999', '9'.repeat(1_000_000), null, undefined, true, {}, [], 4n]) {
    t.equal(rateOf(value, 1), undefined)
  }
})

t.test('costs are rounded to the nearest nano-dollar, a half up', async t => {
  for (const [quantity, nanos, per, cost] of [[1, 1n, 2n, 1n], [1, 1n, 3n, 0n], [2, 1n, 3n, 1n], [1, 49n, 100n, 0n], [1, 5n, 10n, 1n], [3, 1n, 2n, 2n], [0, 9n, 2n, 0n]] as const) {
    t.equal(priced(quantity, { nanos, per }), cost, `${quantity} of ${nanos}/${per}`)
  }
})

t.test('a share loses nothing, and rates compare across their units', async t => {
  t.strictSame(shareOf(rateOf('0.40', 1_000_000)!, 11_000), { nanos: 440n, per: 1n })
  t.strictSame(shareOf({ nanos: 1n, per: 3n }, 9_500), { nanos: 19n, per: 60n })
  t.ok(isDearer({ nanos: 2n, per: 3n }, { nanos: 3n, per: 5n }))
  t.notOk(isDearer({ nanos: 2n, per: 4n }, { nanos: 1n, per: 2n }))
})

t.test('property: any number of nano-dollars comes back, as a number and as a text with or without an exponent', async () => {
  fc.assert(fc.property(fc.nat({ max: 1e15 }), nanos => {
    const whole = BigInt(nanos)
    for (const text of [`${nanos}e-9`, `${whole / 1_000_000_000n}.${String(whole % 1_000_000_000n).padStart(9, '0')}`]) {
      const rate = rateOf(text, 1)!
      if (rate.nanos !== whole || rate.per !== 1n) return false
    }
    const number = rateOf(nanos / 1e9, 1)!
    return nanos > 1e14 || (number.nanos === whole && number.per === 1n)
  }), { numRuns: draws(10_000), seed })
})
