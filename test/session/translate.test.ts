import t from 'tap'
import type { Test } from 'tap'
import { GatewayError } from '../../lib/errors.ts'
import { createPair } from '../../lib/dialect/translation.ts'
import { createModelStage } from '../../lib/session/pipeline/model-rule.ts'
import { turn } from '../fixtures/session/clock.ts'
import { frame } from '../fixtures/session/frames.ts'
import { join } from '../fixtures/session/joined.ts'
import type { Joined, JoinedParts, Peer } from '../fixtures/session/joined.ts'
import { toyUpstream } from '../fixtures/session/toy-dialect.ts'
import type { Dialect } from '../../types/index.ts'
import type { UnpricedTurn } from '../../lib/session/parts.ts'

interface Toy extends Joined {
  /** What the peer got since this was asked last. */
  news (peer: Peer): Promise<string[]>
}

async function toy (t: Test, parts: JoinedParts = {}, limits: Parameters<typeof join>[0] = {}): Promise<Toy> {
  const translation = createPair(undefined, toyUpstream)!({ strict: false, voices: {}, adjusted: () => {} })
  const joined = await join(limits, { upstream: { dialect: { translation }, usualNames: false }, ...parts })
  t.teardown(() => joined.clock.restore())
  const read = new Map<Peer, number>()
  return {
    ...joined,
    async news (peer) {
      await turn()
      const { texts } = peer.socket
      const from = read.get(peer) ?? 0
      read.set(peer, texts.length)
      return texts.slice(from)
    }
  }
}

/** A session whose opening is over. */
async function opened (t: Test, ...rest: [JoinedParts?, Parameters<typeof join>[0]?]): Promise<Toy> {
  const session = await toy(t, ...rest)
  session.client.text('{"type":"ask","text":"hi"}')
  session.client.text('{"type":"plain"}')
  await session.news(session.upstream)
  return session
}

const typesOf = (texts: readonly string[]): string[] => texts.map(text => (JSON.parse(text) as { type: string }).type)

const long = 'toy.voice.with.a.long.name.delta'
const ga = 'response.output_audio.delta'
const room = ' '.repeat(long.length - ga.length)

t.test('an event that only gets a shorter name keeps its length and every other byte', async t => {
  const { client, upstream, news } = await opened(t)
  const odd = `\ufeff {"type":"x", "delta":"AA\\u0041\\"" , "type" :\t"${long}","n":1e400,"bad":"\\ud800"}`
  for (const text of ['{"type":"before"}', odd, '{"type":"after"}']) upstream.text(text)
  t.strictSame(await news(client), ['{"type":"before"}', odd.replace(`"${long}"`, `"${ga}"${room}`), '{"type":"after"}'])
})

t.test('a name written with escapes is found and replaced', async t => {
  const { client, upstream, news } = await opened(t)
  upstream.text(`{"type":"${long.replace('toy', '\\u0074oy')}","delta":"AA"}`)
  t.strictSame((await news(client)).map(text => JSON.parse(text)), [{ type: ga, delta: 'AA' }])
})

t.test('an event that gets a longer name is sent anew, in its place', async t => {
  const { client, upstream, news } = await opened(t)
  for (const text of ['{"type":"before"}', '{"type":"toy.vo.delta","delta":"AA","n":12345678901234567890}', '{"type":"after"}']) upstream.text(text)
  t.strictSame(await news(client), ['{"type":"before"}', `{"type":"${ga}","delta":"AA","n":12345678901234567890}`, '{"type":"after"}'])
})

t.test('a renamed event that came in fragments goes on whole', async t => {
  const { client, upstream, news } = await opened(t)
  const text = `{"type":"${long}","delta":"AA"}`
  upstream.frame(1, text.slice(0, 9), false)
  upstream.frame(0, text.slice(9))
  t.strictSame((await news(client)).map(text => JSON.parse(text)), [{ type: ga, delta: 'AA' }])
})

