import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'

const limit = 65_536
const call = { type: 'function_call', call_id: 'call-1', name: 'f' }

/** A response that says a text in deltas and, as xAI may, says nothing of it again. */
function speak (hop: XaiHop, text: string): RealtimeEvent[] {
  const deltas = text.match(/.{1,1000}/gs) ?? []
  return [
    says.begin('r1'),
    says.output('r1', 'i1'),
    says.item('i1', { status: 'in_progress', role: 'assistant', content: [] }),
    says.about('content_part.added', 'r1', 'i1', { part: { type: 'audio', transcript: '' } }),
    ...deltas.map(delta => says.about('output_audio_transcript.delta', 'r1', 'i1', { delta })),
    says.about('output_audio_transcript.done', 'r1', 'i1'),
    says.about('content_part.done', 'r1', 'i1'),
    says.about('output_audio.done', 'r1', 'i1'),
    says.ended('r1', 'i1'),
    says.done('r1')
  ].flatMap(event => hop.down(event)).slice(4 + deltas.length)
}

/** The same for the arguments of a call. */
function invoke (hop: XaiHop, args: string): RealtimeEvent[] {
  return [
    says.begin('r1'),
    says.output('r1', 'i1', { ...call, arguments: '' }),
    says.item('i1', { ...call, status: 'in_progress', arguments: '' }),
    ...(args.match(/.{1,1000}/gs) ?? []).map(delta => says.about('function_call_arguments.delta', 'r1', 'i1', { delta, call_id: 'call-1' })),
    says.ended('r1', 'i1', call),
    says.done('r1')
  ].flatMap(event => hop.down(event)).slice(-3)
}

const ofType = (events: readonly RealtimeEvent[], type: string): RealtimeEvent => events.find(event => event.type === type)!
const itemOf = (event: RealtimeEvent): unknown => event['item']
const outputOf = (event: RealtimeEvent): unknown => (event['response'] as { output: unknown[] }).output[0]

t.test('a transcript up to the limit is told in full by the part, the item and the response', async t => {
  for (const length of [20_000, limit]) {
    const hop = startHop()
    const text = 'é'.repeat(length)
    const events = speak(hop, text)
    const item = { content: [{ type: 'output_audio', transcript: text }] }
    t.match(ofType(events, 'response.output_audio_transcript.done'), { transcript: text })
    t.strictSame(ofType(events, 'response.content_part.done')['part'], { type: 'audio', transcript: text })
    t.match(itemOf(ofType(events, 'conversation.item.done')), item)
    t.match(itemOf(ofType(events, 'response.output_item.done')), item)
    t.match(outputOf(ofType(events, 'response.done')), item)
    t.strictSame(hop.adjusted, [])
    t.strictSame(events.flatMap(faultsOf), [])
  }
})

t.test('a transcript beyond the limit is left out and told, never cut', async t => {
  const hop = startHop()
  const events = speak(hop, 'a'.repeat(limit + 1))
  const item = { id: 'i1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_audio' }] }
  t.notOk('transcript' in ofType(events, 'response.output_audio_transcript.done'))
  t.strictSame(ofType(events, 'response.content_part.done')['part'], { type: 'audio' })
  t.match(itemOf(ofType(events, 'conversation.item.done')), item)
  t.strictSame(outputOf(ofType(events, 'response.done')), { object: 'realtime.item', ...item }, 'the item is there')
  t.notMatch(JSON.stringify(events), /aaa/)
  t.strictSame([...new Set(hop.adjusted)], ['transcript', 'part.transcript', 'item.content[0].transcript'])
  t.throws(() => hop.up({ type: 'conversation.item.retrieve', item_id: 'i1' }), { code: 'item_retrieve_invalid_item_id' }, 'nor is it retrieved without')
})

