import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { generate } from 'selfsigned'
import t from 'tap'
import { loggable } from '../lib/loggable.ts'

t.test('an error is its name, code and text in one line, and nothing else of it', async t => {
  const rows: ReadonlyArray<readonly [unknown, unknown]> = [
    [new TypeError('a\n  b\t c\n'), { type: 'TypeError', message: 'a b c' }],
    [Object.assign(new Error('x'), { code: 'ECONNRESET', headers: { authorization: 'secret' } }), { type: 'Error', code: 'ECONNRESET', message: 'x' }],
    [Object.assign(new Error('x'), { code: 7, name: {}, message: { a: 1 } }), { type: 'Error', message: '' }],
    ['a text', undefined],
    [undefined, undefined]
  ]
  for (const [error, told] of rows) t.strictSame(loggable(error), told)
})

t.test('where each address of a host was tried, what became of each is told', async t => {
  const tried = ['connect ECONNREFUSED ::1:1', 'connect ECONNREFUSED 127.0.0.1:1'].map(text => new Error(text))
  t.strictSame(loggable(Object.assign(new AggregateError(tried), { code: 'ECONNREFUSED' })),
    { type: 'AggregateError', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1' })
})

t.test('a TLS alert is told by its reason', async t => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' })
  const server = createServer({ key: pems.private, cert: pems.cert, requestCert: true, rejectUnauthorized: true }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const alerts: string[] = []
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion })
    const error = await new Promise(resolve => socket.once('error', resolve))
    alerts.push(loggable(error)!.message)
    socket.destroy()
  }
  t.match(alerts, [/^TLS: tlsv13 alert certificate required$/, /^TLS: .*alert.*$/])
  for (const text of alerts) t.notMatch(text, /\n|error:|\.c:/)
})
