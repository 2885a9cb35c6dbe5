import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { chop, closeOf, closePayload, frame, readFrames, usuallyMasked } from '../fixtures/session/frames.ts'
import { collect, joinReal } from '../fixtures/session/real-sockets.ts'
import type { RealSession } from '../fixtures/session/real-sockets.ts'
import type { UnpricedSummary } from '../../lib/session/parts.ts'

const text = (payload: string, masked: boolean): Buffer => frame({ opcode: 1, payload }, masked)
const close = (code: number, masked: boolean): Buffer => frame({ opcode: 8, payload: closePayload(code) }, masked)
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Waits until the session is over, and checks that nothing of it is left. */
async function over (t: Test, { closed, clientNear, upstreamNear, ends }: RealSession): Promise<UnpricedSummary> {
  const summary = await closed
  t.ok(clientNear.destroyed && upstreamNear.destroyed, 'both sockets are closed')
  await nextTurn()
  t.equal(ends(), 1, 'the end is told once')
  return summary
}

/** Writes all, no faster than the socket takes it. */
async function send (socket: Socket, bytes: Buffer, sizes = [50_000, 1, 17_000, 100_000]): Promise<void> {
  for (const chunk of chop(bytes, sizes)) if (!socket.write(chunk)) await once(socket, 'drain')
}

t.test('megabytes pass both ways at once, byte for byte, while both ends read in fits and starts', async t => {
  const joined = await joinReal({ highWaterMark: 100_000, lowWaterMark: 20_000 })
  const { session, client, upstream } = joined
  session.start()
  const sizes = [3, 70_000, 1_400, 130, 65_536, 300_000, 0]
  const make = (masked: boolean): Buffer => Buffer.concat(Array.from({ length: 100 }, (_, i) => frame({ opcode: i % 2 + 1, payload: randomBytes(sizes[i % sizes.length]! >> 1).toString('hex') }, masked)))
  const up = make(true)
  const down = make(false)
  const atUpstream = collect(upstream)
  const atClient = collect(client)
  for (const socket of [client, upstream]) {
    let chunks = 0
    socket.on('data', () => {
      if (++chunks % 7 !== 0) return
      socket.pause()
      setImmediate(() => socket.resume())
    })
  }
  await Promise.all([send(client, up), send(upstream, down)])
  await Promise.all([atUpstream.reaches(up.length), atClient.reaches(down.length)])
  client.end(close(1000, true))
  await atUpstream.reaches(up.length + 8)
  upstream.end(close(1000, false))
  t.match(await over(t, joined), { endedBy: 'client', closeCode: 1000, bytes: { client: up.length + 8, upstream: down.length + 4 }, messages: { client: 100, upstream: 100 } })
  const [upBytes, downBytes] = await Promise.all([atUpstream.done, atClient.done])
  t.equal(sha(usuallyMasked(upBytes.subarray(0, up.length))), sha(up))
  t.strictSame(readFrames(upBytes.subarray(up.length)).map(closeOf), [{ code: 1000, reason: '' }])
  t.equal(sha(downBytes.subarray(0, down.length)), sha(down))
  t.strictSame(readFrames(downBytes.subarray(down.length)).map(closeOf), [{ code: 1000, reason: '' }])
})

t.test('a client that does not read stops its upstream, and at stallTimeout only the marks of data were taken in', async t => {
  const joined = await joinReal({ highWaterMark: 200_000, lowWaterMark: 50_000, closeTimeout: 50, stallTimeout: 1 })
  const { session, client, upstream, clientNear } = joined
  client.pause()
  session.start()
  const atUpstream = collect(upstream)
  const flood = send(upstream, frame({ opcode: 2, payload: Buffer.alloc(64_000) }, false)).then(async () => {
    for (let i = 0; i < 2_000; i++) await send(upstream, frame({ opcode: 2, payload: Buffer.alloc(64_000) }, false), [100_000])
  }).catch(() => {})
  while (clientNear.writableLength <= 200_000) await nextTurn()
  const { upstream: taken } = session.info().bytes
  for (let i = 0; i < 2_000; i++) await nextTurn()
  t.ok(session.info().bytes.upstream - taken < 200_000, 'nothing more is read')
  t.ok(clientNear.writableLength < 200_000 + 64_014 + 65_536, `${clientNear.writableLength} bytes wait`)
  session.sweep(performance.now() + 1_000, 0, 1_000)
  t.match(await over(t, joined), { endedBy: 'gateway', closeCode: 1013, error: 'slow_consumer' })
  t.strictSame(readFrames(await atUpstream.done).map(closeOf), [{ code: 1000, reason: '' }])
  upstream.destroy()
  client.destroy()
  await flood
})

