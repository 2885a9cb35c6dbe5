import t from 'tap'
import type { Test } from 'tap'
import { GatewayError } from '../../../lib/errors.ts'
import { createPair } from '../../../lib/dialect/translation.ts'
import { turn } from '../../fixtures/session/clock.ts'
import { frame } from '../../fixtures/session/frames.ts'
import { join } from '../../fixtures/session/joined.ts'
import type { Joined, JoinedParts, Peer } from '../../fixtures/session/joined.ts'
import { toyUpstream } from '../../fixtures/session/toy-dialect.ts'
import type { RealtimeEvent, Stage, StageResult } from '../../../types/index.ts'
import type { UnpricedTurn } from '../../../lib/session/parts.ts'

/** How long the guardrail of these tests thinks, in milliseconds. */
const thinks = 200
/** The longest that a session waits for a stage. */
const bound = 30_000

const after = (ms: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, ms) })

/** A guardrail: each event of type `ask` is thought about, then passes unless `judge` says otherwise. */
function guardrail (judge: (event: RealtimeEvent) => StageResult | Promise<StageResult> = () => undefined, types: readonly string[] = ['ask']): Stage {
  return {
    types,
    async handle (message) {
      const event = message.event()!
      await after(thinks)
      return judge(event)
    }
  }
}

interface Guarded extends Joined {
  /** Who sends what is thought about. */
  readonly from: Peer
  /** Who gets it. */
  readonly to: Peer
  readonly fromClient: boolean
  /** Where the end of the session is told. */
  readonly turns: UnpricedTurn[]
  /** A message as `from` has to write it. */
  bytes (payload: string | Buffer, binary?: boolean): Buffer
}

/** The same in both directions; at the end nothing is left. */
function bothWays (title: string, stages: () => Stage[], run: (t: Test, guarded: Guarded) => Promise<void>, limits: Parameters<typeof join>[0] = {}, parts: JoinedParts = {}): void {
  for (const fromClient of [true, false]) {
    t.test(`${title} (${fromClient ? 'client to upstream' : 'upstream to client'})`, async t => {
      const turns: UnpricedTurn[] = []
      const joined = await join(limits, { ...fromClient ? { clientStages: stages() } : { upstreamStages: stages() }, observer: { turn: turn => { turns.push(turn) } }, ...parts })
      const { client, upstream, clock, held, closed } = joined
      const [from, to] = fromClient ? [client, upstream] : [upstream, client]
      try {
        await run(t, { ...joined, from, to, fromClient, turns, bytes: (payload, binary = false) => frame({ opcode: binary ? 2 : 1, payload }, fromClient) })
        for (const { socket } of [client, upstream]) socket.unstall()
        for (const peer of [client, upstream]) peer.leave()
        await turn()
        // Stages that hang still have their own timers.
        await clock.advance(joined.limits.lingerTimeout + joined.limits.closeTimeout + bound + thinks)
        t.equal(closed.length, 1, 'the end is told once')
        t.strictSame([client.socket.destroyed, upstream.socket.destroyed], [true, true])
        t.equal(held.bytes, 0, 'no byte is held')
        t.equal(clock.pending, 0, 'no timer is left')
        t.strictSame([...client.socket.errors, ...upstream.socket.errors].filter(message => !message.includes('ECONNRESET')), [])
      } finally {
        clock.restore()
      }
    })
  }
}

const ask = (n: number): string => `{"n": ${n},\t"type":"ask"}`

bothWays('what comes behind a message that is thought about waits for it, and all passes in order as the bytes it came in', () => [guardrail()], async (t, { from, to, bytes, clock }) => {
  const all = [bytes('before'), bytes(ask(1)), bytes('between'), bytes(Buffer.from([1, 2, 0xff]), true), bytes(ask(2)), bytes('behind')]
  // In one chunk, and in several.
  from.socket.peerSend(Buffer.concat(all))
  from.socket.peerSend(...all)
  await turn()
  const payloads = (): string[] => to.socket.frames.map(({ payload }) => payload.toString('latin1'))
  t.strictSame(payloads(), ['before'])
  for (const seen of [4, 7, 10, 12]) {
    await clock.advance(thinks - 1)
    t.not(payloads().length, seen)
    await clock.advance(1)
    t.equal(payloads().length, seen)
  }
  const once = all.map(each => unmaskedFrame(each))
  t.strictSame(to.socket.frames.map(({ opcode, payload }) => [opcode, payload.toString('latin1')]), [...once, ...once])
})

