import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'

const message = { type: 'message', role: 'assistant' }
const call = { type: 'function_call', call_id: 'call-1', name: 'f' }
const about = (type: string, fields: object = {}, item = 'i1'): RealtimeEvent => says.about(type, 'r1', item, fields)
const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type.replace('response.', '').replace('conversation.', ''))
const spokenOf = (transcript: string): object[] => [{ type: 'output_audio', transcript }]

/** A response whose only item says something, up to its last delta. */
function speak (hop: XaiHop = startHop()): XaiHop {
  for (const event of [
    says.begin('r1'),
    says.output('r1', 'i1'),
    says.item('i1', { ...message, status: 'in_progress', content: [] }, 'before'),
    about('content_part.added', { part: { type: 'audio', transcript: '' } }),
    about('output_audio.delta', { delta: 'AA==' }),
    about('output_audio_transcript.delta', { delta: 'Hello' }),
    about('output_audio_transcript.delta', { delta: ' there.' })
  ]) hop.down(event)
  return hop
}

/** An item that is begun after another one. */
function beginCall (hop: XaiHop): XaiHop {
  hop.down(says.output('r1', 'i2', { ...call, arguments: '' }))
  hop.down(says.item('i2', { ...call, status: 'in_progress', role: 'tool', arguments: '' }))
  hop.down(about('function_call_arguments.delta', { call_id: 'call-1', delta: '{"a"' }, 'i2'))
  return hop
}

const all = ['output_audio.done', 'output_audio_transcript.done', 'content_part.done', 'item.done', 'output_item.done', 'done']

t.test('an answer that xAI cuts off without a word is closed as OpenAI closes it', async t => {
  const told = speak().down(says.done('r1', { status: 'cancelled' }))
  const position = { response_id: 'r1', item_id: 'i1', output_index: 0, content_index: 0 }
  const item = { id: 'i1', object: 'realtime.item', ...message, status: 'incomplete', content: spokenOf('Hello there.') }
  t.strictSame(told.slice(0, -1), [
    { type: 'response.output_audio.done', event_id: 'ev_done_r1_done', ...position },
    { type: 'response.output_audio_transcript.done', event_id: 'ev_done_r1_done_2', ...position, transcript: 'Hello there.' },
    { type: 'response.content_part.done', event_id: 'ev_done_r1_done_3', ...position, part: { type: 'audio', transcript: 'Hello there.' } },
    { type: 'conversation.item.done', event_id: 'ev_done_r1_done_4', previous_item_id: 'before', item },
    { type: 'response.output_item.done', event_id: 'ev_done_r1_done_5', response_id: 'r1', output_index: 0, item }
  ])
  t.equal(told.at(-1)!['event_id'], 'ev_done_r1')
  t.strictSame((told.at(-1)!['response'] as { output?: unknown }).output, [item])
  t.strictSame(told.flatMap(faultsOf), [])
})

t.test('what had ended by itself is not ended again', async t => {
  const ends: ReadonlyArray<readonly [event: RealtimeEvent, type: string]> = [
    [about('output_audio.done'), 'output_audio.done'],
    [about('output_audio_transcript.done', { transcript: 'Hello there.' }), 'output_audio_transcript.done'],
    [about('content_part.done'), 'content_part.done']
  ]
  // Each of them alone, and any of them together.
  for (let which = 0; which < 8; which++) {
    const hop = speak()
    const come = ends.filter((_, i) => (which >> i) % 2 === 1)
    for (const [event] of come) hop.down(event)
    const told = hop.down(says.done('r1', { status: 'cancelled' }))
    t.strictSame(types(told), all.filter(type => !come.some(([, ended]) => ended === type)))
    t.strictSame(told.slice(0, -1).map(({ event_id: id }, i) => id === `ev_done_r1_done${i === 0 ? '' : `_${i + 1}`}`), told.slice(1).map(() => true), 'and their ids count on')
    t.match(told.at(-1), { response: { output: [{ id: 'i1', status: 'incomplete', content: spokenOf('Hello there.') }] } })
    t.strictSame(told.flatMap(faultsOf), [])
  }
})

