import t from 'tap'
import { betaUpstream } from '../../lib/dialect/beta/upstream.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { driveHop } from '../fixtures/dialect/hop.ts'

type Fields = Readonly<Record<string, unknown>>

const message = (id: string, status: string, more: Fields = {}): Fields => ({ id, object: 'realtime.item', type: 'message', status, role: 'assistant', content: [], ...more })
const created = (item: unknown, more: Fields = {}): RealtimeEvent => ({ type: 'conversation.item.created', event_id: 'c', previous_item_id: 'before', item, ...more })
const itemAdded = (item: unknown, response: unknown = 'r'): RealtimeEvent => ({ type: 'response.output_item.added', event_id: 'a', response_id: response, output_index: 0, item })
const itemDone = (item: unknown, response: unknown = 'r'): RealtimeEvent => ({ type: 'response.output_item.done', event_id: 'd', response_id: response, output_index: 0, item })
const responseDone = (id: unknown, output: unknown = []): RealtimeEvent => ({ type: 'response.done', event_id: 'rd', response: { id, output } })
const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type)

t.test('an item that is there as a whole is done at once', async t => {
  for (const item of [message('i', 'completed', { role: 'user' }), message('i', 'incomplete'), { id: 'i', type: 'function_call_output', call_id: 'c', output: '' }]) {
    const hop = driveHop(betaUpstream)
    t.strictSame(hop.down(created(item)), [
      { type: 'conversation.item.added', event_id: 'c', previous_item_id: 'before', item },
      { type: 'conversation.item.done', event_id: 'c_done', previous_item_id: 'before', item }
    ])
    t.strictSame(types(hop.down(itemDone(item))), ['response.output_item.done'], 'and not again')
    t.strictSame(types(hop.down(responseDone('r', [item]))), ['response.done'])
  }
  t.strictSame(driveHop(betaUpstream).down({ type: 'conversation.item.created', item: { type: 'message' } }),
    [{ type: 'conversation.item.added', item: { type: 'message' } }, { type: 'conversation.item.done', item: { type: 'message' } }], 'with nothing that was not told')
})

t.test('an item in progress is done just before its end in the response', async t => {
  const hop = driveHop(betaUpstream)
  const whole = (type: string): Fields => message('i', 'completed', { content: [{ type, transcript: 'Hi' }] })
  t.strictSame(types(hop.down(itemAdded(message('i', 'in_progress')))), ['response.output_item.added'])
  t.strictSame(types(hop.down(created(message('i', 'in_progress')))), ['conversation.item.added'])
  t.strictSame(hop.down(itemDone(whole('audio'))), [
    { type: 'conversation.item.done', event_id: 'd_done', previous_item_id: 'before', item: whole('output_audio') },
    { ...itemDone(whole('output_audio')) }
  ])
  t.strictSame(types(hop.down(itemDone(whole('audio')))), ['response.output_item.done'], 'once')
  t.strictSame(types(hop.down(responseDone('r', [whole('audio')]))), ['response.done'])
})

t.test('an item that its response leaves open is done before the response is', async t => {
  const hop = driveHop(betaUpstream)
  for (const id of ['i', 'j', 'k']) {
    hop.down(itemAdded(message(id, 'in_progress')))
    hop.down(created(message(id, 'in_progress'), id === 'k' ? { previous_item_id: null } : {}))
  }
  const call = { id: 'f', type: 'function_call', status: 'in_progress', name: 'look', call_id: 'c', arguments: '' }
  hop.down(created(call))
  t.strictSame(hop.down(responseDone('r', [null, message('j', 'incomplete', { content: [{ type: 'text', text: 'x' }] })])), [
    { type: 'conversation.item.done', event_id: 'rd_done', previous_item_id: 'before', item: message('i', 'incomplete') },
    { type: 'conversation.item.done', event_id: 'rd_done_2', previous_item_id: 'before', item: message('j', 'incomplete', { content: [{ type: 'output_text', text: 'x' }] }) },
    { type: 'conversation.item.done', event_id: 'rd_done_3', previous_item_id: null, item: message('k', 'incomplete') },
    { type: 'conversation.item.done', event_id: 'rd_done_4', previous_item_id: 'before', item: { ...call, status: 'incomplete' } },
    { type: 'response.done', event_id: 'rd', response: { id: 'r', output: [null, message('j', 'incomplete', { content: [{ type: 'output_text', text: 'x' }] })] } }
  ])
  t.strictSame(types(hop.down(responseDone('r'))), ['response.done'], 'once')
})