t.test('one event may become two, none, or an answer', async t => {
  const { client, upstream, news } = await opened(t)
  for (const type of ['toy.two', 'toy.tick', 'toy.probe', 'unknown']) upstream.text({ type })
  t.strictSame(typesOf(await news(client)), ['one', 'two', 'unknown'])
  t.strictSame(typesOf(await news(upstream)), ['toy.alive'])
  client.text({ type: 'gone' })
  client.text({ type: 'local', event_id: 'e1' })
  client.text({ type: 'ask', text: 'x' })
  t.strictSame((await news(upstream)).map(text => JSON.parse(text)), [{ type: 'toy.ask', text: 'x' }, { type: 'toy.go' }])
  t.strictSame((await news(client)).map(text => JSON.parse(text)), [{ type: 'local.answer', for: 'e1' }])
})

t.test('what the tables do not name passes byte for byte, both ways', async t => {
  const { client, upstream, news } = await opened(t)
  const odd = '{"b":1, "type":"other","a":[1e400,"\\u00e9"]}'
  client.text(odd)
  upstream.text(odd)
  client.frame(2, Buffer.from([1, 2, 3]))
  t.strictSame(await news(upstream), [odd])
  t.strictSame(await news(client), [odd])
  t.equal(upstream.socket.frames.at(-1)?.opcode, 2)
})

t.test('what a dialect lets pass for now is not read', async t => {
  const { client, upstream, news } = await opened(t)
  upstream.text('{"type":"chatter", "n":1}')
  t.strictSame(await news(client), ['{"type":"chatter", "n":1}'])
  client.text({ type: 'quiet' })
  await news(client)
  upstream.text('{"type":"chatter", "n":2}')
  t.strictSame(await news(client), [])
})

t.test('the provider hears what it must before the first event of the client', async t => {
  const { client, upstream, news } = await toy(t)
  client.text({ type: 'input_audio_buffer.append', audio: 'AA' })
  client.text({ type: 'input_audio_buffer.append', audio: 'BB' })
  t.strictSame(typesOf(await news(upstream)), ['hello.toy', 'input_audio_buffer.append', 'input_audio_buffer.append'])
})

t.test('an opening that waits for an event of the client is asked again', async t => {
  const { client, upstream, news } = await toy(t)
  client.text({ type: 'ask', text: 'hi' })
  client.text({ type: 'plain' })
  t.strictSame(typesOf(await news(upstream)), ['toy.ask', 'toy.go', 'plain'])
})

t.test('a message that may not pass is not translated either', async t => {
  const { client, upstream, news } = await opened(t, { clientStages: [createModelStage({ model: 'mine', aliases: [], strict: true, restricted: true, adjusted () {} })] })
  client.text({ type: 'session.update', session: { model: 'other' } })
  client.text({ type: 'ask', text: 'x' })
  t.strictSame(typesOf(await news(upstream)), ['toy.ask', 'toy.go'])
  t.strictSame(client.errors, ['model_not_allowed'])
})

t.test('responses are counted by what the client sees of them', async t => {
  const turns: UnpricedTurn[] = []
  const { client, upstream, session, news } = await opened(t, { observer: { turn: turn => { turns.push(turn) } } })
  upstream.text({ type: 'toy.begin', id: 'r1' })
  upstream.text({ type: long, delta: 'AA' })
  upstream.text({ type: 'toy.end', id: 'r1', tokens: 7 })
  t.strictSame(typesOf(await news(client)), ['response.created', ga, 'response.done'])
  t.match(turns, [{ session: 'sess_1', number: 1, responseId: 'r1', usage: { total_tokens: 7 }, audioBytes: { upstream: 1 } }])
  t.type(turns[0]?.times.firstAudio, 'number')
  t.equal(session.info().turns, 1)
})

t.test('a client that leaves in the middle of a response has it cancelled in the provider\'s words', async t => {
  const { client, upstream, news } = await opened(t)
  upstream.text({ type: 'toy.begin', id: 'r1' })
  await news(client)
  client.leave()
  t.strictSame(typesOf(await news(upstream)), ['toy.stop'])
  upstream.text({ type: 'toy.end', id: 'r1', tokens: 7 })
  await turn()
  t.equal(upstream.socket.closes.at(-1)?.code, 1000)
})