t.test('what xAI says in full itself passes, however long', async t => {
  const hop = startHop()
  const text = 'a'.repeat(3 * limit)
  hop.down(says.begin('r1'))
  hop.down(says.output('r1', 'i1'))
  t.match(hop.down(says.about('output_audio_transcript.done', 'r1', 'i1', { transcript: text })), [{ transcript: text }])
  t.match(hop.down(says.about('content_part.done', 'r1', 'i1', { part: { type: 'audio', transcript: text } })), [{ part: { transcript: text } }])
  const content = [{ type: 'audio', transcript: text }]
  t.match(hop.down(says.ended('r1', 'i1', { type: 'message', role: 'assistant', content })), [{ item: { content: [{ type: 'output_audio', transcript: text }] } }])
  t.match(hop.down(says.done('r1', { output: [{ id: 'i1', type: 'message', role: 'assistant', status: 'completed', content }] })), [{ response: { output: [{ content: [{ transcript: text }] }] } }])
  t.strictSame(hop.adjusted, [])
})

t.test('arguments are whole JSON, or left out', async t => {
  for (const length of [20_000, limit - 10]) {
    const args = JSON.stringify({ a: 'x'.repeat(length) })
    const hop = startHop()
    for (const event of invoke(hop, args)) t.match('item' in event ? itemOf(event) : outputOf(event), { type: 'function_call', name: 'f', call_id: 'call-1', arguments: args })
    t.strictSame(hop.adjusted, [])
  }
  const hop = startHop()
  for (const event of invoke(hop, JSON.stringify({ a: 'x'.repeat(limit) }))) {
    const item = 'item' in event ? itemOf(event) : outputOf(event)
    t.match(item, { id: 'i1', type: 'function_call', name: 'f', call_id: 'call-1', status: 'completed' })
    t.notOk('arguments' in (item as object))
  }
  t.strictSame([...new Set(hop.adjusted)], ['item.arguments'])
})

t.test('a response that is cut off in the middle of a long text ends without it', async t => {
  for (const length of [limit, limit + 1]) {
    const hop = startHop()
    hop.down(says.begin('r1'))
    hop.down(says.output('r1', 'i1'))
    hop.down(says.about('output_audio_transcript.delta', 'r1', 'i1', { delta: 'a'.repeat(length) }))
    hop.down(says.output('r1', 'i2', { ...call, arguments: '' }))
    hop.down(says.about('function_call_arguments.delta', 'r1', 'i2', { delta: `"${'a'.repeat(length - 1)}`, call_id: 'call-1' }))
    const events = hop.down(says.done('r1', { status: 'cancelled' }))
    const text = length <= limit ? 'a'.repeat(length) : undefined
    t.strictSame(ofType(events, 'response.output_audio_transcript.done')['transcript'], text)
    t.strictSame((ofType(events, 'response.content_part.done')['part'] as { transcript?: string }).transcript, text)
    t.strictSame(ofType(events, 'response.function_call_arguments.done')['arguments'], text && `"${'a'.repeat(length - 1)}`)
    t.equal((ofType(events, 'response.done') as { response?: { output: unknown[] } }).response!.output.length, 2)
  }
})

t.test('a client that reads gets text under the same rule', async t => {
  const hop = startHop()
  hop.up({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } })
  const events = speak(hop, 'a'.repeat(limit + 1))
  t.notOk('text' in ofType(events, 'response.output_text.done'))
  t.strictSame(ofType(events, 'response.content_part.done')['part'], { type: 'text' })
  t.match(outputOf(ofType(events, 'response.done')), { content: [{ type: 'output_text' }] })
})

t.test('an item of the user\'s that is too large to be kept is done all the same, and is not retrieved in part', async t => {
  const hop = startHop()
  const content = [{ type: 'input_text', text: 'a'.repeat(20_000) }]
  const [, done] = hop.down(says.item('i1', { role: 'user', content }))
  t.match(done, { type: 'conversation.item.done', item: { content } })
  t.throws(() => hop.up({ type: 'conversation.item.retrieve', item_id: 'i1' }), { code: 'item_retrieve_invalid_item_id' })
})

t.test('what is kept of items is small again as soon as their response is done', async t => {
  const hop = startHop()
  speak(hop, 'a'.repeat(limit))
  t.ok(JSON.stringify([...hop.state.items.values()]).length < 1000)
  t.throws(() => hop.up({ type: 'conversation.item.retrieve', item_id: 'i1' }), { code: 'item_retrieve_invalid_item_id' })
})
