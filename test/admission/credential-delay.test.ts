import t from 'tap'
import { CredentialDelay, network } from '../../lib/admission/credential-delay.ts'

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

t.test('addresses of one IPv6 network count as one', async t => {
  for (const [address, of] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'], ['2001:0db8:0001:0002::9', '2001:db8:1:2'], ['2001:db8::1', '2001:db8:0:0'], ['::1', '0:0:0:0'],
    ['fe80::', 'fe80:0:0:0'], ['192.0.2.1', '192.0.2.1'], ['::ffff:192.0.2.1', '::ffff:192.0.2.1']
  ] as const) t.equal(network(address), of, address)
})
