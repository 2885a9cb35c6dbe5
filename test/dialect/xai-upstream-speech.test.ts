import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'

const prefix = 'conversation.item.input_audio_transcription'
const updated = (transcript: unknown, id: unknown = 'i1'): RealtimeEvent => ({ type: `${prefix}.updated`, event_id: 'ev_u', item_id: id, transcript, content_index: 0, previous_item_id: null })
const completed = (transcript: unknown, status?: string, id: unknown = 'i1'): RealtimeEvent => ({
  type: `${prefix}.completed`, event_id: 'ev_c', item_id: id, transcript, content_index: 0, ...(status !== undefined && { status }), previous_item_id: null
})
const started = (ms: unknown, id: unknown = 'i1'): RealtimeEvent => ({ type: 'input_audio_buffer.speech_started', event_id: 'ev_a', item_id: id, audio_start_ms: ms, previous_item_id: null })
const stopped = (ms: unknown, id: unknown = 'i1'): RealtimeEvent => ({ type: 'input_audio_buffer.speech_stopped', event_id: 'ev_o', item_id: id, audio_end_ms: ms, previous_item_id: null })

/** What a client reads of a transcript: its deltas, and `=` before what ends it. */
function heard (hop: XaiHop, ...events: RealtimeEvent[]): unknown[] {
  return events.flatMap(event => hop.down(event)).map(({ type, delta, transcript }) => type === `${prefix}.delta` ? delta : `=${String(transcript)}`)
}

t.test('what was understood is told as it grows, and once at its end', async t => {
  const rows: ReadonlyArray<readonly [what: string, events: RealtimeEvent[], told: string[]]> = [
    ['it grows', [updated('Hello'), updated('Hello, my'), updated('Hello, my name'), completed('Hello, my name.', 'completed')], ['Hello', ', my', ' name', '=Hello, my name.']],
    ['no news', [updated(''), updated('Hello'), updated('Hello'), completed('Hello', 'in_progress'), completed('Hello', 'completed')], ['Hello', '=Hello']],
    ['it is completed in progress', [completed('Hello', 'in_progress'), completed('Hello you', 'in_progress'), completed('Hello you.', 'completed')], ['Hello', ' you', '=Hello you.']],
    ['it is revised', [updated('Hello?'), updated('Hello, my'), updated('Hello, my name'), completed('Hello, my name.', 'completed')], ['Hello?', '=Hello, my name.']],
    ['it is revised, and comes back', [updated('Hello'), updated('Hallo'), updated('Hello you'), completed('Hello you', 'completed')], ['Hello', ' you', '=Hello you']],
    ['it is completed without a status', [completed('Hello')], ['=Hello']],
    ['it goes on after its end', [completed('Hello', 'completed'), updated('Hello you'), completed('Hello you', 'in_progress'), completed('Hello you', 'completed')], ['=Hello']],
    ['two at a time', [updated('a'), updated('b', 'i2'), updated('ab'), completed('bc', 'completed', 'i2'), completed('abc', 'completed')], ['a', 'b', 'b', '=bc', '=abc']],
    ['silence', [completed('', 'completed')], ['=']],
    ['no transcript', [updated(undefined), updated(5), completed(null, 'completed')], ['=']],
    ['no item', [updated('a', null), updated('a', 5), completed('a', 'completed', null)], ['=a']],
    ['more than anybody says', [updated('a'.repeat(65_537)), completed('b', 'completed')], ['=b']]
  ]
  for (const [what, events, told] of rows) t.strictSame(heard(startHop(), ...events), told, what)
})

t.test('a delta and an end are OpenAI\'s', async t => {
  const hop = startHop()
  t.strictSame(hop.down(updated('Hello')), [{ type: `${prefix}.delta`, event_id: 'ev_u', item_id: 'i1', content_index: 0, previous_item_id: null, delta: 'Hello' }])
  const events = hop.down(completed('Hello.', 'completed'))
  t.strictSame(events, [{ type: `${prefix}.completed`, event_id: 'ev_c', item_id: 'i1', transcript: 'Hello.', content_index: 0, previous_item_id: null, usage: { type: 'duration', seconds: 0 } }])
  const { content_index: _, ...bare } = completed('Hello.', 'completed', 'i2')
  t.match(hop.down(bare as RealtimeEvent), [{ content_index: 0 }])
  t.strictSame(events.flatMap(faultsOf), [])
})

