import t from 'tap'
import fc from 'fast-check'
import { createPipeline } from '../../../lib/session/pipeline/pipeline.ts'
import { Turns } from '../../../lib/session/pipeline/turns.ts'
import type { Turn } from '../../../lib/session/pipeline/turns.ts'
import { turn } from '../../fixtures/session/clock.ts'
import { join } from '../../fixtures/session/joined.ts'
import { holds } from '../../fixtures/session/seeded.ts'
import { loadRecordings, recordingsFolder } from '../../fixtures/recordings.ts'
import type { RealtimeEvent } from '../../../types/index.ts'
import type { UnpricedTurn } from '../../../lib/session/parts.ts'

interface Followed {
  readonly turns: Turns
  readonly told: Turn[]
  /** Both say events, or texts as they are. */
  up (...events: Array<object | string>): void
  down (...events: Array<object | string>): void
  pass (ms: number): void
}

/** A session's turns, followed by its own pipelines on a clock that is told to move. */
function follow (): Followed {
  let clock = 5_000
  const told: Turn[] = []
  const turns = new Turns(() => clock, turn => told.push(turn))
  const [up, down] = [turns.client, turns.upstream].map(stage => {
    const { judge } = createPipeline([stage])
    return (...events: Array<object | string>): void => {
      for (const event of events) {
        const verdict = judge(Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)), false, false)
        if (verdict !== undefined) throw new Error('turns only take note')
      }
    }
  })
  return { turns, told, up: up!, down: down!, pass: ms => { clock += ms } }
}

const created = (id?: string): object => ({ type: 'response.created', response: id === undefined ? {} : { id } })
const done = (id?: string, more: object = {}): object => ({ type: 'response.done', response: { ...(id !== undefined && { id }), status: 'completed', ...more } })
const audio = (bytes: number): string => Buffer.alloc(bytes, 0xfb).toString('base64')
const delta = (bytes: number, id?: string): object => ({ type: 'response.output_audio.delta', ...(id !== undefined && { response_id: id }), item_id: 'item_0123456789abcdefghijklmn', delta: audio(bytes) })

t.test('a turn is timed from the end of speech to its own end', async t => {
  const { told, down, pass } = follow()
  pass(1_000)
  down({ type: 'input_audio_buffer.speech_stopped' })
  pass(200)
  down(created('r1'))
  pass(300)
  down(delta(480))
  pass(2_000)
  down(delta(480), done('r1'))
  t.strictSame(told, [{ number: 1, servedModel: undefined, responseId: 'r1', status: 'completed', usage: undefined, times: { asked: 1_000, began: 1_200, firstAudio: 1_500, ended: 3_500 }, audioBytes: { client: 0, upstream: 960 } }])
})

t.test('whichever came later asked: the end of speech or response.create', async t => {
  const { told, up, down, pass } = follow()
  down({ type: 'input_audio_buffer.speech_stopped' })
  pass(100)
  up({ type: 'response.create' })
  pass(100)
  down(created('r1'), done('r1'))
  up({ type: 'response.create' })
  pass(100)
  down({ type: 'input_audio_buffer.speech_stopped' })
  pass(100)
  down(created('r2'), done('r2'), created('r3'), done('r3'))
  t.strictSame(told.map(({ times: { asked, began } }) => [asked, began]), [[100, 200], [300, 400], [undefined, 400]], 'and each asks for one response')
})

t.test('text alone has no first audio, and a response whose beginning was not seen no beginning', async t => {
  const { told, down } = follow()
  down(created('r1'), { type: 'response.output_text.delta', delta: 'hello' }, done('r1'), done('r2'))
  t.strictSame(told.map(({ number, responseId, times }) => [number, responseId, times]), [[1, 'r1', { began: 0, ended: 0 }], [2, 'r2', { ended: 0 }]])
})

