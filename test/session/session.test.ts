import t from 'tap'
import type { Test } from 'tap'
import { createLease } from '../../lib/admission/lease.ts'
import { GatewayError } from '../../lib/errors.ts'
import { defaults } from '../../lib/options/defaults.ts'
import { joinLegs } from '../../lib/session/legs.ts'
import { Turns } from '../../lib/session/pipeline/turns.ts'
import { createModelStage } from '../../lib/session/pipeline/model-rule.ts'
import type { SessionLimits, SessionParts } from '../../lib/session/parts.ts'
import { createClock, turn } from '../fixtures/session/clock.ts'
import { frame } from '../fixtures/session/frames.ts'
import { join, Peer } from '../fixtures/session/joined.ts'
import type { Joined, JoinedParts } from '../fixtures/session/joined.ts'
import type { Stage } from '../../types/index.ts'

interface Setting {
  readonly limits?: Partial<SessionLimits>
  readonly parts?: JoinedParts
}

/** A test on a joined session that is over at its end: both peers leave if they are still there. */
function inSession (title: string, { limits, parts }: Setting, run: (t: Test, joined: Joined) => Promise<void>): void {
  t.test(title, async t => {
    const joined = await join(limits, parts)
    const { client, upstream, clock, closed, held } = joined
    try {
      await run(t, joined)
      client.socket.unstall()
      upstream.socket.unstall()
      for (const peer of [client, upstream]) peer.leave()
      await turn()
      t.strictSame([client.socket.destroyed, upstream.socket.destroyed], [true, true], 'both sockets are closed')
      t.equal(closed.length, 1, 'the end is told once')
      t.ok(client.socket.closes.length <= 1 && upstream.socket.closes.length <= 1, 'one close frame a leg')
      t.strictSame([...client.socket.errors, ...upstream.socket.errors].filter(message => !message.includes('ECONNRESET')), [], 'nothing was written where nothing may be')
      t.equal(clock.pending, 0, 'no timer is left')
      t.equal(held.bytes, 0, 'no byte is held')
    } finally {
      clock.restore()
    }
  })
}

const created = { type: 'response.created', response: { id: 'resp_1' } }
const done = { type: 'response.done', response: { id: 'resp_1' } }
const cancel = '{"type":"response.cancel"}'

inSession('messages pass both ways as the bytes they came in, fragments, flags and masks too', {}, async (t, { client, upstream, session }) => {
  const up = [frame({ opcode: 1, payload: 'hello' }, true), frame({ opcode: 2, payload: Buffer.alloc(70_000, 7) }, true), frame({ opcode: 1, fin: false, payload: 'fr' }, true), frame({ opcode: 0, payload: 'ag' }, true)]
  const down = up.map((_, i) => frame({ opcode: i < 2 ? 1 : 2, payload: `down ${i}` }, false))
  client.socket.peerSend(...up)
  upstream.socket.peerSend(Buffer.concat(down))
  await turn()
  t.ok(upstream.socket.received.equals(Buffer.concat(up)))
  t.ok(client.socket.received.equals(Buffer.concat(down)))
  const { bytes, messages } = session.info()
  t.strictSame({ bytes, messages }, { bytes: { client: Buffer.concat(up).length, upstream: Buffer.concat(down).length }, messages: { client: 3, upstream: 4 } })
})

inSession('pings are answered on their own leg and not passed on', {}, async (t, { client, upstream }) => {
  client.frame(9, 'c')
  upstream.frame(9, 'u')
  upstream.frame(10, 'unasked')
  await turn()
  t.strictSame(client.socket.frames.map(({ opcode, payload, masked }) => [opcode, payload.toString(), masked]), [[10, 'c', false]])
  t.strictSame(upstream.socket.frames.map(({ opcode, payload, masked }) => [opcode, payload.toString(), masked]), [[10, 'u', true]])
})

