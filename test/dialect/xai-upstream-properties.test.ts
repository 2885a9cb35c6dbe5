import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../lib/errors.ts'
import { xaiUpstream } from '../../lib/dialect/xai/upstream/dialect.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { holds } from '../fixtures/session/seeded.ts'
import { faultsOf, says, startHop, startPair } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'
import { loadRecordings } from '../fixtures/recordings.ts'

const upTypes = Object.keys(xaiUpstream.clientToUpstream)
const downTypes = Object.keys(xaiUpstream.upstreamToClient)

/** What is remembered, as text: lists and maps count. */
const size = ({ state }: XaiHop): number => JSON.stringify(state, (_, value: unknown) => value instanceof Map ? [...value] : value).length

const id = fc.constantFrom('i1', 'i2', 'i3', 'r1', 'r2', '__proto__', 'constructor')
const words = fc.oneof(fc.string({ maxLength: 40, unit: 'binary' }), fc.constantFrom('Hello', 'Hello there', ''))
const junk = fc.oneof(fc.constantFrom(null, true, -1, 1e308, '', [], {}, [[]], [null]), words, fc.jsonValue({ maxDepth: 3 }))

// Fields as either side has them, and anything else in their place.
const leaf: Record<string, fc.Arbitrary<unknown>> = {
  event_id: fc.constantFrom('e1', 'gateway_default_turn_detection'),
  item_id: id,
  response_id: id,
  content_index: fc.constantFrom(0, 1, 1e9, -1, 0.5),
  output_index: fc.constantFrom(0, 1, 2),
  delta: words,
  transcript: words,
  text: words,
  arguments: words,
  status: fc.constantFrom('in_progress', 'completed', 'cancelled', 'failed', 'incomplete', 'x'),
  audio_start_ms: fc.integer(),
  audio_end_ms: fc.integer(),
  previous_item_id: fc.oneof(id, fc.constant(null)),
  usage: fc.record({ input_tokens: junk, total_tokens: junk, input_token_details: junk }, { requiredKeys: [] }),
  error: fc.record({ type: fc.constantFrom('timeout', 'max_duration', 'internal_error'), code: junk, message: junk, event_id: fc.constantFrom('e1', 'gateway_default_turn_detection', null) }, { requiredKeys: [] }),
  part: fc.record({ type: fc.constantFrom('audio', 'text'), transcript: words, text: words }, { requiredKeys: [] }),
  conversation: fc.record({ id }, { requiredKeys: [] })
}
const item = fc.record({
  id,
  type: fc.constantFrom('message', 'function_call', 'function_call_output', 'mcp_call'),
  role: fc.constantFrom('user', 'assistant', 'system', 'tool'),
  status: fc.constantFrom('in_progress', 'completed', 'incomplete'),
  content: fc.oneof(junk, fc.array(fc.oneof(junk, fc.record({ type: fc.constantFrom('audio', 'text', 'input_audio', 'input_image', 'output_audio'), transcript: words, text: words }, { requiredKeys: [] })), { maxLength: 3 })),
  arguments: words,
  call_id: id
}, { requiredKeys: [] })
const response = fc.record({
  id,
  status: leaf['status']!,
  status_details: junk,
  output: fc.oneof(junk, fc.array(fc.oneof(junk, item), { maxLength: 3 })),
  output_modalities: fc.oneof(junk, fc.constantFrom(['text'], ['audio'])),
  conversation: fc.constantFrom('none', 'auto', null),
  metadata: junk,
  audio: fc.oneof(junk, fc.record({ output: fc.oneof(junk, fc.record({ voice: junk, format: junk }, { requiredKeys: [] })) })),
  input: fc.oneof(junk, fc.array(fc.oneof(junk, item), { maxLength: 2 })),
  instructions: junk,
  usage: junk
}, { requiredKeys: [] })
const half = fc.record({ format: junk, transcription: junk, turn_detection: fc.oneof(junk, fc.constantFrom(null, { type: 'semantic_vad' }, { type: 'server_vad', threshold: 5 })), noise_reduction: junk, voice: junk, speed: junk }, { requiredKeys: [] })
const session = fc.record({
  id,
  type: fc.constantFrom('realtime', 'transcription'),
  voice: junk,
  model: junk,
  tools: fc.oneof(junk, fc.array(junk, { maxLength: 2 })),
  tool_choice: junk,
  turn_detection: junk,
  audio: fc.oneof(junk, fc.record({ input: fc.oneof(junk, half), output: fc.oneof(junk, half) }, { requiredKeys: [] })),
  output_modalities: fc.oneof(junk, fc.constantFrom(['text'], ['audio'])),
  reasoning: junk,
  truncation: junk
}, { requiredKeys: [] })

