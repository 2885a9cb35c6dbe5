import t from 'tap'
import { network } from '../../lib/admission/network.ts'

t.test('addresses of one IPv6 network count as one, and an IPv4 address is itself in either spelling', async t => {
  for (const [address, of] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'], ['2001:0db8:0001:0002::9', '2001:db8:1:2'], ['2001:db8::1', '2001:db8:0:0'], ['::1', '0:0:0:0'],
    ['fe80::', 'fe80:0:0:0'], ['fe80::1%eth0', 'fe80:0:0:0'], ['192.0.2.1', '192.0.2.1'], ['::ffff:192.0.2.1', '192.0.2.1'], [undefined, '']
  ] as const) t.equal(network(address), of, String(address))
})

t.test('what a client writes into a header is kept short', async t => {
  t.ok(network('x'.repeat(16_000)).length <= 64)
  t.ok(network(':a'.repeat(8_000)).length <= 64)
})