t.test('the usage of a transcript is how long the user spoke, in whole seconds', async t => {
  const rows: ReadonlyArray<readonly [from: unknown, until: unknown, seconds: number]> = [
    [1460, 4256, 3], [227, 432, 0], [0, 1500, 2], [5000, 4000, 0], ['x', 2000, 2], [1000, undefined, 0]
  ]
  for (const [from, until, seconds] of rows) {
    const hop = startHop()
    hop.down(started(from))
    hop.down(stopped(until))
    t.match(hop.down(completed('x', 'completed')), [{ usage: { type: 'duration', seconds } }])
  }
  const unheard = startHop()
  unheard.down(stopped(2000))
  t.match(unheard.down(completed('x', 'completed')), [{ usage: { seconds: 0 } }])
})

t.test('the user begins to speak once', async t => {
  const hop = startHop()
  t.strictSame(hop.down(started(100)), [started(100)])
  t.strictSame(hop.down(started(100)), [])
  t.strictSame(hop.down(started(200)), [])
  t.strictSame(hop.down(stopped(300)), [stopped(300)])
  t.strictSame(hop.down(started(400, 'i2')), [started(400, 'i2')])
  t.strictSame(hop.down(started(500, null)), [started(500, null)])
  t.strictSame(hop.down(stopped(500, null)), [stopped(500, null)])
})

t.test('of turns that the client ends itself nobody hears when they began and ended, but how long they were', async t => {
  const hop = startHop()
  const detect = (detection: unknown): unknown => hop.up({ type: 'session.update', session: { audio: { input: { turn_detection: detection } } } })
  detect(null)
  t.strictSame([started(1000), started(1000), stopped(4000)].flatMap(event => hop.down(event)), [])
  t.match(hop.down(completed('x', 'completed')), [{ usage: { type: 'duration', seconds: 3 } }])
  detect({ type: 'server_vad' })
  t.strictSame([started(100, 'i2'), stopped(300, 'i2')].flatMap(event => hop.down(event)), [started(100, 'i2'), stopped(300, 'i2')])
})

t.test('the final transcript is part of the item', async t => {
  const item = { status: 'in_progress', role: 'user', content: [{ type: 'input_audio', transcript: '' }] }
  const retrieved = (hop: XaiHop): unknown => hop.answer({ type: 'conversation.item.retrieve', item_id: 'i1' })
  const late = startHop()
  late.down(says.item('i1', item))
  late.down(updated('Hel'))
  t.match(retrieved(late), { item: { content: [{ type: 'input_audio', transcript: null }] } }, 'which may still be revised')
  late.down({ type: 'input_audio_buffer.committed', event_id: 'e', item_id: 'i1' })
  late.down(completed('Hello.', 'completed'))
  t.match(retrieved(late), { item: { status: 'completed', content: [{ type: 'input_audio', transcript: 'Hello.' }] } })

  const early = startHop()
  early.down(says.item('i1', item))
  early.down(completed('Hello.', 'completed'))
  t.match(early.down({ type: 'input_audio_buffer.committed', event_id: 'e', item_id: 'i1' }), [{}, { type: 'conversation.item.done', item: { content: [{ transcript: 'Hello.' }] } }])
})

t.test('of what the user says the last 16 are remembered, and what was told of it only until its end', async t => {
  const hop = startHop()
  for (let i = 0; i < 100; i++) hop.down(updated('Hello', `i${i}`))
  t.equal(hop.state.speeches.size, 16)
  hop.down(completed('Hello', 'completed', 'i99'))
  t.equal(hop.state.speeches.get('i99')?.told, '')
})

t.test('a client that switches detection off while it hears speech hears the end of it, and no more', async t => {
  const hop = startHop()
  t.equal(hop.down(started(0)).length, 1)
  hop.up({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } })
  t.equal(hop.down(stopped(900)).length, 1)
  t.strictSame([...hop.down(started(1_000, 'i2')), ...hop.down(stopped(1_900, 'i2'))], [])
})
