import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'

const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type)
const itemOf = (event: RealtimeEvent | undefined): unknown => (event as { item?: unknown } | undefined)?.item

/** A response with one spoken item, up to its last delta. */
function speak (hop: XaiHop, response: string, item: string): void {
  hop.down(says.output(response, item))
  hop.down(says.item(item, { status: 'in_progress', role: 'assistant', content: [] }, 'before'))
  hop.down(says.about('content_part.added', response, item, { part: { type: 'audio', transcript: '' } }))
  hop.down(says.about('output_audio_transcript.delta', response, item, { delta: 'Hello' }))
  hop.down(says.about('output_audio_transcript.delta', response, item, { delta: ' there.' }))
}

const said = [{ type: 'output_audio', transcript: 'Hello there.' }]

t.test('the parts and items that xAI leaves empty are filled with what was said', async t => {
  for (const transcript of ['Hello there.', undefined]) {
    const hop = startHop()
    hop.down(says.begin('r1'))
    speak(hop, 'r1', 'i1')
    const ends = [
      says.about('output_audio_transcript.done', 'r1', 'i1', { transcript }), says.about('content_part.done', 'r1', 'i1'), says.about('output_audio.done', 'r1', 'i1'), says.ended('r1', 'i1')
    ].flatMap(event => hop.down(event))
    t.strictSame(types(ends), ['response.output_audio_transcript.done', 'response.content_part.done', 'response.output_audio.done', 'conversation.item.done', 'response.output_item.done'])
    t.match(ends[0], { transcript: 'Hello there.' })
    t.strictSame(ends[1]!['part'], { type: 'audio', transcript: 'Hello there.' })
    const item = { id: 'i1', object: 'realtime.item', status: 'completed', type: 'message', role: 'assistant', content: said }
    t.strictSame(ends[3], { type: 'conversation.item.done', event_id: 'ev_end_i1_done', previous_item_id: 'before', item })
    t.strictSame(itemOf(ends[4]), item)
    t.strictSame(ends.flatMap(faultsOf), [])
    const [done] = hop.down(says.done('r1', { output: [{ id: 'i1', type: 'message', status: 'completed', role: 'assistant' }] }))
    t.match(done, { response: { output: [{ id: 'i1', content: said }] } })
    t.equal(hop.state.items.get('i1')?.parts.size, 0, 'what it was made of is forgotten')
  }
})

t.test('an item that xAI fills itself stays as it says', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  speak(hop, 'r1', 'i1')
  t.match(hop.down(says.about('content_part.done', 'r1', 'i1', { part: { type: 'audio', transcript: 'Said.' } })), [{ part: { type: 'audio', transcript: 'Said.' } }])
  const [, ended] = hop.down(says.ended('r1', 'i1', { type: 'message', role: 'assistant', content: [{ type: 'audio', transcript: 'Said.' }] }))
  t.strictSame((itemOf(ended) as { content?: unknown }).content, [{ type: 'output_audio', transcript: 'Said.' }])
})

const call = { type: 'function_call', call_id: 'call-1', name: 'f' }

t.test('a function call has no role, its position, and its arguments', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  speak(hop, 'r1', 'i1')
  hop.down(says.ended('r1', 'i1'))
  const { content_index: _, output_index: __, ...delta } = says.about('function_call_arguments.delta', 'r1', 'i2', { call_id: 'call-1', delta: '{"a":1}' })
  const events = [
    says.output('r1', 'i2', { ...call, role: 'user', arguments: '' }),
    { ...says.item('i2', { ...call, status: 'in_progress', role: 'tool', arguments: '' }) },
    delta,
    says.about('function_call_arguments.done', 'r1', 'i2', { call_id: 'call-1', name: 'f', arguments: '{"a":1}' }),
    says.ended('r1', 'i2', { ...call, role: 'user', arguments: '{"a":1}' })
  ].flatMap(event => hop.down(event))
  t.strictSame(types(events), ['response.output_item.added', 'conversation.item.added', 'response.function_call_arguments.delta', 'response.function_call_arguments.done', 'conversation.item.done', 'response.output_item.done'])
  for (const event of events) {
    t.strictSame(faultsOf(event), [])
    t.notOk(Object.hasOwn(Object(itemOf(event)), 'role'))
    if (event.type.startsWith('response.')) t.equal(event['output_index'], 1, event.type)
  }
  const [done] = hop.down(says.done('r1', { output: [{ id: 'i1', type: 'message', role: 'assistant', status: 'completed', content: [] }, { id: 'i2', ...call, role: 'user', status: 'completed', arguments: '{"a":1}' }] }))
  t.match(done, { response: { output: [{ id: 'i1', content: said }, { id: 'i2', role: undefined, arguments: '{"a":1}' }] } })
})