t.test('an item that had ended is not ended again, and not forgotten', async t => {
  const hop = speak()
  for (const type of ['output_audio_transcript.done', 'content_part.done', 'output_audio.done']) hop.down(about(type))
  hop.down(says.ended('r1', 'i1'))
  beginCall(hop)
  const told = hop.down(says.done('r1', { status: 'cancelled' }))
  t.strictSame(types(told), ['function_call_arguments.done', 'item.done', 'output_item.done', 'done'])
  t.match(told.slice(1), [{ event_id: 'ev_done_r1_done_2', item: { id: 'i2' } }, { event_id: 'ev_done_r1_done_3', output_index: 1, item: { id: 'i2' } }, {
    response: { output: [{ id: 'i1', status: 'completed', content: spokenOf('Hello there.') }, { id: 'i2', status: 'incomplete', arguments: '{"a"' }] }
  }])
  t.strictSame(told.flatMap(faultsOf), [])
})

t.test('several items are closed one after the other, in their positions', async t => {
  const told = beginCall(speak()).down(says.done('r1', { status: 'cancelled' }))
  t.strictSame(types(told), [...all.slice(0, -1), 'function_call_arguments.done', 'item.done', 'output_item.done', 'done'])
  t.strictSame(told.map(({ event_id: id }) => id), ['ev_done_r1_done', ...[2, 3, 4, 5, 6, 7, 8].map(n => `ev_done_r1_done_${n}`), 'ev_done_r1'])
  t.match(told.slice(5), [
    { response_id: 'r1', item_id: 'i2', output_index: 1, call_id: 'call-1', name: call.name, arguments: '{"a"' },
    { previous_item_id: 'i1', item: { id: 'i2', status: 'incomplete', arguments: '{"a"' } },
    { output_index: 1, item: { id: 'i2', status: 'incomplete', arguments: '{"a"' } },
    { response: { output: [{ id: 'i1' }, { id: 'i2' }] } }
  ])
  t.strictSame(told.flatMap(faultsOf), [])
})

t.test('the arguments of a call that had ended are not ended again', async t => {
  const hop = beginCall(speak())
  hop.down(about('function_call_arguments.done', { call_id: 'call-1', arguments: '{"a":1}' }, 'i2'))
  const told = hop.down(says.done('r1', { status: 'cancelled' }))
  t.notOk(types(told).includes('function_call_arguments.done'))
  t.match(told.at(-1), { response: { output: [{ id: 'i1' }, { id: 'i2', arguments: '{"a":1}' }] } })
})

t.test('the items of an answer are listed in their positions, whichever xAI has left out', async t => {
  for (const listed of [[], ['i1'], ['i2'], ['i1', 'i2']]) {
    const output = listed.map(id => id === 'i1' ? { id, ...message, status: 'completed', content: [] } : { id, ...call, status: 'completed', arguments: '{}' })
    const told = beginCall(speak()).down(says.done('r1', { status: 'completed', output }))
    t.match(told.at(-1), { response: { output: [{ id: 'i1' }, { id: 'i2' }] } }, listed.join(' '))
    t.equal((told.at(-1)!['response'] as { output: unknown[] }).output.length, 2)
  }
})

t.test('what xAI lists stays in its order, items that are known no more among it', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  const ids = Array.from({ length: 40 }, (_, i) => `i${i}`)
  for (const id of ids) hop.down(says.output('r1', id))
  const told = hop.down(says.done('r1', { status: 'completed', output: ids.map(id => ({ id, ...message, status: 'completed', content: [] })) }))
  t.strictSame((told.at(-1)!['response'] as { output: Array<{ id: string }> }).output.map(({ id }) => id), ids)
})

t.test('an item that is said to begin again after its end is not ended again', async t => {
  const hop = speak()
  for (const type of ['output_audio_transcript.done', 'content_part.done', 'output_audio.done']) hop.down(about(type))
  hop.down(says.ended('r1', 'i1'))
  hop.down(says.output('r1', 'i1'))
  t.strictSame(types(hop.down(says.done('r1'))), ['done'])
})

