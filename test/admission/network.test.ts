import t from 'tap'
import { isPrivate, network } from '../../lib/admission/network.ts'

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

t.test('a private address is known from a public one', async t => {
  for (const address of [undefined, '127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.1', '192.168.1.1', '169.254.1.1', '100.64.0.1', '100.127.0.1', '::ffff:10.0.0.1', '::1', 'fc00::1', 'fd12:3456::1', 'fe80::1']) t.ok(isPrivate(address), String(address))
  for (const address of ['192.0.2.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '100.128.0.1', '11.0.0.1', '::ffff:192.0.2.1', '2001:db8::1', 'fec0::1', 'fd::1', '::']) t.notOk(isPrivate(address), address)
})