t.test('a call without its arguments gets them from what came before', async t => {
  for (const type of ['function_call_arguments.delta', 'function_call_arguments.done']) {
    const hop = startHop()
    hop.down(says.begin('r1'))
    hop.down(says.output('r1', 'i1', { ...call, arguments: '' }))
    hop.down(says.about(type, 'r1', 'i1', { delta: '{}', arguments: '{}', call_id: 'call-1', name: 'f' }))
    t.match(hop.down(says.ended('r1', 'i1', call)), [{ item: { arguments: '{}' } }])
    t.match(hop.down(says.done('r1', { output: [{ id: 'i1', ...call, arguments: '' }] })), [{ response: { output: [{ arguments: '{}' }] } }])
  }
})

t.test('items are counted within their response, overlapping or not', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  const index = (event: RealtimeEvent): unknown => hop.down(event).at(-1)?.['output_index']
  t.equal(index(says.output('r1', 'i1')), 0)
  t.equal(index(says.output('r1', 'i2', { ...call, arguments: '' })), 1)
  t.equal(index(says.output('r1', 'i1')), 0, 'told again')
  t.equal(index(says.output('r1', 'i3')), 2)
  t.equal(index(says.about('output_audio_transcript.delta', 'r1', 'i3', { delta: 'x' })), 2)
  t.equal(index(says.about('output_audio.delta', 'r1', 'i3', { delta: 'AA==' })), 2)
  t.equal(index(says.about('output_audio.done', 'r1', 'i3')), 2)
  t.equal(index(says.about('content_part.added', 'r1', 'i3', { part: { type: 'audio' } })), 2)
  t.equal(index(says.about('output_text.done', 'r1', 'i3', { text: 'x' })), 2)
  for (const type of ['mcp_call_arguments.delta', 'mcp_call_arguments.done', 'mcp_call.in_progress', 'mcp_call.completed', 'mcp_call.failed']) t.equal(index(says.about(type, 'r1', 'i2')), 1)
  t.equal(index(says.ended('r1', 'i2', call)), 1)
  t.equal(index(says.ended('r1', 'i3')), 2)
  t.equal(index(says.about('output_audio.delta', 'r1', 'i9', { output_index: 7, delta: '' })), 7, 'an item that was never added')
  hop.down(says.done('r1'))
  hop.down(says.begin('r2'))
  t.equal(index(says.output('r2', 'i4')), 0)
})

t.test('what only lacks its position gets the first', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  hop.down(says.output('r1', 'i1'))
  const bare = { type: 'response.output_audio_transcript.delta', event_id: 'e', response_id: 'r1', item_id: 'i1', delta: 'x' }
  t.strictSame(hop.down(bare), [{ ...bare, output_index: 0, content_index: 0 }])
})

t.test('sound is read only where something in it changes', async t => {
  const hop = startHop()
  const delta = says.about('output_audio.delta', 'r1', 'i1', { delta: 'AA==' })
  t.ok(hop.passes())
  hop.down(says.begin('r1'))
  hop.down(says.output('r1', 'i1'))
  t.ok(hop.passes())
  t.equal(hop.down(delta)[0], delta, 'and nothing would change if it were')
  hop.down(says.output('r1', 'i2', { ...call, arguments: '' }))
  t.ok(hop.passes(), 'a call does not speak')
  hop.down(says.output('r1', 'i3'))
  t.notOk(hop.passes())
  t.match(hop.down({ ...delta, item_id: 'i3' }), [{ output_index: 2 }])
  hop.down(says.done('r1'))
  t.ok(hop.passes())
})

t.test('an item beside the conversation is never done there', async t => {
  const hop = startHop()
  hop.down({ type: 'conversation.created', event_id: 'e', conversation: { id: 'conv_x' } })
  hop.up({ type: 'response.create', response: { conversation: 'none' } })
  t.match(hop.down(says.begin('r1')), [{ response: { conversation_id: null } }])
  hop.down(says.output('r1', 'i1'))
  t.strictSame(types(hop.down(says.ended('r1', 'i1'))), ['response.output_item.done'])
  t.strictSame(types(hop.down(says.done('r1'))), ['response.done'])
  hop.up({ type: 'response.create', response: { conversation: 'none' } })
  hop.down(says.begin('r2'))
  hop.down(says.output('r2', 'i2'))
  t.strictSame(types(hop.down(says.done('r2', { status: 'cancelled' }))), ['response.output_item.done', 'response.done'], 'when it is cut off neither')
})

t.test('a part comes after no item', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  const { previous_item_id: _, ...added } = says.about('content_part.added', 'r1', 'i1', { part: { type: 'audio', transcript: '' } })
  t.strictSame(hop.down({ ...added, previous_item_id: '0' }), [added])
})
