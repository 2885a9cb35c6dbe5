import t from 'tap'
import type { Test } from 'tap'
import { defaults } from '../../lib/options/defaults.ts'
import { turn } from '../fixtures/session/clock.ts'
import { join } from '../fixtures/session/joined.ts'
import type { Joined, Peer } from '../fixtures/session/joined.ts'

const limits = { highWaterMark: 100_000, lowWaterMark: 20_000, stallTimeout: 30_000 }
const piece = 'x'.repeat(9_996)
const pieceBytes = 10_000

interface Direction extends Joined { readonly source: Peer, readonly sink: Peer }

/** The same test in both directions. */
function bothWays (title: string, run: (t: Test, direction: Direction) => Promise<void>, more: Parameters<typeof join>[0] = {}): void {
  for (const way of ['client to upstream', 'upstream to client'] as const) {
    t.test(`${title} (${way})`, async t => {
      const joined = await join({ ...limits, ...more })
      const { client, upstream, clock } = joined
      try {
        await run(t, way === 'client to upstream' ? { ...joined, source: client, sink: upstream } : { ...joined, source: upstream, sink: client })
      } finally {
        clock.restore()
      }
    })
  }
}

const isRead = ({ socket }: Peer): boolean => !socket.isPaused()

/** Sends until the source is not read any more. */
async function fill (source: Peer): Promise<number> {
  let sent = 0
  while (isRead(source) && sent < 1_000) {
    source.text(piece)
    sent++
    await turn()
  }
  return sent
}

bothWays('a source is not read while more than the high-water mark waits, and read again below the low-water mark', async (t, { source, sink }) => {
  sink.socket.stall()
  const sent = await fill(source)
  t.ok(sent >= 10 && sent <= 12, `${sent} messages of ${pieceBytes} bytes`)
  for (let i = 0; i < 20; i++) source.text(piece)
  await turn()
  t.ok(sink.socket.mostWaiting <= limits.highWaterMark + pieceBytes + 10, `${sink.socket.mostWaiting} bytes waited`)
  sink.socket.unstall()
  await turn()
  await turn()
  t.ok(isRead(source))
  t.equal(sink.socket.texts.length, sent + 20, 'nothing is lost')
})

bothWays('the other direction goes on', async (t, { source, sink }) => {
  sink.socket.stall()
  await fill(source)
  sink.text('back')
  await turn()
  t.strictSame(source.socket.texts, ['back'])
  t.ok(isRead(sink))
})

bothWays('one message above the high-water mark does not stall for ever', async (t, { source, sink, pass }) => {
  sink.socket.stall()
  source.text('y'.repeat(500_000))
  await turn()
  t.notOk(isRead(source))
  sink.socket.unstall()
  await turn()
  t.ok(isRead(source))
  source.text('next')
  await turn()
  t.equal(sink.socket.texts.at(-1), 'next')
  await pass(10_000)
  t.strictSame([...source.errors, ...sink.errors], [])
})

bothWays('a sink that never reads ends the session with slow_consumer after stallTimeout, and all is closed', async (t, { source, sink, client, upstream, pass, closed, clock }) => {
  sink.socket.stall()
  await fill(source)
  await pass(29_000)
  t.strictSame(closed, [])
  await pass(2_000)
  if (sink === upstream) {
    t.strictSame(client.errors, ['slow_consumer'])
    t.strictSame(client.socket.closes, [{ code: 1013, reason: 'slow_consumer' }])
  } else {
    t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  }
  await clock.advance(defaults.closeTimeout)
  t.ok(client.socket.destroyed && upstream.socket.destroyed)
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1013, error: 'slow_consumer' }])
  t.equal(clock.pending, 0)
})

bothWays('a sink that reads something before each stallTimeout is over is not cut', async (t, { source, sink, client, upstream, pass }) => {
  for (let i = 0; i < 5; i++) {
    sink.socket.stall()
    await fill(source)
    await pass(29_000)
    sink.socket.unstall()
    await turn()
  }
  t.strictSame([...client.socket.closes, ...upstream.socket.closes], [])
})

bothWays('a stalled leg is not judged by its heartbeat', async (t, { source, sink, client, pass }) => {
  sink.socket.stall()
  await fill(source)
  await pass(100_000)
  t.strictSame(client.errors, [])
  t.notOk(sink.socket.destroyed)
}, { stallTimeout: 1_000_000 })

bothWays('a source that is not read is cut off with its stalled sink when that is gone', async (t, { source, sink, closed }) => {
  sink.socket.stall()
  await fill(source)
  sink.socket.peerReset()
  await turn()
  t.equal(source.socket.closes.at(-1)?.code, 1011)
  source.leave()
  await turn()
  t.equal(closed.length, 1)
})

bothWays('a source that closes is relayed behind all that waits for the stalled sink', async (t, { source, sink, closed }) => {
  sink.socket.stall()
  for (let i = 0; i < 5; i++) source.text(`${i}`.padEnd(pieceBytes))
  source.close(4000, 'bye')
  await turn()
  t.strictSame(closed, [])
  sink.socket.unstall()
  await turn()
  t.equal(sink.socket.texts.length, 5)
  t.strictSame(sink.socket.closes, [{ code: 4000, reason: 'bye' }])
})

bothWays('not even a sink that broke a rule, and is told so in a second only, makes more than that wait', async (t, { source, sink, clock }) => {
  sink.socket.stall()
  sink.socket.peerSend(Buffer.from([0xff, 0xff]))
  await turn()
  for (let i = 0; i < 100; i++) source.text(piece)
  await turn()
  t.ok(sink.socket.mostWaiting > limits.highWaterMark, 'it is written to still')
  t.ok(sink.socket.mostWaiting <= limits.highWaterMark + pieceBytes + 200, `${sink.socket.mostWaiting} bytes waited`)
  await clock.advance(1_000)
  t.equal(source.socket.closes.length, 1, 'a source that is not read is closed all the same')
  const unread = source.socket.readableLength
  await clock.advance(200)
  t.ok(isRead(source) || source.socket.readableLength < unread, 'and read again, slowly, for its answer')
})

t.test('both legs stalled have a clock each, and both recover', async t => {
  const { client, upstream, pass, clock } = await join(limits)
  t.teardown(() => clock.restore())
  for (const { socket } of [client, upstream]) socket.stall()
  await fill(client)
  await pass(20_000)
  await fill(upstream)
  t.notOk(isRead(client) || isRead(upstream))
  upstream.socket.unstall()
  await turn()
  t.ok(isRead(client))
  await pass(20_000)
  t.strictSame(client.socket.closes, [])
  client.socket.unstall()
  await turn()
  t.ok(isRead(upstream))
  await pass(40_000)
  t.match(client.errors, ['peer_timeout'], 'and what ends them then is silence')
})

t.test('pongs do not pile up for a peer that pings and does not read', async t => {
  const { client, upstream, clock } = await join(limits)
  t.teardown(() => clock.restore())
  upstream.socket.stall()
  for (let i = 0; i < 100_000; i++) upstream.frame(9, 'x'.repeat(125))
  await turn()
  t.ok(upstream.socket.mostWaiting < 70_000, `${upstream.socket.mostWaiting} bytes waited`)
  t.strictSame(client.socket.closes, [])
})
