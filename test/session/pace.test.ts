import fc from 'fast-check'
import t from 'tap'
import { Pace } from '../../lib/session/pace.ts'
import { createClock } from '../fixtures/session/clock.ts'
import { holds } from '../fixtures/session/seeded.ts'

const KiB = 1024

/** A pace on a clock of its own, and what it did. */
function paced (byteRate: number, byteBurst: number): { readonly pace: Pace, readonly clock: ReturnType<typeof createClock>, readonly did: string[] } {
  const clock = createClock()
  const did: string[] = []
  const pace = new Pace({ byteRate, byteBurst }, clock.now, { hold: () => did.push('hold'), release: () => did.push('release') })
  return { pace, clock, did }
}

t.test('burst comes at once, and what is beyond it is waited for at the rate', async t => {
  const { pace, clock, did } = paced(64 * KiB, 128 * KiB)
  t.teardown(() => clock.restore())
  pace.came(128 * KiB)
  t.strictSame(did, [])
  pace.came(64 * KiB)
  t.strictSame(did, ['hold'])
  await clock.advance(990)
  t.strictSame(did, ['hold'])
  await clock.advance(20)
  t.strictSame(did, ['hold', 'release'])
})

t.test('a message that took long is followed by a rest of four times as long', async t => {
  const { pace, clock, did } = paced(1e9, 1e9)
  t.teardown(() => clock.restore())
  pace.cost(50)
  t.strictSame(did, ['hold'])
  await clock.advance(195)
  t.strictSame(did, ['hold'])
  await clock.advance(10)
  t.strictSame(did, ['hold', 'release'])
})

t.test('what is added to a debt while it is paid is waited for as well', async t => {
  const { pace, clock, did } = paced(1e9, 1e9)
  t.teardown(() => clock.restore())
  pace.cost(50)
  pace.cost(50)
  await clock.advance(390)
  t.strictSame(did, ['hold'])
  await clock.advance(20)
  t.strictSame(did, ['hold', 'release'])
})

t.test('a session that ends is read at once, and is held no more', async t => {
  const { pace, clock, did } = paced(64 * KiB, 64 * KiB)
  t.teardown(() => clock.restore())
  pace.came(256 * KiB)
  pace.stop()
  pace.came(256 * KiB)
  pace.cost(50)
  t.strictSame(did, ['hold', 'release'])
  await clock.advance(60_000)
  t.strictSame(did, ['hold', 'release'])
})

t.test('over any run a source that is read only while it is not held brings at most burst and a chunk beyond the rate', async t => {
  await holds(t, 200, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 60 }), async chunks => {
    const rate = 100 * KiB
    const burst = 200 * KiB
    const { pace, clock, did } = paced(rate, burst)
    try {
      const began = clock.now()
      let bytes = 0
      for (const chunk of chunks) {
        while (did.at(-1) === 'hold') await clock.advance(50)
        pace.came(chunk * KiB)
        bytes += chunk * KiB
        // What is less than a chunk of 64 KiB is counted with the next.
        const most = burst + (clock.now() - began) * rate / 1_000 + 128 * KiB
        if (bytes > most) throw new Error(`${bytes} bytes, at most ${most}`)
      }
    } finally {
      clock.restore()
    }
  })
})