for (const [code, relayed] of [[1000, 1000], [1001, 1001], [1013, 1013], [3000, 3000], [4999, 4999], [undefined, 1000]] as const) {
  inSession(`the code ${code ?? 'that a close frame lacks'} of either peer reaches the other as ${relayed}, behind what came before`, {}, async (t, joined) => {
    const { client, upstream, closed } = joined
    upstream.text('last words')
    upstream.close(code, 'bye')
    await turn()
    t.strictSame(client.socket.texts, ['last words'])
    t.strictSame(client.socket.closes, [{ code: relayed, reason: code === undefined ? '' : 'bye' }])
    t.strictSame(upstream.socket.closes.map(({ code }) => code), [code ?? 1005], 'and is answered with itself')
    client.leave()
    upstream.socket.peerEnd()
    await turn()
    t.match(closed, [{ endedBy: 'upstream', closeCode: code ?? 1005 }])

    joined.clock.restore()
    const other = await join()
    other.client.text('last words')
    other.client.close(code, 'bye')
    await turn()
    t.strictSame(other.upstream.socket.texts, ['last words'])
    t.strictSame(other.upstream.socket.closes, [{ code: relayed, reason: code === undefined ? '' : 'bye' }])
    other.client.socket.peerEnd()
    other.upstream.leave()
    await turn()
    t.match(other.closed, [{ endedBy: 'client', closeCode: code ?? 1005 }])
    t.equal(other.clock.pending, 0)
    other.clock.restore()
  })
}

inSession('a reason is redacted on its way', {}, async (t, { client, upstream }) => {
  upstream.close(1008, 'key sk-proj-0123456789abcdef refused by 10.1.2.3')
  await turn()
  t.strictSame(client.socket.closes, [{ code: 1008, reason: 'key [redacted] refused by [redacted]' }])
})

inSession('a client whose upstream vanishes is told by an event and 1011', {}, async (t, { client, upstream, closed }) => {
  upstream.text('last words')
  upstream.socket.peerReset()
  await turn()
  t.equal(client.socket.texts[0], 'last words')
  t.strictSame(client.errors, ['upstream_lost'])
  t.strictSame(client.socket.closes, [{ code: 1011, reason: 'upstream_lost' }])
  client.leave()
  await turn()
  t.match(closed, [{ endedBy: 'upstream', closeCode: 1006 }])
})

inSession('an upstream that ends its half without a close frame has vanished too', {}, async (t, { client, upstream }) => {
  upstream.text('last words')
  upstream.socket.peerEnd()
  await turn()
  t.equal(client.socket.texts[0], 'last words')
  t.strictSame(client.errors, ['upstream_lost'])
  t.strictSame(client.socket.closes, [{ code: 1011, reason: 'upstream_lost' }])
})

inSession('an upstream whose client vanishes is closed with 1011', {}, async (t, { client, upstream, closed }) => {
  client.text('last words')
  client.socket.peerReset()
  await turn()
  t.strictSame(upstream.socket.texts, ['last words'])
  t.strictSame(upstream.socket.closes, [{ code: 1011, reason: '' }])
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'client', closeCode: 1006 }])
})

inSession('a peer that does not answer a close frame is cut after closeTimeout', { limits: { closeTimeout: 3_000 } }, async (t, { session, client, upstream, clock, closed }) => {
  session.close(1000, 'enough')
  await clock.advance(2_999)
  t.notOk(client.socket.destroyed)
  t.notOk(upstream.socket.destroyed)
  await clock.advance(1)
  t.ok(client.socket.destroyed)
  t.ok(upstream.socket.destroyed)
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1000 }])
})

inSession('a session closed by its id tells both peers code and reason', {}, async (t, { session, client, upstream }) => {
  session.close(4001, 'moved')
  session.close(4002, 'again')
  await turn()
  t.strictSame(client.socket.closes, [{ code: 4001, reason: 'moved' }])
  t.strictSame(upstream.socket.closes, [{ code: 4001, reason: 'moved' }])
})