t.test('the status is the provider\'s, whatever it says', async t => {
  const { told, turns, down } = follow()
  for (const status of ['completed', 'cancelled', 'failed', 'incomplete', 'of_next_year', 7, null]) down(created('r'), done('r', { status }))
  t.strictSame(told.map(({ status }) => status), ['completed', 'cancelled', 'failed', 'incomplete', 'of_next_year', undefined, undefined])
  t.equal(turns.finished, 7)
  t.equal(turns.running, 0)
})

t.test('usage is told in the provider\'s own words', async t => {
  const { told, down } = follow()
  const openai = { total_tokens: 253, input_tokens: 132, output_tokens: 121, input_token_details: { text_tokens: 119, audio_tokens: 13, cached_tokens: 64, cached_tokens_details: { text_tokens: 64, audio_tokens: 0 } }, output_token_details: { text_tokens: 30, audio_tokens: 91 } }
  const xai = { input_tokens: 10, output_tokens: 20, total_tokens: 30, billable_audio_seconds: 1.25 }
  down(done('openai', { usage: openai }), { ...done('xai', { usage: {} }), usage: xai }, done('nested', { usage: {} }), done('none'), done('null', { usage: null }), { ...done('both', { usage: openai }), usage: null })
  t.strictSame(told.map(({ usage }) => usage), [openai, xai, {}, undefined, undefined, openai])
})

t.test('the model served is the one that the provider has told last', async t => {
  const { told, down } = follow()
  down(done('r0'))
  down({ type: 'session.created', session: { model: 'one' } }, done('r1'))
  down({ type: 'session.updated', session: { model: 'two' } }, done('r2'))
  down({ type: 'session.updated', session: {} }, { type: 'session.updated', session: { model: 7 } }, { type: 'session.updated' }, done('r3'))
  t.strictSame(told.map(({ servedModel }) => servedModel), [undefined, 'one', 'two', 'two'])
})

t.test('audio is that of the client since the turn before, and of the provider for the response', async t => {
  const { told, up, down } = follow()
  const append = (bytes: number): object => ({ type: 'input_audio_buffer.append', audio: audio(bytes) })
  up(append(1_000), append(1_001))
  down(created('r1'), delta(301))
  up(append(50))
  down(delta(302), done('r1'))
  up(append(7))
  down(delta(99), created('r2'), { ...delta(500), type: 'response.audio.delta' }, done('r2'), done('r3'))
  t.strictSame(told.map(({ audioBytes }) => audioBytes), [{ client: 2_051, upstream: 603 }, { client: 7, upstream: 500 }, { client: 0, upstream: 0 }])
})

t.test('short audio is counted too, beside ids that are longer', async t => {
  const { told, up, down } = follow()
  down(created('r1'))
  for (const bytes of [0, 1, 2, 3, 17, 30]) {
    up({ event_id: 'event_0123456789abcdefghijklmnopqrstuvwxyz', type: 'input_audio_buffer.append', audio: audio(bytes) })
    down({ event_id: 'event_0123456789abcdefghijklmnopqrstuvwxyz', ...delta(bytes, 'r1') })
  }
  up({ type: 'input_audio_buffer.append', event_id: 'event_0123456789abcdefghijklmnopqrstuvwxyz' }, { type: 'input_audio_buffer.append', audio: 7 })
  down(done('r1'))
  t.strictSame(told[0]!.audioBytes, { client: 53, upstream: 53 })
})

t.test('responses that overlap are told apart by their ids', async t => {
  const { told, turns, down, pass } = follow()
  down(created('a'))
  pass(10)
  down(created('b'))
  t.equal(turns.running, 2)
  pass(10)
  down(delta(100, 'b'))
  pass(10)
  down(delta(200, 'a'), delta(300, 'b'), done('a'))
  down(delta(400), done('b'))
  t.strictSame(told.map(({ responseId, times, audioBytes }) => [responseId, times.began, times.firstAudio, audioBytes.upstream]), [['a', 0, 30, 200], ['b', 10, 20, 800]])
})