function unmaskedFrame (bytes: Buffer): [number, string] {
  const masked = bytes[1]! >= 0x80
  const start = masked ? 6 : 2
  const payload = Buffer.from(bytes.subarray(start))
  if (masked) payload.forEach((byte, i) => { payload[i] = byte ^ bytes[2 + (i & 3)]! })
  return [bytes[0]! & 0x0f, payload.toString('latin1')]
}

bothWays('a message in fragments, cut anywhere, is thought about as a whole', () => [guardrail()], async (t, { from, to, clock, fromClient }) => {
  const [first, second] = [ask(1).slice(0, 7), ask(1).slice(7)]
  const whole = Buffer.concat([frame({ opcode: 1, payload: first, fin: false }, fromClient), frame({ opcode: 0, payload: second }, fromClient), frame({ opcode: 1, payload: 'behind' }, fromClient)])
  for (let at = 0; at < whole.length; at += 5) from.socket.peerSend(whole.subarray(at, at + 5))
  await turn()
  t.strictSame(to.socket.texts, [])
  await clock.advance(thinks)
  t.strictSame(to.socket.texts, [ask(1), 'behind'])
})

bothWays('the other direction flows on meanwhile', () => [guardrail()], async (t, { from, to, clock }) => {
  from.text(ask(1))
  await turn()
  for (let i = 0; i < 3; i++) {
    to.text(`news ${i}`)
    await clock.advance(10)
  }
  t.strictSame(from.socket.texts, ['news 0', 'news 1', 'news 2'])
  t.strictSame(to.socket.texts, [])
  await clock.advance(thinks)
  t.strictSame(to.socket.texts, [ask(1)])
})

bothWays('nothing piles up: its sender is not read, and what it holds is counted', () => [guardrail()], async (t, { from, to, clock, held, session }) => {
  from.text(ask(1))
  await turn()
  t.ok(from.socket.isPaused())
  t.equal(held.bytes, ask(1).length)
  const before = session.info().bytes
  for (let i = 0; i < 50; i++) from.text('x'.repeat(10_000))
  await turn()
  t.strictSame(session.info().bytes, before, 'nothing more is taken from the socket')
  await clock.advance(thinks)
  t.notOk(from.socket.isPaused())
  t.equal(to.socket.texts.length, 51)
  t.equal(held.bytes, 0)
})

bothWays('it may replace, drop, answer and end when it has thought', () => [guardrail(event => {
  switch (event['n']) {
    case 1: return { onward: [Buffer.from('one'), Buffer.from('more')] }
    case 2: return { onward: [] }
    case 3: return { onward: [], back: [Buffer.from('no')] }
    case 4: return { onward: [], end: { error: new GatewayError('model_not_allowed'), closeCode: 1008 } }
    default: return undefined
  }
})], async (t, { from, to, client, clock, closed, fromClient }) => {
  for (const n of [0, 1, 2, 3, 4, 5]) from.text(ask(n))
  await turn()
  await clock.advance(5 * thinks)
  t.strictSame(to.socket.texts.slice(0, 3), [ask(0), 'one', 'more'])
  t.equal(from.socket.texts[0], 'no')
  t.strictSame(client.errors, ['model_not_allowed'])
  t.strictSame(client.socket.closes, [{ code: 1008, reason: 'model_not_allowed' }])
  t.equal(to.socket.texts.length, fromClient ? 3 : 4, 'what came behind its end is not passed on')
  await clock.advance(60_000)
  t.match(closed, [{ endedBy: 'gateway', closeCode: 1008 }])
})

for (const [what, judge] of [
  ['rejects', () => Promise.reject(new Error('no idea'))],
  ['throws', () => { throw new Error('no idea') }]
] as const) {
  bothWays(`a stage that ${what} ends the session, and its message is not passed on`, () => [guardrail(judge)], async (t, { from, to, client, upstream, clock }) => {
    from.text('before')
    from.text(ask(1))
    from.text('behind')
    await turn()
    await clock.advance(thinks)
    t.strictSame(to.socket.texts.filter(text => !text.includes('error')), ['before'])
    t.strictSame(client.errors, ['internal_error'])
    t.strictSame(client.socket.closes, [{ code: 1011, reason: 'internal_error' }])
    t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  })
}

bothWays('a stage that never answers ends the session after its time, and is heard no more', () => [guardrail(() => after(bound).then(() => undefined))], async (t, { from, to, client, clock, pass }) => {
  from.text(ask(1))
  from.text('behind')
  await turn()
  for (let s = 0; s < bound / 1_000 - 1; s++) {
    await pass(1_000)
    for (const peer of [from, to]) peer.frame(10)
  }
  t.strictSame(client.errors, [])
  await clock.advance(1_000)
  t.strictSame(client.errors, ['internal_error'])
  await clock.advance(thinks)
  t.notOk(to.socket.texts.includes(ask(1)))
})