inSession('an upstream whose client leaves in the middle of a response is kept for its end', { limits: { lingerTimeout: 4_000 } }, async (t, { client, upstream, clock, closed }) => {
  upstream.text(created)
  await turn()
  client.leave(4000)
  await turn()
  t.strictSame(upstream.socket.texts, [cancel])
  t.strictSame(upstream.socket.closes, [])
  await clock.advance(3_000)
  upstream.text('some last audio')
  await turn()
  t.strictSame(upstream.socket.closes, [], 'only the end of the response ends the wait')
  upstream.text(done)
  await turn()
  t.strictSame(upstream.socket.closes, [{ code: 4000, reason: '' }])
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'client', closeCode: 4000, turns: 1 }])
})

inSession('an upstream that never ends its response is kept for lingerTimeout', { limits: { lingerTimeout: 4_000, closeTimeout: 2_000 } }, async (t, { client, upstream, clock }) => {
  upstream.text(created)
  await turn()
  client.socket.peerReset()
  await turn()
  await clock.advance(3_999)
  t.strictSame(upstream.socket.texts, [cancel])
  t.strictSame(upstream.socket.closes, [])
  await clock.advance(1)
  t.strictSame(upstream.socket.closes, [{ code: 1011, reason: '' }])
  await clock.advance(2_000)
  t.ok(upstream.socket.destroyed)
})

inSession('a message that is left open for 15 seconds ends the session with message_too_slow', {}, async (t, { client, upstream, pass, closed }) => {
  client.text('before')
  client.frame(1, 'half', false)
  await pass(15_000)
  t.strictSame(client.errors, [])
  await pass(2_000)
  t.strictSame(client.errors, ['message_too_slow'])
  t.strictSame(client.socket.closes, [{ code: 1008, reason: 'message_too_slow' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  client.leave()
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1008, error: 'message_too_slow' }])
})

inSession('text of an upstream that is not UTF-8 ends with 1007 upstream, and error and 1011 for the client, who has got all before it', {}, async (t, { client, upstream }) => {
  upstream.text('before')
  upstream.frame(1, Buffer.from([0x7b, 0xff, 0x7d]))
  upstream.text('after')
  await turn()
  client.frame(10)
  await turn()
  t.strictSame(client.socket.texts.slice(0, 1), ['before'])
  t.notOk(client.socket.texts.includes('after'))
  t.strictSame(client.errors, ['upstream_lost'])
  t.strictSame(client.socket.closes, [{ code: 1011, reason: 'upstream_lost' }])
  t.strictSame(upstream.socket.closes, [{ code: 1007, reason: 'invalid_utf8' }])
})

inSession('a code point of an upstream that is split across fragments passes', {}, async (t, { client, upstream }) => {
  const euro = Buffer.from('€')
  upstream.frame(1, euro.subarray(0, 1), false)
  upstream.frame(0, euro.subarray(1))
  await turn()
  t.strictSame(client.errors, [])
  upstream.frame(1, euro.subarray(0, 1), false)
  upstream.frame(0, 'x')
  await turn()
  client.frame(10)
  await turn()
  t.strictSame(client.errors, ['upstream_lost'])
})

inSession('a client that is not read because its upstream takes nothing is pinged at every sweep, so that its end is seen', { limits: { highWaterMark: 1_000, lowWaterMark: 100 } }, async (t, { client, upstream, pass }) => {
  upstream.socket.stall()
  client.text('x'.repeat(2_000))
  await turn()
  // The first sweep knows only that it was heard before.
  await pass(4_000)
  t.equal(client.socket.frames.filter(({ opcode }) => opcode === 9).length, 3)
})

inSession('a client that takes nothing and says nothing in the middle of a response is found within 35 seconds', { limits: { highWaterMark: 1_000, lowWaterMark: 100 } }, async (t, { client, upstream, pass }) => {
  upstream.text({ type: 'response.created', response: { id: 'r' } })
  await pass(10_000)
  client.socket.stall()
  upstream.text('x'.repeat(2_000))
  await pass(25_000)
  t.ok(client.socket.destroyed)
})

