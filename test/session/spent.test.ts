import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { discard } from '../../lib/wire/spent.ts'
import { closePayload, frame, readFrames } from '../fixtures/session/frames.ts'
import { collect, joinReal } from '../fixtures/session/real-sockets.ts'
import type { RealSession } from '../fixtures/session/real-sockets.ts'

const text = (payload: string, masked: boolean): Buffer => frame({ opcode: 1, payload }, masked)

async function end ({ client, upstream, closed }: RealSession): Promise<void> {
  client.end(frame({ opcode: 8, payload: closePayload(1000) }, true))
  upstream.end(frame({ opcode: 8, payload: closePayload(1000) }, false))
  await closed
}

t.test('memory that is all a chunk\'s own is given back at once, memory that others share is left alone', async t => {
  const own = Buffer.from(new ArrayBuffer(5_000))
  const view = Buffer.from(new ArrayBuffer(5_000), 0, 4_999)
  const pooled = Buffer.from('a few bytes of the pool that all share')
  for (const chunk of [own, view, pooled, Buffer.alloc(0)]) discard(chunk)
  t.equal(own.length, 0)
  t.equal(own.buffer.byteLength, 0)
  t.equal(view.length, 4_999)
  t.equal(pooled.toString(), 'a few bytes of the pool that all share')
  discard(own)
})

t.test('a chunk is given back when all of it has been sent on, and what was sent is whole', async t => {
  const joined = await joinReal()
  const { session, client, upstream, clientNear, upstreamNear } = joined
  session.start()
  const chunks: Buffer[] = []
  for (const socket of [clientNear, upstreamNear]) socket.on('data', (chunk: Buffer) => { chunks.push(chunk) })
  const [atClient, atUpstream] = [collect(client), collect(upstream)]
  const [up, down] = [text('u'.repeat(3_000), true), text('d'.repeat(3_000), false)]
  client.write(up)
  await atUpstream.reaches(up.length)
  upstream.write(down)
  await atClient.reaches(down.length)
  t.ok(chunks.length >= 2)
  t.strictSame(chunks.map(chunk => chunk.length), chunks.map(() => 0))
  t.equal(readFrames(atUpstream.received)[0]!.payload.toString(), 'u'.repeat(3_000))
  t.equal(readFrames(atClient.received)[0]!.payload.toString(), 'd'.repeat(3_000))
  await end(joined)
})

t.test('a chunk of which something waits for a slow peer is kept', async t => {
  const joined = await joinReal({ highWaterMark: 1_000_000 })
  const { session, client, upstream, clientNear, upstreamNear } = joined
  client.pause()
  session.start()
  const waiting: Buffer[] = []
  upstreamNear.on('data', (chunk: Buffer) => { if (clientNear.writableLength > 0) waiting.push(chunk) })
  const down = frame({ opcode: 2, payload: Buffer.alloc(60_000, 0x64) }, false)
  let sent = 0
  while (waiting.length === 0) {
    sent++
    upstream.write(down)
    await nextTurn()
  }
  t.ok(waiting[0]!.length > 0)
  const atClient = collect(client)
  client.resume()
  await atClient.reaches(sent * down.length)
  t.ok(readFrames(atClient.received).every(({ payload }) => payload.length === 60_000 && payload.every(byte => byte === 0x64)))
  upstream.resume()
  await end(joined)
})