t.test('the end of one response leaves the items of another open', async t => {
  const hop = driveHop(betaUpstream)
  hop.down(itemAdded(message('i', 'in_progress'), 'main'))
  hop.down(created(message('i', 'in_progress')))
  t.strictSame(types(hop.down(responseDone('aside'))), ['response.done'])
  t.strictSame(types(hop.down(itemDone(message('i', 'completed'), 'main'))), ['conversation.item.done', 'response.output_item.done'])
})

t.test('items may overlap, and an item that no conversation heard of is done in none', async t => {
  const hop = driveHop(betaUpstream)
  for (const id of ['i', 'j']) {
    hop.down(created(message(id, 'in_progress')))
    hop.down(itemAdded(message(id, 'in_progress')))
  }
  hop.down(itemAdded(message('aside', 'in_progress')))
  const ends = ['i', 'aside', 'j'].flatMap(id => hop.down(itemDone(message(id, 'completed'))))
  t.strictSame(ends.map(({ type, item }) => `${type} ${(item as { id: string }).id}`), [
    'conversation.item.done i', 'response.output_item.done i', 'response.output_item.done aside', 'conversation.item.done j', 'response.output_item.done j'
  ])
})

t.test('an item that is told again as a whole is done with that', async t => {
  const hop = driveHop(betaUpstream)
  hop.down(created(message('i', 'in_progress')))
  t.strictSame(types(hop.down(created(message('i', 'completed')))), ['conversation.item.added', 'conversation.item.done'])
  t.strictSame(types(hop.down(itemDone(message('i', 'completed')))), ['response.output_item.done'])
})

t.test('an item that cannot be found again is done at once', async t => {
  for (const id of [undefined, 5, null, 'x'.repeat(513)]) {
    const item = { ...message('i', 'in_progress'), id }
    t.strictSame(types(driveHop(betaUpstream).down(created(item))), ['conversation.item.added', 'conversation.item.done'])
  }
  for (const item of [null, 'i', [], 5, undefined]) t.strictSame(types(driveHop(betaUpstream).down(created(item))), ['conversation.item.added'], 'what is no item is not done')
})

t.test('the arguments of a call come with the name of the function', async t => {
  const end = (item: unknown, more: Fields = {}): RealtimeEvent => ({ type: 'response.function_call_arguments.done', item_id: item, call_id: 'c', arguments: '{}', ...more })
  const call = { id: 'i', type: 'function_call', status: 'in_progress', name: 'look', call_id: 'c', arguments: '' }
  for (const first of [itemAdded(call), created(call)]) {
    const hop = driveHop(betaUpstream)
    hop.down(first)
    t.strictSame(hop.down(end('i')), [{ ...end('i'), name: 'look' }])
    t.strictSame(hop.down(end('i', { name: 'own' })), [end('i', { name: 'own' })])
    hop.down(itemDone({ ...call, status: 'completed' }))
    t.strictSame(hop.down(end('i')), [{ ...end('i'), name: 'look' }], 'even behind its end')
    hop.down(responseDone('r'))
    t.strictSame(hop.down(end('i')), [{ ...end('i'), name: '' }], 'until the response is over')
  }
  for (const id of ['nobody', 5, null, undefined, '__proto__']) t.strictSame(driveHop(betaUpstream).down(end(id)), [{ ...end(id), name: '' }])
})

t.test('what is remembered has a bound, whatever the provider leaves open', async t => {
  const state = betaUpstream.start({ strict: false, voices: {}, adjusted () {} }) as { items: Map<string, unknown> }
  const tell = (event: RealtimeEvent): unknown => (betaUpstream.upstreamToClient[event.type] as (event: RealtimeEvent, state: unknown) => unknown)(event, state)
  const huge = 'x'.repeat(100_000)
  for (let n = 0; n < 1000; n++) {
    tell(itemAdded({ ...message(`i${n}`, 'in_progress'), name: huge, content: [huge] }, huge))
    tell(created({ ...message(`i${n}`, 'in_progress'), role: huge, content: [huge] }, { previous_item_id: huge }))
    tell(created(message(huge + n, 'in_progress')))
    tell(created(message(`u${n}`, 'completed', { role: 'user' })))
  }
  t.equal(state.items.size, 64)
  t.ok(JSON.stringify([...state.items]).length < 64 * 300)
  t.strictSame(types(tell(itemDone(message('i999', 'completed'))) as RealtimeEvent[]), ['conversation.item.done', 'response.output_item.done'], 'the latest are known')
  t.strictSame(types(tell(itemDone(message('i1', 'completed'))) as RealtimeEvent[]), ['response.output_item.done'], 'the oldest are forgotten')
  tell(responseDone('any'))
  t.equal(state.items.size, 0)
})
