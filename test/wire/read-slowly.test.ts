import t from 'tap'
import { readingSlowly } from '../../lib/wire/read-slowly.ts'
import { createClock, turn } from '../fixtures/session/clock.ts'
import { FakeSocket } from '../fixtures/session/fake-socket.ts'

t.test('64 KiB are read at once, and then a chunk in each 100 ms, until the socket is closed', async t => {
  const clock = createClock()
  t.teardown(() => clock.restore())
  const socket = new FakeSocket()
  let read = 0
  socket.on('data', (chunk: Buffer) => { read += chunk.length })
  socket.on('data', readingSlowly(socket))
  for (let i = 0; i < 10; i++) socket.peerSend(Buffer.alloc(32 * 1024))
  await turn()
  t.equal(read, 64 * 1024)
  t.ok(socket.isPaused())
  await clock.advance(300)
  t.equal(read, 5 * 32 * 1024)
  socket.destroy()
  await turn()
  t.equal(clock.pending, 0, 'no timer is left')
})