bothWays('more bytes than the process may hold end the session', () => [guardrail()], async (t, { from, client, held }) => {
  held.cap = 1
  from.text(ask(1))
  await turn()
  t.strictSame(client.errors, ['buffered_bytes_exceeded'])
  t.equal(held.bytes, 0)
})

bothWays('a sender that closes behind its message is followed when that has been thought about', () => [guardrail()], async (t, { from, to, clock }) => {
  from.text(ask(1))
  from.text('last words')
  from.leave(4000)
  await turn()
  t.strictSame(to.socket.closes, [])
  await clock.advance(thinks)
  t.strictSame(to.socket.texts, [ask(1), 'last words'])
  t.strictSame(to.socket.closes, [{ code: 4000, reason: '' }])
})

bothWays('a sender that vanishes in the middle ends the session at once, and its message is dropped', () => [guardrail()], async (t, { from, to, clock, held, fromClient }) => {
  from.text(ask(1))
  await turn()
  from.socket.peerReset()
  await turn()
  t.strictSame(to.socket.closes, [{ code: 1011, reason: fromClient ? '' : 'upstream_lost' }])
  t.equal(held.bytes, 0)
  await clock.advance(thinks)
  t.notOk(to.socket.texts.includes(ask(1)))
})

for (const [how, leave] of [['closes', (peer: Peer) => peer.leave(4000)], ['vanishes', (peer: Peer) => peer.socket.peerReset()]] as const) {
  bothWays(`the end of the other, which ${how} in the middle, is seen at once`, () => [guardrail()], async (t, { from, to, held, clock, fromClient }) => {
    from.text(ask(1))
    await turn()
    leave(to)
    await turn()
    t.strictSame(from.socket.closes, [how === 'closes' ? { code: 4000, reason: '' } : { code: 1011, reason: fromClient ? 'upstream_lost' : '' }])
    t.equal(held.bytes, 0)
    from.leave(4000)
    await turn()
    t.ok(from.socket.destroyed, 'and the answer of the one that was held is heard')
    await clock.advance(thinks)
  })
}

bothWays('a session that is closed in the middle waits no longer', () => [guardrail()], async (t, { session, from, to, client, upstream, held, clock }) => {
  from.text(ask(1))
  await turn()
  session.close(4001, 'moved')
  await turn()
  t.equal(held.bytes, 0)
  t.strictSame([client.socket.closes, upstream.socket.closes], [[{ code: 4001, reason: 'moved' }], [{ code: 4001, reason: 'moved' }]])
  for (const peer of [client, upstream]) peer.leave(4001)
  await turn()
  t.ok(client.socket.destroyed && upstream.socket.destroyed)
  await clock.advance(thinks)
  t.notOk(to.socket.texts.includes(ask(1)))
})

bothWays('a receiver that stalls meanwhile holds its sender on', () => [guardrail()], async (t, { from, to, clock }) => {
  to.socket.stall()
  from.text(ask(1))
  from.text('x'.repeat(20_000))
  await turn()
  await clock.advance(thinks)
  t.ok(from.socket.isPaused(), 'the stage is done, the receiver is not')
  to.socket.unstall()
  await turn()
  t.notOk(from.socket.isPaused())
  t.equal(to.socket.texts.length, 2)
}, { highWaterMark: 10_000, lowWaterMark: 1_000 })

bothWays('pings are answered and peers judged by their own clocks while a stage thinks', () => [guardrail(() => after(bound - 2 * thinks).then(() => undefined))], async (t, { from, to, client, pass, limits }) => {
  from.text(ask(1))
  await turn()
  to.frame(9, 'there?')
  await turn()
  t.ok(to.socket.frames.some(({ opcode, payload }) => opcode === 10 && payload.toString() === 'there?'))
  for (let s = 0; s < (limits.pingInterval + limits.pongTimeout) / 1_000 - 6; s++) {
    to.frame(10)
    await pass(1_000)
  }
  t.strictSame(client.errors, [], 'one that is not read is not silent')
})

const created = { type: 'response.created', response: { id: 'resp_1' } }
const done = { type: 'response.done', response: { id: 'resp_1', status: 'completed' } }