t.test('the parts of a second item count on, too', async t => {
  const hop = speak()
  hop.down(says.output('r1', 'i2'))
  hop.down(about('content_part.added', { part: { type: 'audio', transcript: '' } }, 'i2'))
  const ids = hop.down(says.done('r1', { status: 'cancelled' })).slice(0, -1).map(({ event_id: id }) => id)
  t.strictSame(ids, ['', ...[2, 3, 4, 5, 6, 7, 8, 9].map(n => `_${n}`)].map(n => `ev_done_r1_done${n}`))
})

t.test('an item is closed as xAI\'s own list has it', async t => {
  const told = beginCall(speak()).down(says.done('r1', { status: 'cancelled', output: [{ id: 'i1', ...message, status: 'incomplete', content: [{ type: 'audio', transcript: 'Hel' }] }] }))
  const item = { id: 'i1', ...message, status: 'incomplete', content: spokenOf('Hel') }
  t.strictSame([told[3], told[4]].map(event => event!['item']), [item, item])
  t.match(told.at(-1), { response: { output: [item, { id: 'i2' }] } })
  t.equal((told.at(-1)!['response'] as { output: unknown[] }).output.length, 2, 'which it is in once')
})

t.test('an item ends as its response does', async t => {
  for (const [status, expected] of [['completed', 'completed'], [undefined, 'completed'], ['cancelled', 'incomplete'], ['failed', 'incomplete'], ['incomplete', 'incomplete'], ['some_day', 'incomplete']]) {
    const told = speak().down(says.done('r1', { status }))
    t.strictSame(types(told), all)
    const items = [told[3]!['item'], told[4]!['item'], (told[5]!['response'] as { output: unknown[] }).output[0]]
    t.strictSame(items.map(item => (item as { status?: unknown }).status), [expected, expected, expected], String(status))
  }
})

t.test('to a client that reads, text is closed', async t => {
  const hop = startHop()
  hop.up({ type: 'session.update', session: { output_modalities: ['text'] } })
  const told = speak(hop).down(says.done('r1', { status: 'cancelled' }))
  t.strictSame(types(told), ['output_text.done', 'content_part.done', 'item.done', 'output_item.done', 'done'])
  const content = [{ type: 'output_text', text: 'Hello there.' }]
  t.match(told, [
    { text: 'Hello there.', content_index: 0 }, { part: { type: 'text', text: 'Hello there.' } }, { item: { content } }, { item: { content } },
    { response: { output: [{ status: 'incomplete', content }] } }
  ])
  t.notMatch(JSON.stringify(told), /"transcript"|"type":"(output_)?audio"/)
  t.strictSame(told.flatMap(faultsOf), [])
})

t.test('every part of an item is closed, in order', async t => {
  const hop = speak()
  hop.down(about('content_part.added', { content_index: 2, part: { type: 'audio', transcript: '' } }))
  hop.down(about('content_part.added', { content_index: 1, part: { type: 'text', text: '' } }))
  hop.down(about('output_text.delta', { content_index: 1, delta: 'Hi' }))
  const told = hop.down(says.done('r1', { status: 'cancelled' }))
  t.strictSame(told.slice(0, -3).map(event => [event.type.slice(9), event['content_index']]), [
    ['output_audio.done', 0], ['output_audio_transcript.done', 0], ['content_part.done', 0],
    ['output_text.done', 1], ['content_part.done', 1],
    ['output_audio.done', 2], ['output_audio_transcript.done', 2], ['content_part.done', 2]
  ])
  t.match(told.at(-1), { response: { output: [{ content: [...spokenOf('Hello there.'), { type: 'output_text', text: 'Hi' }, ...spokenOf('')] }] } })
  t.strictSame(told.flatMap(faultsOf), [])
})

t.test('an item that has said nothing has no part to close', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  hop.down(says.output('r1', 'i1'))
  hop.down(says.item('i1', { ...message, status: 'in_progress', content: [] }))
  const told = hop.down(says.done('r1', { status: 'cancelled' }))
  t.strictSame(types(told), ['item.done', 'output_item.done', 'done'])
  t.match(told[0], { item: { status: 'incomplete', content: [] } })
  t.strictSame(told.flatMap(faultsOf), [])
})

