import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, refusal, says, startHop } from '../fixtures/dialect/xai-upstream.ts'

const typed = { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }
const spoken = (status: string): object => ({ status, role: 'user', content: [{ type: 'input_audio', transcript: '' }] })
const committed = (id: string): RealtimeEvent => ({ type: 'input_audio_buffer.committed', event_id: `ev_commit_${id}`, item_id: id, previous_item_id: null })
const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type)
const itemOf = (event: RealtimeEvent | undefined): unknown => (event as { item?: unknown } | undefined)?.item
const contentOf = (event: RealtimeEvent | undefined): unknown => (itemOf(event) as { content?: unknown }).content
const retrieve = (id: unknown): RealtimeEvent => ({ type: 'conversation.item.retrieve', event_id: 'c1', item_id: id })

t.test('an item that does not grow is added and done', async t => {
  for (const status of ['completed', 'incomplete', undefined]) {
    const added = says.item('i1', { ...typed, status }, 'i0')
    t.strictSame(startHop().down(added), [added, { type: 'conversation.item.done', event_id: 'ev_add_i1_done', previous_item_id: 'i0', item: added.item }])
  }
})

t.test('items of a conversation that is resumed are added and done, in GA\'s shape', async t => {
  const created = (id: string, item: object): RealtimeEvent => ({ ...says.item(id, item), type: 'conversation.item.created' })
  const rows: ReadonlyArray<readonly [object, object]> = [
    [{ role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }, { role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }],
    [{ role: 'assistant', content: [{ type: 'audio', transcript: 'Hi' }] }, { role: 'assistant', content: [{ type: 'output_audio', transcript: 'Hi' }] }],
    [{ role: 'user', content: [{ type: 'text', text: 'Hi' }, { type: 'audio', transcript: 'x' }] }, { role: 'user', content: [{ type: 'input_text', text: 'Hi' }, { type: 'input_audio', transcript: 'x' }] }],
    [{ role: 'system', content: [{ type: 'text', text: 'Hi' }] }, { role: 'system', content: [{ type: 'input_text', text: 'Hi' }] }],
    [{ role: 'assistant' }, { role: 'assistant', content: [] }],
    [{ type: 'function_call_output', role: 'tool', call_id: 'c', output: '1', replayed: true }, { type: 'function_call_output', call_id: 'c', output: '1', replayed: true }]
  ]
  for (const [xai, ga] of rows) {
    for (const event of [created('i1', xai), says.item('i1', xai)]) {
      const events = startHop().down(event)
      t.strictSame(types(events), ['conversation.item.added', 'conversation.item.done'])
      t.strictSame(events.map(itemOf), [1, 2].map(() => ({ id: 'i1', object: 'realtime.item', type: 'message', status: 'completed', ...ga })))
      t.strictSame(events.flatMap(faultsOf), [])
    }
  }
})

t.test('an item is added once, in whatever state it comes again', async t => {
  const hop = startHop()
  hop.down(says.item('i1', typed))
  t.strictSame(hop.down(says.item('i1', { ...typed, status: 'in_progress' })), [])
  t.strictSame(hop.down({ ...says.item('i1', typed), type: 'conversation.item.created' }), [])
  t.strictSame(hop.down({ type: 'conversation.item.deleted', event_id: 'e', item_id: 'i1' }), [{ type: 'conversation.item.deleted', event_id: 'e', item_id: 'i1' }])
  t.equal(hop.down(says.item('i1', typed)).length, 2, 'the id of a deleted item is free')
})

t.test('what the user says is added when it begins, and done when it is committed, with no transcript yet', async t => {
  const hop = startHop()
  const said = spoken('in_progress')
  const added = says.item('i1', { ...said, content: [{ type: 'input_audio', transcript: null }] }, 'i0')
  t.strictSame(hop.down(says.item('i1', said, 'i0')), [added])
  const events = hop.down(committed('i1'))
  const after = (id: string, previous: string): RealtimeEvent => ({ ...committed(id), previous_item_id: previous })
  t.strictSame(events, [after('i1', 'i0'), { type: 'conversation.item.done', event_id: 'ev_commit_i1_done', previous_item_id: 'i0', item: { ...added.item, status: 'completed' } }])
  t.strictSame(hop.down(committed('i1')), [after('i1', 'i0')], 'once')
  t.strictSame(hop.down(committed('i9')), [after('i9', 'i1')], 'an item that nobody has seen')
})

t.test('what was committed before it is added is done at once, in progress or not', async t => {
  for (const status of ['completed', 'in_progress']) {
    const hop = startHop()
    hop.down(committed('i1'))
    const events = hop.down(says.item('i1', spoken(status)))
    t.strictSame(types(events), ['conversation.item.added', 'conversation.item.done'])
    t.match(itemOf(events[1]), { status: 'completed' })
    t.strictSame(hop.down(says.item('i1', spoken('in_progress'))), [])
  }
})

