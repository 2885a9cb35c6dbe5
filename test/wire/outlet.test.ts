import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import t from 'tap'
import { Outlet } from '../../lib/wire/outlet.ts'

const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' })
const silent = { taken () {}, drained () {} }

/** A chunk as a socket gives it: all the memory is its own. */
function chunkOf (byte: number): Buffer {
  return Buffer.from(new ArrayBuffer(3_000)).fill(byte)
}

t.test('over TLS a chunk is given back when it has been sent, not before', async t => {
  const server = createServer({ key: pems.private, cert: pems.cert }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false })
  const [far] = await accepted
  const received: Buffer[] = []
  far.on('data', (chunk: Buffer) => received.push(chunk))
  const outlet = new Outlet(socket, 1_000_000, silent)
  const chunks = [chunkOf(1), chunkOf(2), chunkOf(3)]
  for (const chunk of chunks) {
    outlet.write(chunk)
    outlet.spend(chunk)
  }
  t.strictSame(chunks.map(({ length }) => length), [3_000, 3_000, 3_000])
  while (Buffer.concat(received).length < 9_000) await nextTurn()
  t.ok(Buffer.concat(received).equals(Buffer.concat([chunkOf(1), chunkOf(2), chunkOf(3)])))
  t.strictSame(chunks.map(({ length }) => length), [0, 0, 0])
  socket.destroy()
  far.destroy()
  server.close()
})

t.test('what a stream of another kind was given stays as it is', async t => {
  const stream = new PassThrough()
  const outlet = new Outlet(stream, 1_000_000, silent)
  const chunk = chunkOf(1)
  outlet.write(chunk)
  outlet.spend(chunk)
  t.equal(chunk.length, 3_000)
  t.ok((stream.read() as Buffer).equals(chunkOf(1)))
})