for (const model of [undefined, 'restricted'] as const) {
  const stage = createModelStage({ model: 'voice', aliases: [], strict: false, restricted: model !== undefined, adjusted: () => {} })
  inSession(`an event of too many fields is dropped and told, ${model === undefined ? 'for any key' : 'for a key that may use some models'}, and the session goes on`, { limits: { maxEventValues: 100 }, parts: { clientStages: [stage] } }, async (t, { client, upstream }) => {
    const event = (values: number): string => JSON.stringify({ type: 'session.update', session: Object.fromEntries(Array.from({ length: values }, (_, i) => [`k${i}`, i])) })
    client.text(event(97))
    client.text(event(150))
    client.text({ type: 'input_audio_buffer.append', audio: ','.repeat(1_000) })
    await turn()
    t.equal(upstream.socket.texts.length, 2, 'what is not read may hold anything')
    t.strictSame(client.errors, ['event_too_complex'])
    t.strictSame(client.socket.closes, [])
  })
}

inSession('a client that sends more than its share is read later, and loses nothing', { limits: { byteRate: 100_000, byteBurst: 100_000 } }, async (t, { client, upstream, clock }) => {
  for (let i = 0; i < 30; i++) client.text('x'.repeat(10_000))
  await turn()
  const atOnce = upstream.socket.texts.length
  t.ok(atOnce < 30, `${atOnce} at once`)
  await clock.advance(3_000)
  t.equal(upstream.socket.texts.length, 30)
  t.strictSame(client.errors, [])
})

t.test('a client whose event took long is not read for four times as long', async t => {
  const clock = createClock()
  const slow: Stage = {
    types: ['session.update'],
    handle () {
      clock.sleep(50)
      return undefined
    }
  }
  const { client, upstream } = await join({}, { clientStages: [slow] }, clock)
  t.teardown(() => clock.restore())
  client.text({ type: 'session.update', session: { instructions: 'x'.repeat(2_000) } })
  await turn()
  client.text('after')
  await clock.advance(190)
  t.notOk(upstream.socket.texts.includes('after'))
  await clock.advance(20)
  t.ok(upstream.socket.texts.includes('after'))
  client.leave()
  upstream.leave()
  await turn()
})

t.test('a flood of pings fails its session once, however long it goes on', async t => {
  const clock = createClock()
  t.teardown(() => clock.restore())
  const [client, upstream] = [new Peer(true), new Peer(false)]
  const failed: string[] = []
  const legs = joinLegs({
    identity: { id: 's', principal: 'p', model: 'm', route: { candidates: [], passedOver: [], attempts: [] } },
    client: { socket: client.socket, head: Buffer.alloc(0) },
    upstream: { socket: upstream.socket, head: Buffer.alloc(0), deployment: 'd', lease: createLease(() => {}) },
    limits: defaults,
    observer: {},
    lease: createLease(() => {}),
    now: clock.now
  }, new Turns(clock.now, () => {}), {
    listens: () => failed.length === 0, asks: () => true, passed () {}, fail: ({ code }) => { failed.push(code) }, ended () {}, gone () {}
  })
  legs.start()
  for (let i = 0; i < 500; i++) client.frame(9)
  await turn()
  t.strictSame(failed, ['control_flood'])
  legs.client.destroy()
  legs.upstream.destroy()
  await turn()
})

inSession('what waits for a peer that does not read is counted, and given back when it is taken', { limits: { highWaterMark: 100_000, lowWaterMark: 10_000 } }, async (t, { client, upstream, held }) => {
  client.socket.stall()
  for (let i = 0; i < 5; i++) upstream.text('x'.repeat(9_000))
  t.ok(held.bytes >= 5 * 9_000, `${held.bytes} bytes`)
  client.socket.unstall()
  await turn()
  t.equal(held.bytes, 0)
})