t.test('nothing is closed twice, or by the end of another response', async t => {
  const hop = speak()
  t.strictSame(types(hop.down(says.done('r2'))), ['done'])
  t.strictSame(types(hop.down(says.done('r1'))), all)
  t.strictSame(types(hop.down(says.done('r1'))), ['done'])
  const deleted = speak()
  deleted.down({ type: 'conversation.item.deleted', event_id: 'e', item_id: 'i1' })
  t.strictSame(types(deleted.down(says.done('r1'))), ['done'], 'what is deleted has ended')
  const kept = speak()
  kept.down(says.done('r1', { status: 'cancelled' }))
  t.match(kept.answer({ type: 'conversation.item.retrieve', item_id: 'i1' }), { item: { status: 'incomplete', content: spokenOf('Hello there.') } })
  t.equal(kept.state.items.get('i1')?.parts.size, 0, 'what it was made of is forgotten')
})

t.test('an end without an id gives its items\' names to what it closes', async t => {
  const { event_id: _, ...bare } = says.done('r1', { status: 'cancelled' })
  const ids = beginCall(speak()).down(bare as RealtimeEvent).slice(0, -1).map(({ event_id: id }) => id)
  t.strictSame(ids, ['i1_done', 'i1_done_2', 'i1_done_3', 'i1_done_4', 'i1_done_5', 'i2_done_6', 'i2_done_7', 'i2_done_8'])
})

t.test('an item that xAI lists as still growing when it cuts the answer off is incomplete', async t => {
  for (const status of ['in_progress', undefined]) {
    const events = speak().down({
      type: 'response.done', event_id: 'e9', response: { id: 'r1', status: 'cancelled', output: [{ id: 'i1', ...message, ...(status !== undefined && { status }), content: [] }] }
    })
    const shown = { id: 'i1', status: 'incomplete' }
    t.match(events.find(({ type }) => type === 'conversation.item.done'), { item: shown })
    t.match(events.find(({ type }) => type === 'response.output_item.done'), { item: shown })
    t.match(events.at(-1), { response: { output: [shown] } })
  }
})

t.test('an item that is being said is not forgotten for items that are done', async t => {
  const hop = speak()
  for (let i = 0; i < 40; i++) hop.down(says.item(`old_${i}`, { role: 'user', content: [] }))
  t.match(hop.down(about('output_audio_transcript.done')), [{ transcript: 'Hello there.' }])
  const told = hop.down(says.done('r1', { status: 'completed' }))
  t.match(told.at(-1), { response: { output: [{ id: 'i1', content: spokenOf('Hello there.') }] } })
  t.ok(types(told).includes('item.done'))
  t.ok(hop.state.items.size <= 32)
})

t.test('an event_id of any length is repeated no more often than it came', async t => {
  const hop = speak()
  const told = hop.down({ ...says.done('r1', { status: 'cancelled' }), event_id: 'x'.repeat(100_000) })
  t.ok(told.length > 4)
  t.strictSame(told.slice(0, -1).filter(({ event_id: id }) => String(id).length > 600), [])
})

t.test('what is kept of a long text holds no more than itself', async t => {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--max-old-space-size=120', '--input-type=module', '--eval', `
    import { says, startHop } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../fixtures/dialect/xai-upstream.ts')).href)}
    const hop = startHop()
    hop.down(says.begin('r1'))
    for (let i = 0; i < 32; i++) {
      hop.down(says.output('r1', 'i' + i))
      for (const [type, name] of [['output_audio_transcript.done', 'transcript'], ['function_call_arguments.done', 'arguments']]) hop.down(says.about(type, 'r1', 'i' + i, { [name]: JSON.parse(JSON.stringify(i + 'x'.repeat(4e6))) }))
    }
  `], { encoding: 'utf8', timeout: 60_000 })
  t.equal(status, 0, stderr.slice(-1_000))
})