const fields = fc.record(Object.fromEntries(Object.entries({ ...leaf, item, response, session }).map(([name, arbitrary]) => [name, fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: junk })])), { requiredKeys: [] })
const eventOf = (types: readonly string[]): fc.Arbitrary<RealtimeEvent> => fc.tuple(fc.constantFrom(...types), fields).map(([type, fields]) => ({ ...fields, type }))
const line = fc.oneof(eventOf(upTypes).map(event => ({ sent: true, event })), { weight: 3, arbitrary: eventOf(downTypes).map(event => ({ sent: false, event })) })

function playAll (hop: XaiHop, lines: ReadonlyArray<{ readonly sent: boolean, readonly event: RealtimeEvent }>): void {
  for (const { sent, event } of lines) {
    if (!sent) {
      for (const told of hop.down(event)) if (typeof told.type !== 'string') throw new Error('no event')
      hop.passes()
      continue
    }
    try {
      hop.opening(event.type)
      if (event.type === 'conversation.item.retrieve') hop.answer(event)
      else hop.up(event)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
    }
  }
}

for (const strict of [false, true]) {
  t.test(`hostile events are refused on their way up, if at all, and nothing throws on the way down${strict ? ' of a strict session' : ''}`, async t => {
    const before = Object.getOwnPropertyNames(Object.prototype).join()
    await holds(t, 1500, fc.array(line, { minLength: 1, maxLength: 40 }), lines => { playAll(startHop({ strict }), lines) })
    t.equal(Object.getOwnPropertyNames(Object.prototype).join(), before, 'and nothing is polluted')
  })
}

t.test('a recorded event with anything in the place of any of its fields throws nothing', async t => {
  const recorded = loadRecordings().filter(({ provider }) => provider === 'xai').flatMap(({ interactions }) => interactions).filter(({ direction }) => direction === 'received').map(({ data }) => data)
  if (recorded.length === 0) return t.comment('skipped: no recordings')
  const wanted = recorded.filter(({ type }) => downTypes.includes(type))
  await holds(t, 2000, fc.tuple(fc.nat({ max: wanted.length - 1 }), fc.nat(), junk, fc.boolean()), ([at, place, value, inner]) => {
    const hop = startHop()
    for (const event of wanted.slice(Math.max(0, at - 12), at)) hop.down(event)
    const event = structuredClone(wanted[at]!) as Record<string, unknown>
    const holder = inner ? (event['response'] ?? event['item'] ?? event['session'] ?? event) as Record<string, unknown> : event
    const names = Object.keys(holder).filter(name => name !== 'type' || holder !== event)
    holder[names[place % names.length]!] = value
    hop.down(event as unknown as RealtimeEvent)
    for (const later of wanted.slice(at + 1, at + 12)) hop.down(later)
  })
})