for (const side of ['client', 'upstream'] as const) {
  t.test(`a reset by the ${side} ends both connections`, async t => {
    const joined = await joinReal()
    const { session } = joined
    const [leaver, stayer] = side === 'client' ? [joined.client, joined.upstream] : [joined.upstream, joined.client]
    session.start()
    const atStayer = collect(stayer)
    const last = text('last words', side === 'client')
    leaver.write(last)
    await atStayer.reaches(last.length)
    leaver.resetAndDestroy()
    const frames = readFrames(await atStayer.untilClose())
    t.equal(frames[0]!.payload.toString(), 'last words')
    t.equal(closeOf(frames.at(-1)!).code, 1011)
    stayer.end(close(1011, side === 'upstream'))
    t.match(await over(t, joined), { endedBy: side, closeCode: 1006 })
  })

  t.test(`a ${side} that ends its half without a close frame has left, and both connections end`, async t => {
    const joined = await joinReal({ closeTimeout: 5_000 })
    const { session } = joined
    const [leaver, stayer] = side === 'client' ? [joined.client, joined.upstream] : [joined.upstream, joined.client]
    session.start()
    leaver.resume()
    const atStayer = collect(stayer)
    leaver.end(text('last words', side === 'client'))
    const frames = readFrames(await atStayer.untilClose())
    t.equal(frames[0]!.payload.toString(), 'last words')
    t.equal(closeOf(frames.at(-1)!).code, 1011)
    stayer.end(close(1011, side === 'upstream'))
    t.match(await over(t, joined), { endedBy: side, closeCode: 1006 })
  })

  t.test(`a ${side} whose socket was closed before the start ends the session`, async t => {
    const joined = await joinReal({ closeTimeout: 20 })
    const near = side === 'client' ? joined.clientNear : joined.upstreamNear
    near.destroy()
    await once(near, 'close')
    joined.session.start()
    t.match(await over(t, joined), { endedBy: side, closeCode: 1006 })
    joined.client.destroy()
    joined.upstream.destroy()
  })
}

t.test('bytes that came with the handshakes come first, and half a frame is completed by what follows', async t => {
  const hello = text('session.created', false)
  const early = Buffer.concat([text('one', true), text('two', true)])
  const joined = await joinReal({}, { upstream: hello, client: Buffer.from(early.subarray(0, early.length - 2)) })
  const { session, client, upstream } = joined
  const [atClient, atUpstream] = [collect(client), collect(upstream)]
  session.start()
  client.write(early.subarray(early.length - 2))
  upstream.write(text('next', false))
  await atUpstream.reaches(early.length)
  await atClient.reaches(hello.length + 6)
  t.ok(usuallyMasked(atUpstream.received).equals(early))
  t.strictSame(readFrames(atClient.received).map(({ payload }) => payload.toString()), ['session.created', 'next'])
  client.end(close(1000, true))
  upstream.end(close(1000, false))
  await over(t, joined)
})

t.test('an upstream that closed along with its handshake ends the session behind its last words', async t => {
  const joined = await joinReal({}, { upstream: Buffer.concat([text('refused', false), close(4003, false)]) })
  const { session, client, upstream } = joined
  const [atClient, atUpstream] = [collect(client), collect(upstream)]
  session.start()
  const frames = readFrames(await atClient.untilClose())
  t.equal(frames[0]!.payload.toString(), 'refused')
  t.strictSame(closeOf(frames[1]!), { code: 4003, reason: '' })
  client.end(close(4003, true))
  upstream.end()
  t.match(await over(t, joined), { endedBy: 'upstream', closeCode: 4003 })
  t.strictSame(readFrames(await atUpstream.done).map(closeOf), [{ code: 4003, reason: '' }])
})

t.test('sessions leave no socket behind, however they end', async t => {
  const count = (): number => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap' || name === 'TCPServerWrap').length
  await nextTurn()
  const before = count()
  await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const joined = await joinReal({ closeTimeout: 10, lingerTimeout: 10 })
    const { session, client, upstream } = joined
    client.resume()
    upstream.resume()
    session.start()
    upstream.write(text('{"type":"response.created"}', false))
    client.write(text('x', true))
    await once(client, 'data')
    if (i % 4 === 0) client.destroy()
    else if (i % 4 === 1) upstream.destroy()
    else if (i % 4 === 2) session.close(1000, '')
    else client.end()
    await joined.closed
    client.destroy()
    upstream.destroy()
  }))
  await nextTurn()
  await nextTurn()
  t.equal(count(), before)
})