t.test('without ids the first that began is the first that ends, and an id is matched before that', async t => {
  const { told, turns, down, pass } = follow()
  down(created())
  pass(10)
  down(created('b'))
  pass(10)
  down(created())
  down(done('b'), done(), done('late'))
  t.strictSame(told.map(({ responseId, times: { began } }) => [responseId, began]), [['b', 10], [undefined, 0], ['late', 20]])
  t.equal(turns.running, 0)
  down(created('x'), done())
  t.match(told[3], { responseId: 'x' }, 'an end without an id ends what runs')
})

t.test('who begins more than 64 responses without an end is not counted for ever', async t => {
  const { told, turns, down } = follow()
  for (let i = 0; i < 200; i++) down(created(`r${i}`))
  t.equal(turns.running, 64)
  down(done('r0'), done('r199'))
  t.equal(turns.running, 63)
  t.strictSame(told.map(({ responseId, times }) => [responseId, times.began]), [['r0', undefined], ['r199', 0]])
})

t.test('a session that is over tells what was running, without a status', async t => {
  const { told, turns, down, pass } = follow()
  down(created('a'), created('b'), delta(100, 'a'))
  pass(500)
  turns.end()
  turns.end()
  t.strictSame(told.map(({ responseId, status, usage, times, audioBytes }) => [responseId, status, usage, times.ended, audioBytes.upstream]), [['a', undefined, undefined, 500, 100], ['b', undefined, undefined, 500, 0]])
  t.equal(turns.finished, 0)
})

t.test('a response is unresponsive when nothing has come for ten seconds', async t => {
  const { turns, down, pass } = follow()
  pass(60_000)
  t.notOk(turns.isUnresponsive(0), 'none runs')
  down(created('a'))
  pass(9_999)
  t.notOk(turns.isUnresponsive(0))
  pass(1)
  t.ok(turns.isUnresponsive(0))
  t.notOk(turns.isUnresponsive(5_000 + 69_999), 'something came')
})

t.test('what is no event, or not of the usual shape, changes nothing and breaks nothing', async t => {
  const { told, turns, up, down } = follow()
  up('{"type":"response.create"', '{"type":"input_audio_buffer.append"', 'x')
  down('{"type":"response.created"', '{"type":"session.created","session":null}', '{"type":"response.created","response":7}', '{"type":"response.output_audio.delta"}', '{"type":"response.done","response":[]}')
  t.equal(told.length, 1)
  t.equal(turns.running, 1)
})

t.test('whatever begins and ends in whatever order, each end is told once and nothing is lost', async t => {
  const ids = fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined })
  const event = fc.oneof(
    fc.record({ kind: fc.constant('created' as const), id: ids, bytes: fc.constant(0) }),
    fc.record({ kind: fc.constant('done' as const), id: ids, bytes: fc.constant(0) }),
    fc.record({ kind: fc.constant('delta' as const), id: ids, bytes: fc.integer({ min: 0, max: 400 }) }),
    fc.record({ kind: fc.constant('append' as const), id: fc.constant(undefined), bytes: fc.integer({ min: 0, max: 400 }) })
  )
  await holds(t, 500, fc.array(event, { maxLength: 40 }), events => {
    const { told, turns, up, down } = follow()
    const count = { created: 0, done: 0, heard: 0, appended: 0 }
    for (const { kind, id, bytes } of events) {
      if (kind === 'created') down(created(id))
      if (kind === 'done') down(done(id))
      if (kind === 'delta') {
        if (turns.running > 0) count.heard += bytes
        down(delta(bytes, id))
      }
      if (kind === 'append') {
        up({ type: 'input_audio_buffer.append', audio: audio(bytes) })
        count.appended += bytes
      }
      if (kind === 'created' || kind === 'done') count[kind]++
    }
    const { running } = turns
    turns.end()
    if (told.length !== count.done + running || turns.finished !== count.done) throw new Error(`${told.length} told`)
    if (told.some(({ number }, i) => number !== i + 1)) throw new Error('numbers have gaps')
    const sum = (peer: 'client' | 'upstream'): number => told.reduce((sum, { audioBytes }) => sum + audioBytes[peer], 0)
    // What came behind the last turn belongs to none.
    if (sum('upstream') !== count.heard || sum('client') > count.appended) throw new Error('audio is lost, or made up')
  })
})