t.test('translated messages count against the client\'s rate', async t => {
  const { client, news } = await opened(t, {}, { messageRate: 1, messageBurst: 4 })
  for (let i = 0; i < 5; i++) client.text({ type: 'local' })
  await news(client)
  t.strictSame(client.errors, ['message_rate_exceeded'])
})

t.test('answers wait for a slow client like everything else', async t => {
  const { client, upstream, pass } = await opened(t, {}, { highWaterMark: 2_000, lowWaterMark: 500, stallTimeout: 5_000, messageBurst: 5_000 })
  client.socket.stall()
  for (let i = 0; i < 100; i++) client.socket.peerSend(frame({ opcode: 1, payload: JSON.stringify({ type: 'local', event_id: 'x'.repeat(50) }) }, true))
  await turn()
  t.equal(upstream.socket.isPaused(), true)
  await pass(6_000)
  t.equal(upstream.socket.closes.at(-1)?.code, 1000)
})

t.test('a client that does not read its answers is not read either, until it does', async t => {
  const limits = { highWaterMark: 10_000, lowWaterMark: 5_000 }
  const { client, upstream, news, session } = await opened(t, {}, limits)
  client.socket.stall()
  // As many as come in pieces of their own.
  let asked = 0
  while (!client.socket.isPaused() && asked < 1_000) {
    client.text(`{"type":"local","event_id":"${'x'.repeat(500)}"}`)
    asked++
    await turn()
  }
  t.ok(asked < 1_000, `${asked} questions were read`)
  const { messages } = session.info()
  client.text('{"type":"plain"}')
  await turn()
  t.equal(session.info().messages.client, messages.client)
  client.socket.unstall()
  t.strictSame(typesOf(await news(upstream)), ['plain'], 'nothing is lost')
  t.equal(client.socket.isPaused(), false)
  t.ok(typesOf(await news(client)).every(type => type === 'local.answer'))
})

t.test('an upstream whose answer would be a question gets none once the client has left', async t => {
  const { client, upstream, news } = await opened(t)
  upstream.text('{"type":"toy.begin","id":"r1"}')
  upstream.text('{"type":"toy.probe"}')
  t.strictSame(typesOf(await news(upstream)), ['toy.alive'])
  client.close(1000)
  await news(upstream)
  upstream.text('{"type":"toy.probe"}')
  t.strictSame(typesOf(await news(upstream)), [])
})

t.test('a client that may ask again is still not read while the upstream is behind', async t => {
  const { client, upstream } = await opened(t, {}, { highWaterMark: 10_000, lowWaterMark: 5_000 })
  client.socket.stall()
  upstream.socket.stall()
  const both = [`{"type":"plain","text":"${'x'.repeat(1_000)}"}`, `{"type":"local","event_id":"${'x'.repeat(500)}"}`]
  client.socket.peerSend(Buffer.concat(Array.from({ length: 100 }, (_, i) => frame({ opcode: 1, payload: both[i % 2]! }, true))))
  await turn()
  t.ok(client.socket.isPaused() && upstream.socket.isPaused())
  client.socket.unstall()
  await turn()
  t.ok(client.socket.isPaused(), 'for the upstream')
  upstream.socket.unstall()
  await turn()
  t.notOk(client.socket.isPaused() || upstream.socket.isPaused())
})

t.test('a refusal names the event by its id, unless that is longer than an id may be', async t => {
  const refusing: Dialect = { name: 'none', start: () => ({}), clientToUpstream: { ask () { throw new GatewayError('unsupported_feature') } }, upstreamToClient: {} }
  const { up } = createPair(undefined, refusing)!({ strict: false, voices: {}, adjusted () {} })
  for (const [length, named] of [[1, true], [512, true], [513, false], [1_000_000, false]] as const) {
    const id = 'x'.repeat(length)
    const { back } = up.translate(Buffer.from(JSON.stringify({ type: 'ask', event_id: id })))!
    t.equal((JSON.parse(back[0]!) as { error: { event_id: unknown } }).error.event_id, named ? id : null)
  }
})
