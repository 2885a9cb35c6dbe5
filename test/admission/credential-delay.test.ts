import fc from 'fast-check'
import t from 'tap'
import { CredentialDelay } from '../../lib/admission/credential-delay.ts'

t.test('each wrong credential from an address waits twice as long as the one before, up to a second', async t => {
  const delay = new CredentialDelay(() => 0)
  t.strictSame(Array.from({ length: 8 }, () => delay.failed('192.0.2.1')), [30, 60, 120, 240, 480, 960, 1_000, 1_000])
  t.equal(delay.failed('192.0.2.2'), 30, 'another address begins anew')
})

t.test('an address is forgotten five minutes after its last wrong credential', async t => {
  let now = 0
  const delay = new CredentialDelay(() => now)
  delay.failed('192.0.2.1')
  now = 300_000
  t.equal(delay.failed('192.0.2.1'), 60)
  now += 300_001
  t.equal(delay.failed('192.0.2.1'), 30)
})

t.test('the table is bounded, and who failed last is remembered', async t => {
  const delay = new CredentialDelay(() => 0)
  for (let i = 0; i < 50_000; i++) {
    delay.failed(`host ${i}`)
    if (i % 1_000 === 0) delay.failed('192.0.2.1')
  }
  t.equal(delay.size, 10_000)
  t.equal(delay.failed('192.0.2.1'), 1_000)
})

t.test('whoever fails, in whatever order and time: no answer waits longer than a second, or shorter than the one before it', async () => {
  const failure = fc.record({ from: fc.integer({ min: 0, max: 5 }), after: fc.nat(60_000) })
  fc.assert(fc.property(fc.array(failure, { maxLength: 60 }), failures => {
    let now = 0
    const delay = new CredentialDelay(() => now)
    const last = new Map<number, { ms: number, at: number }>()
    for (const { from, after } of failures) {
      now += after
      const ms = delay.failed(`192.0.2.${from}`)
      const before = last.get(from)
      if (ms < 30 || ms > 1_000) return false
      if (before !== undefined && now - before.at <= 300_000 && ms < before.ms) return false
      last.set(from, { ms, at: now })
    }
    return delay.size === last.size
  }))
})

t.test('on a Unix socket all clients are one', async t => {
  const delay = new CredentialDelay(() => 0)
  t.strictSame([delay.failed(undefined), delay.failed(undefined)], [30, 60])
})