t.test('a client\'s audio is counted to the byte, however it is written and whoever reads it', async t => {
  const size = fc.integer({ min: 0, max: 2_000 })
  const spellings: Readonly<Record<string, (audio: string) => string>> = {
    javascript: audio => `{"type":"input_audio_buffer.append","audio":"${audio}"}`,
    python: audio => `{"type": "input_audio_buffer.append", "audio": "${audio}"}`,
    'id first': audio => `{"event_id":"event_0123456789abcdefghij","type":"input_audio_buffer.append","audio":"${audio}"}`,
    'id last': audio => `{"type":"input_audio_buffer.append","audio":"${audio}","event_id":"event_0123456789abcdefghij"}`,
    odd: audio => `\n{ "audio" :\t"${audio}" ,"\\u0074ype":"input_audio_buffer\\u002eappend" }`,
    escaped: audio => `{"audio":"${audio.replaceAll('/', '\\/')}","type":"input_audio_buffer.append"}`,
    unpadded: audio => `{"type":"input_audio_buffer.append","audio":"${audio.replaceAll('=', '')}"}`
  }
  for (const readers of [0, 1]) {
    await holds(t, 60, fc.array(fc.tuple(size, fc.constantFrom(...Object.keys(spellings))), { maxLength: 12 }), async appends => {
      const turns: UnpricedTurn[] = []
      const { client, upstream, clock } = await join({}, {
        observer: { turn: turn => { turns.push(turn) } },
        clientStages: Array.from({ length: readers }, () => ({ types: ['input_audio_buffer.append'], handle: message => { message.event() } }))
      })
      try {
        const texts = appends.map(([bytes, spelling]) => spellings[spelling]!(audio(bytes)))
        for (const text of texts) client.text(text)
        await turn()
        upstream.text(created('r'))
        upstream.text(done('r'))
        await turn()
        const expected = appends.reduce((sum, [bytes]) => sum + bytes, 0)
        if (turns[0]?.audioBytes.client !== expected) throw new Error(`${turns[0]?.audioBytes.client} of ${expected} bytes`)
        if (upstream.socket.texts.join() !== texts.join()) throw new Error('changed on the way')
      } finally {
        for (const peer of [client, upstream]) peer.leave()
        await turn()
        clock.restore()
      }
    })
  }
})

const recordings = loadRecordings()
if (recordings.length === 0) t.comment(`skipped: no recordings at ${recordingsFolder}`)

for (const { name, provider, interactions } of recordings) {
  t.test(`the recording ${name}: every response is told once, with its own usage and audio`, async t => {
    const { told, turns, up, down } = follow()
    const ended: RealtimeEvent[] = []
    for (const { direction, data } of interactions) {
      (direction === 'sent' ? up : down)(data)
      if (direction === 'received' && data.type === 'response.done') ended.push(data)
    }
    const responses = ended.map(event => ({ event, response: event['response'] as { id: string, status: string, usage?: unknown } }))
    t.strictSame(told.map(({ responseId, status, usage }) => ({ responseId, status, usage })), responses.map(({ event, response: { id, status, usage } }) => ({
      responseId: id,
      status,
      usage: (provider === 'xai' ? event['usage'] ?? usage : usage) ?? undefined
    })))
    t.equal(turns.finished, ended.length)
    for (const { responseId, audioBytes, times } of told) {
      const deltas = interactions.filter(({ data }) => /^response\.(output_)?audio\.delta$/.test(data.type) && data['response_id'] === responseId)
      const bytes = deltas.reduce((sum, { data }) => sum + Buffer.from(String(data['delta']), 'base64').length, 0)
      t.equal(audioBytes.upstream, bytes, `${responseId} spoke ${bytes} bytes`)
      t.equal(times.firstAudio !== undefined, deltas.length > 0)
    }
  })
}