t.test('where xAI does not say what an item comes after, it is the last of the conversation', async t => {
  const bare = (event: RealtimeEvent): RealtimeEvent => {
    const { previous_item_id: _, ...rest } = event
    return rest as RealtimeEvent
  }
  const previous = (events: readonly RealtimeEvent[]): unknown[] => events.map(event => event['previous_item_id'])
  for (const said of [(event: RealtimeEvent) => event, bare]) {
    const hop = startHop()
    t.strictSame(previous(hop.down(said(says.item('i1', typed)))), [null, null], 'the first')
    t.strictSame(previous(hop.down(said(says.item('i2', { type: 'function_call_output', call_id: 'c', output: '1' })))), ['i1', 'i1'])
    t.strictSame(previous(hop.down(says.item('i3', typed, 'i1'))), ['i1', 'i1'], 'xAI says it')
    t.strictSame(previous(hop.down(said(says.item('i4', spoken('in_progress'))))), ['i3'])
    t.strictSame(previous(hop.down(said(says.item('i5', typed)))), ['i4', 'i4'])
    t.strictSame(previous(hop.down(said(committed('i4')))), ['i3', 'i3'], 'what was added before')
    t.strictSame(previous(hop.down(said(committed('i6')))), ['i5'], 'what is added after it')
    t.strictSame(previous(hop.down(said(says.item('i6', spoken('completed'))))), ['i5', 'i5'])
    t.strictSame(previous(hop.down({ ...committed('i7'), previous_item_id: 'i1' })), ['i1'], 'xAI says it of a turn')
    t.strictSame(previous(hop.down(said(says.item('i5', typed)))), [], 'what comes again')
    t.strictSame(previous(hop.down(said(says.item('i8', typed)))), ['i6', 'i6'], 'is not the last')
  }
  const first = startHop()
  t.strictSame(previous(first.down(bare(committed('i1')))), [null])
  t.strictSame(previous(first.down(says.item('i1', spoken('completed')))), [null, null])
})

t.test('without its last item a conversation ends with the one before', async t => {
  const hop = startHop()
  const remove = (id: string): unknown => hop.down({ type: 'conversation.item.deleted', event_id: 'e', item_id: id })
  const add = (id: string): unknown => hop.down(says.item(id, typed))[0]?.['previous_item_id']
  for (const id of ['i1', 'i2', 'i3', 'i4']) add(id)
  remove('i4')
  t.equal(add('i5'), 'i3')
  remove('i2')
  t.equal(add('i6'), 'i5', 'another than the last')
  remove('i9')
  t.equal(add('i7'), 'i6', 'one that nobody has seen')
  for (const id of ['i7', 'i6', 'i5', 'i3']) remove(id)
  t.equal(add('i8'), 'i1', 'and never with one that is gone')
  for (const id of ['i8', 'i1']) remove(id)
  t.equal(add('i10'), null, 'or with none')
})

t.test('the items that were seen last can be retrieved, as the client knows them', async t => {
  const hop = startHop()
  hop.down(says.item('i1', typed))
  t.strictSame(hop.answer(retrieve('i1')), { type: 'conversation.item.retrieved', event_id: 'event_retrieved_1', item: { id: 'i1', object: 'realtime.item', type: 'message', status: 'completed', ...typed } })
  hop.down(says.begin('r1'))
  hop.down(says.output('r1', 'i2'))
  hop.down(says.item('i2', { status: 'in_progress', role: 'assistant', content: [] }))
  hop.down(says.about('output_audio_transcript.delta', 'r1', 'i2', { delta: 'Hello there.' }))
  const said = [{ type: 'output_audio', transcript: 'Hello there.' }]
  const running = hop.answer(retrieve('i2'))!
  t.match(running, { event_id: 'event_retrieved_2', item: { status: 'in_progress', content: said } })
  t.strictSame(faultsOf(running), [])
  hop.down(says.ended('r1', 'i2'))
  t.match(hop.answer(retrieve('i2')), { item: { status: 'completed', content: said } })
  hop.down({ type: 'conversation.item.truncated', event_id: 'e', item_id: 'i2', content_index: 0, audio_end_ms: 10, transcript: 'Hel' })
  t.strictSame(contentOf(hop.answer(retrieve('i2'))), [{ type: 'output_audio', transcript: 'Hel' }])
  hop.down({ type: 'conversation.item.truncated', event_id: 'e', item_id: 'i2', content_index: 0, audio_end_ms: 5 })
  t.strictSame(contentOf(hop.answer(retrieve('i2'))), [{ type: 'output_audio', transcript: 'Hel' }])
  hop.down({ type: 'conversation.item.deleted', event_id: 'e', item_id: 'i2' })
  for (const id of ['i2', 'i9', undefined, null, 5, '__proto__', {}]) t.strictSame(refusal(hop, retrieve(id)), ['item_retrieve_invalid_item_id', 'item_id'])
})

t.test('of the items the last 32 are kept, and none that is large', async t => {
  const hop = startHop()
  const isKept = (id: string): boolean => {
    try {
      return hop.answer(retrieve(id)) !== undefined
    } catch {
      return false
    }
  }
  const ids = Array.from({ length: 40 }, (_, i) => `i${i}`)
  for (const id of ids) hop.down(says.item(id, typed))
  t.strictSame(ids.filter(isKept), ids.slice(8))
  const text = (length: number): object => ({ role: 'user', content: [{ type: 'input_text', text: 'x'.repeat(length) }] })
  hop.down(says.item('large', text(17_000)))
  hop.down(says.item('small', text(16_000)))
  t.notOk(isKept('large'))
  t.ok(isKept('small'))
  t.strictSame(hop.down(says.item('large', typed)), [], 'but it is known')
  const id = 'i'.repeat(600)
  t.equal(hop.down(says.item(id, typed)).length, 2)
  t.notOk(isKept(id), 'nor one with a name that is')
})