inSession('a session that is shed for what waits for its client is cut, and its upstream told', { limits: { highWaterMark: 100_000, lowWaterMark: 10_000 } }, async (t, { client, upstream, held, closed }) => {
  client.socket.stall()
  held.cap = 20_000
  for (let i = 0; i < 5; i++) upstream.text('x'.repeat(9_000))
  await turn()
  t.ok(client.socket.destroyed, 'what waited is gone')
  t.equal(held.bytes, 0)
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1013, error: 'buffered_bytes_exceeded' }])
})

inSession('an upstream that is not read for the sake of a stalled client is read again when that leaves', { limits: { highWaterMark: 1_000, lowWaterMark: 100 } }, async (t, { client, upstream }) => {
  client.socket.stall()
  upstream.text(created)
  upstream.text('x'.repeat(2_000))
  upstream.text(done)
  await turn()
  t.ok(upstream.socket.isPaused())
  client.close(1000)
  await turn()
  t.strictSame(upstream.socket.texts, [cancel])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }], 'and the end of its response is seen')
})

inSession('a client that ends its half in the middle of a response is not written to any more', {}, async (t, { client, upstream }) => {
  upstream.text(created)
  await turn()
  client.socket.stall()
  upstream.text('not read')
  await turn()
  client.socket.peerEnd()
  await turn()
  t.notOk(client.socket.destroyed)
  upstream.text('more')
  await turn()
  upstream.text(done)
  await turn()
  t.strictSame(client.socket.errors, [])
  t.strictSame(upstream.socket.closes, [{ code: 1011, reason: '' }])
})

inSession('no client message reaches an upstream that is kept after the gateway ended the session', { limits: { maxSessionDuration: 5_000 } }, async (t, { client, upstream, pass }) => {
  upstream.text(created)
  await turn()
  await pass(5_000)
  t.strictSame(client.errors, ['session_expired'])
  client.text({ type: 'response.create' })
  await turn()
  t.strictSame(upstream.socket.texts, [cancel])
})

inSession('a running response is cancelled once and the upstream told 1000, whatever the client answers', { limits: { maxSessionDuration: 5_000 } }, async (t, { client, upstream, pass, closed }) => {
  upstream.text(created)
  await turn()
  await pass(5_000)
  client.leave(1001)
  await turn()
  t.strictSame(upstream.socket.texts, [cancel])
  upstream.text(done)
  await turn()
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1001, error: 'session_expired' }])
})

inSession('a draining session lets its response end, then ends with an event and 1012', {}, async (t, { session, client, upstream, closed }) => {
  upstream.text(created)
  await turn()
  session.drain(new GatewayError('draining'))
  client.text('still heard')
  upstream.text('still said')
  await turn()
  t.equal(session.info().state, 'draining')
  t.strictSame(upstream.socket.texts, ['still heard'])
  t.strictSame(client.socket.closes, [])
  upstream.text(done)
  await turn()
  t.strictSame(client.socket.texts.slice(1, 3), ['still said', JSON.stringify(done)])
  t.strictSame(client.errors, ['draining'])
  t.strictSame(client.socket.closes, [{ code: 1012, reason: 'draining' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  client.leave()
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1012, error: 'draining' }])
})