/** What the upstream sends is thought about, so also the end of a response. */
function inResponse (title: string, judge: Parameters<typeof guardrail>[0], run: (t: Test, joined: Joined & { turns: UnpricedTurn[] }) => Promise<void>): void {
  t.test(title, async t => {
    const turns: UnpricedTurn[] = []
    const joined = await join({ lingerTimeout: 4_000, closeTimeout: 2_000 }, { upstreamStages: [guardrail(judge, ['ask', 'response.done'])], observer: { turn: turn => { turns.push(turn) } } })
    const { upstream, client, clock, held, closed } = joined
    try {
      upstream.text(created)
      await turn()
      await run(t, { ...joined, turns })
      await clock.advance(2 * bound)
      t.equal(closed.length, 1)
      t.equal(held.bytes, 0)
      t.equal(clock.pending, 0)
      t.strictSame([client.socket.destroyed, upstream.socket.destroyed], [true, true])
    } finally {
      clock.restore()
    }
  })
}

inResponse('where the client has left, nothing is thought about any more, and the end of the response is seen', undefined, async (t, { client, upstream, turns, held }) => {
  client.leave()
  await turn()
  upstream.text(ask(1))
  upstream.text(done)
  await turn()
  t.equal(held.bytes, 0)
  t.match(turns, [{ responseId: 'resp_1', status: 'completed' }])
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
})

inResponse('a stage that never answers holds no session that is over, and no bytes', () => new Promise(() => {}), async (t, { client, upstream, clock, held }) => {
  upstream.text(ask(1))
  await turn()
  t.ok(held.bytes > 0)
  client.socket.peerReset()
  await turn()
  upstream.text(ask(2))
  upstream.text('x'.repeat(100_000))
  await turn()
  t.equal(held.bytes, 0)
  t.notOk(upstream.socket.isPaused(), 'the upstream is read, and what it says dropped')
  await clock.advance(4_000)
  t.strictSame(upstream.socket.closes, [{ code: 1011, reason: '' }])
})

inResponse('a shutdown waits for the end of a response that is still thought about', undefined, async (t, { session, client, upstream, clock }) => {
  upstream.text(done)
  await turn()
  session.drain(new GatewayError('draining'))
  await turn()
  t.strictSame(client.socket.closes, [])
  await clock.advance(thinks)
  t.strictSame(client.socket.texts.slice(0, 2), [created, done].map(event => JSON.stringify(event)))
  t.strictSame(client.errors, ['draining'])
})

inResponse('a client that broke a rule gets the answers that are thought about, and waits a second at most', undefined, async (t, { client, upstream, clock }) => {
  client.socket.peerSend(Buffer.from([0xff, 0xff]))
  await turn()
  upstream.text(ask(1))
  upstream.frame(10)
  await turn()
  t.strictSame(client.socket.closes, [])
  await clock.advance(thinks)
  t.strictSame(client.socket.texts.slice(1), [ask(1)])
  t.strictSame(client.socket.closes, [{ code: 1002, reason: 'protocol_error' }])
})

t.test('stages of the upstream\'s side see what the client would: what is translated, and what stands for it', async t => {
  const seen: string[] = []
  const translation = createPair(undefined, toyUpstream)!({ strict: false, voices: {}, adjusted: () => {} })
  const { client, upstream, clock } = await join({}, {
    upstream: { dialect: { translation }, usualNames: false },
    upstreamStages: [{ types: ['one', 'two', 'response.done', 'toy.two'], handle (message) { seen.push(message.type!) } }, guardrail(undefined, ['two'])]
  })
  t.teardown(() => clock.restore())
  upstream.text({ type: 'toy.two' })
  upstream.text({ type: 'toy.end', id: 'r', tokens: 3 })
  await turn()
  t.strictSame(seen, ['one', 'two'])
  await clock.advance(thinks)
  t.strictSame(seen, ['one', 'two', 'response.done'])
  t.strictSame(client.socket.texts.map(text => (JSON.parse(text) as RealtimeEvent).type), ['one', 'two', 'response.done'])
})

t.test('two sessions with the same guardrail know nothing of each other', async t => {
  const stage = guardrail()
  const first = await join({}, { clientStages: [stage] })
  const second = await join({}, { clientStages: [stage] }, first.clock)
  t.teardown(() => first.clock.restore())
  first.client.text(ask(1))
  await turn()
  await first.clock.advance(thinks / 2)
  second.client.text(ask(2))
  await turn()
  await first.clock.advance(thinks / 2)
  t.strictSame([first, second].map(({ upstream }) => upstream.socket.texts), [[ask(1)], []])
  await first.clock.advance(thinks / 2)
  t.strictSame(second.upstream.socket.texts, [ask(2)])
})