/** A turn as xAI has it, with new ids: an item of the user's, and a response that speaks and calls a function. */
function turn (n: number, text: string, closed: boolean): RealtimeEvent[] {
  const [user, spoken, called, response] = [`u${n}`, `s${n}`, `f${n}`, `r${n}`] as const
  const call = { type: 'function_call', call_id: `c${n}`, name: 'f' }
  const transcription = { item_id: user, content_index: 0, transcript: text }
  return [
    { type: 'input_audio_buffer.speech_started', event_id: `a${n}`, item_id: user, audio_start_ms: n },
    says.item(user, { status: 'in_progress', role: 'user', content: [{ type: 'input_audio', transcript: '' }] }),
    { type: 'conversation.item.input_audio_transcription.updated', event_id: `b${n}`, ...transcription },
    ...(closed
      ? [
          { type: 'input_audio_buffer.committed', event_id: `d${n}`, item_id: user },
          { type: 'conversation.item.input_audio_transcription.completed', event_id: `g${n}`, ...transcription }
        ]
      : []),
    says.begin(response, { metadata: { text } }),
    says.output(response, spoken),
    says.item(spoken, { status: 'in_progress', role: 'assistant', content: [] }, user),
    says.about('content_part.added', response, spoken, { part: { type: 'audio', transcript: '' } }),
    says.about('output_audio_transcript.delta', response, spoken, { delta: text }),
    ...(closed ? [says.ended(response, spoken)] : []),
    says.output(response, called, { ...call, arguments: '' }),
    says.item(called, { ...call, status: 'in_progress', arguments: '' }, spoken),
    says.about('function_call_arguments.delta', response, called, { call_id: call.call_id, delta: text }),
    ...(closed ? [says.ended(response, called, { ...call, arguments: text }), says.done(response)] : [])
  ]
}

t.test('what is remembered has a limit, however long a session, and whatever it leaves open', async t => {
  const text = fc.string({ minLength: 0, maxLength: 200 })
  await holds(t, 12, fc.tuple(fc.array(fc.tuple(text, fc.boolean()), { minLength: 5, maxLength: 5 }), fc.boolean()), ([kinds, manual]) => {
    const hop = startHop()
    if (manual) hop.up({ type: 'session.update', session: { audio: { input: { turn_detection: null } } } })
    const run = (from: number, to: number): void => {
      for (let n = from; n < to; n++) {
        const [text, closed] = kinds[n % kinds.length]!
        hop.up({ type: manual ? 'input_audio_buffer.commit' : 'response.create', event_id: `q${n}` })
        for (const event of turn(n, text, closed)) hop.down(event)
      }
    }
    run(0, 300)
    const early = size(hop)
    run(300, 1500)
    const late = size(hop)
    if (late > 60_000 || late > early * 1.2 + 500) throw new Error(`${early} characters, then ${late}`)
  })
})

t.test('what is remembered has a limit for what is large, too', async t => {
  const hop = startHop()
  for (let n = 0; n < 200; n++) for (const event of turn(n, 'x'.repeat(30_000), true)) hop.down(event)
  t.ok(size(hop) < 1_000_000, `${size(hop)} characters`)
  for (let n = 0; n < 100; n++) hop.down(says.about('output_audio_transcript.delta', 'r0', 's199', { delta: 'x'.repeat(30_000) }))
  for (let n = 0; n < 100; n++) hop.down(says.about('function_call_arguments.delta', 'r0', 'f199', { delta: 'x'.repeat(30_000) }))
  t.ok(size(hop) < 1_200_000, `${size(hop)} characters`)
})

t.test('every event of a turn is OpenAI\'s, whatever is said and left open in it', async t => {
  await holds(t, 100, fc.array(fc.tuple(words, fc.boolean()), { minLength: 1, maxLength: 4 }), kinds => {
    const hop = startHop()
    const events = kinds.flatMap(([text, closed], n) => turn(n, text, closed)).flatMap(event => hop.down(event))
    const faults = events.flatMap(faultsOf)
    if (faults.length > 0) throw new Error(faults.join('\n'))
  })
})

t.test('JSON that no client should send passes the engine, is refused, or says the same', async t => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000)
  const up = (text: string): unknown => startPair().up.translate(Buffer.from(text))
  t.strictSame(up(`{"type":"session.update","session":{"some_day":${deep}}}`), undefined, 'too deep to be written again')
  t.strictSame(up('{"type":"session.update","type":"ping"}'), undefined)
  t.match(up('{"type":"session.update","session":{"type":"realtime","turn_detection":null,"__proto__":{"polluted":1},"n":9007199254740993}}'),
    { onward: ['{"type":"session.update","session":{"turn_detection":null,"__proto__":{"polluted":1},"n":9007199254740993},"event_id":"gateway_update_1"}'] })
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  const down = startPair().down
  t.doesNotThrow(() => down.translate(Buffer.from(`{"type":"conversation.item.added","item":{"id":"i1","content":${deep}}}`)))
})