inSession('a draining session without a response ends at once', {}, async (t, { session, client, upstream }) => {
  session.drain(new GatewayError('draining'))
  await turn()
  t.strictSame(client.socket.closes, [{ code: 1012, reason: 'draining' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
})

inSession('at the deadline of a drain a running response is waited for no longer', {}, async (t, { session, client, upstream }) => {
  const error = new GatewayError('draining')
  upstream.text(created)
  await turn()
  session.drain(error)
  session.fail(error)
  await turn()
  t.strictSame(client.errors, ['draining'])
  t.strictSame(client.socket.closes, [{ code: 1012, reason: 'draining' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
})

inSession('at the deadline of a drain an upstream that was kept for a response is closed', {}, async (t, { session, client, upstream }) => {
  const error = new GatewayError('draining')
  upstream.text(created)
  await turn()
  client.leave()
  await turn()
  session.drain(error)
  await turn()
  t.strictSame(upstream.socket.closes, [], 'the response may end until then')
  session.fail(error)
  await turn()
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
})

inSession('a session that lasts maxSessionDuration ends with an event and 1001', { limits: { maxSessionDuration: 60_000 } }, async (t, { client, upstream, pass }) => {
  for (let i = 0; i < 59; i++) {
    client.text('x')
    upstream.text('x')
    await pass(1_000)
  }
  t.strictSame(client.errors, [])
  await pass(1_000)
  t.strictSame(client.errors, ['session_expired'])
  t.strictSame(client.socket.closes, [{ code: 1001, reason: 'session_expired' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
})

inSession('a session without messages for idleTimeout ends; pings do not count, messages of either peer do', { limits: { idleTimeout: 10_000 } }, async (t, { client, upstream, pass }) => {
  await pass(9_000)
  client.text('x')
  await pass(9_000)
  upstream.text('x')
  await pass(9_000)
  client.frame(9)
  upstream.frame(9)
  t.strictSame(client.errors, [])
  await pass(1_000)
  t.strictSame(client.errors, ['session_expired'])
})

inSession('zero turns both limits off', { limits: { idleTimeout: 0, maxSessionDuration: 0 } }, async (t, { client, upstream, pass }) => {
  for (let i = 0; i < 200; i++) {
    client.frame(10)
    upstream.frame(10)
    await pass(10_000)
  }
  t.strictSame(client.errors, [])
})

inSession('more messages than burst and rate allow end the session with 1008', { limits: { messageRate: 10, messageBurst: 20 } }, async (t, { client, upstream, pass }) => {
  for (let i = 0; i < 20; i++) client.text(`${i}`)
  await turn()
  await pass(1_000)
  for (let i = 20; i < 30; i++) client.text(`${i}`)
  await turn()
  t.strictSame(client.errors, [])
  t.equal(upstream.socket.texts.length, 30)
  client.text('30')
  await turn()
  t.strictSame(client.errors, ['message_rate_exceeded'])
  t.strictSame(client.socket.closes, [{ code: 1008, reason: 'message_rate_exceeded' }])
  await pass(5_000)
  client.text('31')
  await turn()
  t.equal(upstream.socket.texts.length, 30, 'neither it nor anything after it is passed on')
})

inSession('a flood of control frames ends the session with 1008, whichever they are', {}, async (t, { client }) => {
  for (let i = 0; i < 100; i++) client.frame(i % 2 === 0 ? 9 : 10)
  await turn()
  t.strictSame(client.errors, [])
  client.frame(10)
  await turn()
  t.strictSame(client.errors, ['control_flood'])
  t.strictSame(client.socket.closes, [{ code: 1008, reason: 'control_flood' }])
})

inSession('ten control frames a second are no flood', {}, async (t, { client, pass }) => {
  for (let second = 0; second < 30; second++) {
    for (let i = 0; i < 10; i++) client.frame(10)
    await pass(1_000)
  }
  t.strictSame(client.errors, [])
})

for (const [what, limits, code, error, send] of [
  ['a message over the limit', { maxMessageBytes: 1_000 }, 1009, 'message_too_large', (joined: Joined) => joined.client.text('x'.repeat(1_001))],
  ['too many fragments', { maxFragments: 3 }, 1008, 'too_many_fragments', (joined: Joined) => { for (let i = 0; i < 4; i++) joined.client.frame(i === 0 ? 1 : 0, '', false) }],
  ['more than the process may hold', {}, 1013, 'buffered_bytes_exceeded', (joined: Joined) => {
    joined.held.cap = 1
    joined.client.frame(1, 'x', false)
  }]
] as const) {
  inSession(`a client that sends ${what} is told by an event, then ${code}`, { limits }, async (t, joined) => {
    const { client, upstream, closed } = joined
    client.text('before')
    send(joined)
    client.text('after')
    await turn()
    t.strictSame(upstream.socket.texts, ['before'])
    t.strictSame(client.errors, [error])
    t.strictSame(client.socket.frames.map(({ opcode }) => opcode), [1, 8], 'the event comes first')
    t.strictSame(client.socket.closes, [{ code, reason: error }])
    t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
    client.leave()
    upstream.leave()
    await turn()
    t.match(closed, [{ endedBy: 'gateway', closeCode: code, error }])
  })

  inSession(`an upstream that sends ${what} is told ${code}, and so is the client, by an event first`, { limits }, async (t, joined) => {
    const { client, upstream } = joined
    upstream.text('before')
    send({ ...joined, client: upstream })
    await turn()
    t.equal(client.socket.texts[0], 'before')
    t.strictSame(client.errors, [error])
    t.strictSame(client.socket.closes, [{ code, reason: error }])
    t.strictSame(upstream.socket.closes, [{ code, reason: error }])
  })
}

inSession('a client that breaks the protocol is told 1002 when the answers to what came before are through', {}, async (t, { client, upstream, closed }) => {
  client.text('before')
  client.socket.peerSend(Buffer.from([0xff, 0xff]))
  await turn()
  t.strictSame(client.socket.closes, [])
  upstream.text('answer')
  upstream.frame(10)
  await turn()
  t.strictSame(client.socket.texts, ['answer'])
  t.strictSame(client.socket.closes, [{ code: 1002, reason: 'protocol_error' }])
  t.strictSame(upstream.socket.closes, [{ code: 1011, reason: '' }])
  client.socket.peerEnd()
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'client', closeCode: 1006 }])
})

inSession('an upstream that is gone is not waited for', {}, async (t, { client, upstream }) => {
  client.socket.peerSend(Buffer.from([0xff, 0xff]))
  await turn()
  upstream.socket.peerReset()
  await turn()
  t.strictSame(client.socket.closes, [{ code: 1002, reason: 'protocol_error' }])
})

inSession('nor is an upstream that never answers waited for longer than a second', {}, async (t, { client, clock }) => {
  client.socket.peerSend(Buffer.from([0xff, 0xff]))
  await clock.advance(999)
  t.strictSame(client.socket.closes, [])
  await clock.advance(1)
  t.strictSame(client.socket.closes, [{ code: 1002, reason: 'protocol_error' }])
})

const rule = (): Pick<SessionParts, 'clientStages'> => ({ clientStages: [createModelStage({ model: 'allowed', aliases: [], strict: true, restricted: true, adjusted () {} })] })

inSession('the first event that names a forbidden model is dropped and answered, the second ends the session with 1008', { parts: rule() }, async (t, { client, upstream, closed }) => {
  client.text('before')
  client.text({ type: 'session.update', event_id: 'evt_7', session: { model: 'forbidden' } })
  client.text({ type: 'session.update', session: { model: 'allowed' } })
  await turn()
  t.equal(upstream.socket.texts.length, 2)
  t.match(client.socket.texts.map(text => JSON.parse(text) as unknown), [{ type: 'error', error: { code: 'model_not_allowed', type: 'invalid_request_error', param: 'session.model', event_id: 'evt_7' } }])
  t.strictSame(client.socket.closes, [])
  client.text({ type: 'response.create', response: { model: 'forbidden' } })
  client.text('after')
  await turn()
  t.equal(upstream.socket.texts.length, 2, 'nothing more is passed on')
  t.strictSame(client.errors, ['model_not_allowed', 'model_not_allowed'])
  t.strictSame(client.socket.closes, [{ code: 1008, reason: 'model_not_allowed' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  client.leave()
  upstream.leave()
  await turn()
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1008, error: 'model_not_allowed' }])
})

inSession('a forbidden model is found in fragments too', { parts: rule() }, async (t, { client, upstream }) => {
  const text = JSON.stringify({ session: { model: 'forbidden' }, type: 'session.update' })
  client.frame(1, text.slice(0, 20), false)
  client.frame(9, 'between')
  client.frame(0, text.slice(20))
  await turn()
  t.strictSame(upstream.socket.frames, [])
  t.strictSame(client.errors, ['model_not_allowed'])
})

inSession('a dead client is cut, and its upstream closed', {}, async (t, { client, upstream, pass }) => {
  let found: number | undefined
  for (let second = 1; second <= 40; second++) {
    upstream.frame(10)
    await pass(1_000)
    if (client.socket.destroyed) found ??= second
  }
  t.ok(found !== undefined && found <= 35, `found after ${found} s`)
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
})

inSession('a dead upstream is cut, and its client told by an event and 1011', {}, async (t, { client, upstream, pass, closed }) => {
  let found: number | undefined
  for (let second = 1; second <= 40; second++) {
    client.frame(10)
    await pass(1_000)
    if (upstream.socket.destroyed) found ??= second
  }
  t.ok(found !== undefined && found <= 35, `found after ${found} s`)
  t.strictSame(client.errors, ['peer_timeout'])
  t.strictSame(client.socket.closes, [{ code: 1011, reason: 'peer_timeout' }])
  client.leave()
  await turn()
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1011, error: 'peer_timeout' }])
})

for (const [silent, blamed] of [['client', false], ['upstream', true], ['both', false]] as const) {
  t.test(`${silent} silent: the deployment is ${blamed ? '' : 'not '}to blame`, async t => {
    const heard: boolean[] = []
    const { client, upstream, pass, clock } = await join({}, { observer: { closed: ({ unresponsive }) => { heard.push(unresponsive) } } })
    t.teardown(() => clock.restore())
    for (let second = 1; second <= 40; second++) {
      if (silent === 'upstream') client.frame(10)
      if (silent === 'client') upstream.frame(10)
      await pass(1_000)
    }
    await clock.advance(defaults.closeTimeout)
    t.strictSame(heard, [blamed])
  })
}

inSession('peers that answer pings live for hours', {}, async (t, { client, upstream, pass }) => {
  let pings = 0
  for (let minute = 0; minute < 10; minute++) {
    for (let second = 0; second < 60; second++) {
      await pass(1_000)
      const count = client.socket.frames.length + upstream.socket.frames.length
      if (count > pings) {
        client.frame(10)
        upstream.frame(10)
      }
      pings = count
    }
  }
  t.strictSame(client.errors, [])
  t.ok(pings > 40 && pings < 100, `${pings} pings in ten minutes on two legs`)
})

for (const [what, between, expected] of [
  ['right before it closed', 100, { type: 'server_error', code: 'session_expired', message: 'Your session hit the maximum duration with [redacted]' }],
  ['long before it closed', 6_000, undefined]
] as const) {
  inSession(`the error that a provider told ${what} is ${expected === undefined ? 'not ' : ''}told with the end`, { parts: { upstream: { secret: 'provider-secret-1' } } }, async (t, { client, upstream, pass, closed }) => {
    upstream.text({ type: 'error', error: { type: 'server_error', code: 'session_expired', message: 'Your session hit the maximum duration with provider-secret-1', param: null } })
    await pass(between)
    upstream.leave(1001)
    await turn()
    client.leave(1001)
    await turn()
    t.match(closed, [{ endedBy: 'upstream', closeCode: 1001 }])
    t.strictSame(closed[0]!.providerError, expected)
  })
}

inSession('an error of the provider is not told where the client ended the session', {}, async (t, { client, upstream, closed }) => {
  upstream.text({ type: 'error', error: { type: 'invalid_request_error', code: 'unknown_parameter' } })
  client.leave()
  upstream.leave()
  await turn()
  t.equal(closed[0]!.providerError, undefined)
})
