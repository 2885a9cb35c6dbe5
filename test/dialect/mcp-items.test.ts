import t from 'tap'
import type { Test } from 'tap'
import { betaUpstream } from '../../lib/dialect/beta/upstream.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { driveHop } from '../fixtures/dialect/hop.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'

interface Hop { down (event: RealtimeEvent): readonly RealtimeEvent[] }

// As the GA types have them: none has a status.
const call = { type: 'mcp_call', server_label: 's', name: 'look', arguments: '' }
const called = { ...call, arguments: '{"a":1}', output: 'found' }
const asked = { type: 'mcp_approval_request', server_label: 's', name: 'look', arguments: '{"a":1}' }

const id = (item: object): object => ({ id: 'i1', ...item })
const adds = (item: object): RealtimeEvent => ({ type: 'response.output_item.added', event_id: 'a', response_id: 'r1', output_index: 0, item: id(item) })
const ends = (item: object): RealtimeEvent => ({ type: 'response.output_item.done', event_id: 'd', response_id: 'r1', output_index: 0, item: id(item) })
const itemDone = (item: object): RealtimeEvent => ({ type: 'conversation.item.done', event_id: 'own', previous_item_id: 'before', item: id(item) })
const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type)

const providers: ReadonlyArray<readonly [name: string, added: string, start: () => Hop]> = [
  ['xAI', 'conversation.item.added', () => {
    const hop = startHop()
    hop.down(says.begin('r1'))
    return hop
  }],
  ['Azure preview', 'conversation.item.created', () => driveHop(betaUpstream)]
]

for (const [name, added, start] of providers) {
  const joins = (item: object): RealtimeEvent => ({ type: added, event_id: 'c', previous_item_id: 'before', item: id(item) })

  t.test(`${name}: an item of a response without a status is done once, complete, before its end in the response`, async t => {
    for (const [first, last] of [[call, called], [asked, asked]] as const) {
      const hop = start()
      t.strictSame(types(hop.down(adds(first))), ['response.output_item.added'])
      t.strictSame(types(hop.down(joins(first))), ['conversation.item.added'])
      hop.down({ type: 'response.mcp_call_arguments.done', event_id: 'e', response_id: 'r1', item_id: 'i1', output_index: 0, arguments: called.arguments })
      const events = hop.down(ends(last))
      t.strictSame(types(events), ['conversation.item.done', 'response.output_item.done'])
      for (const { item } of events) t.strictSame(item, id(last))
      t.strictSame(events[0]?.['previous_item_id'], 'before')
      t.strictSame(types(hop.down({ type: 'response.done', event_id: 'rd', response: { id: 'r1', status: 'completed', output: [id(last)] } })), ['response.done'], 'once')
    }
  })

  t.test(`${name}: a message of a response is not done before its end, whatever status it has`, async t => {
    const message = { type: 'message', role: 'assistant', status: 'completed', content: [] }
    const hop = start()
    hop.down(adds(message))
    t.strictSame(types(hop.down(joins(message))), ['conversation.item.added'])
    t.strictSame(types(hop.down(ends(message))), ['conversation.item.done', 'response.output_item.done'])
  })

  t.test(`${name}: an item that no response has told of is done at once`, async t => {
    t.strictSame(types(start().down(joins(called))), ['conversation.item.added', 'conversation.item.done'])
    const hop = start()
    hop.down(adds(call))
    hop.down(ends(called))
    t.strictSame(types(hop.down(joins(called))), ['conversation.item.added', 'conversation.item.done'], 'nor one that its response has ended')
  })

  t.test(`${name}: a call that its response leaves open is done with it, and gets no status`, async t => {
    const hop = start()
    hop.down(adds(call))
    hop.down(joins(call))
    const done = hop.down({ type: 'response.done', event_id: 'rd', response: { id: 'r1', status: 'cancelled', output: [] } }).find(({ type }) => type === 'conversation.item.done')
    t.strictSame(done?.['item'], id(call))
    if (done !== undefined) t.strictSame(faultsOf(done), [])
  })

  t.test(`${name}: where the provider says itself that an item is done, the client hears it once`, async t => {
    const told = async (t: Test, expected: readonly string[], ...events: RealtimeEvent[]): Promise<void> => {
      const hop = start()
      t.strictSame(types(events.flatMap(event => hop.down(event))), expected)
    }
    const user = { type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'Hi' }] }
    await told(t, ['conversation.item.added', 'conversation.item.done'], joins(user), itemDone(user))
    await told(t, ['response.output_item.added', 'conversation.item.added', 'conversation.item.done', 'response.output_item.done'], adds(call), joins(call), itemDone(called), ends(called))
    await told(t, ['response.output_item.added', 'conversation.item.added', 'conversation.item.done', 'response.output_item.done'], adds(call), joins(call), ends(called), itemDone(called))
    const speech = { type: 'message', role: 'user', status: 'in_progress', content: [{ type: 'input_audio', transcript: null }] }
    await told(t, ['conversation.item.added', 'conversation.item.done', 'input_audio_buffer.committed'], joins(speech), itemDone({ ...speech, status: 'completed' }),
      { type: 'input_audio_buffer.committed', event_id: 'e', item_id: 'i1', previous_item_id: 'before' })
    await told(t, ['conversation.item.done'], itemDone(user))
  })
}

t.test('xAI: a call gets the arguments that were streamed, and they end where the response is cut off', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  hop.down(adds(call))
  const about = (end: string, fields: object): RealtimeEvent => ({ type: `response.mcp_call_arguments.${end}`, event_id: 'e', response_id: 'r1', item_id: 'i1', output_index: 0, ...fields })
  t.strictSame(hop.down(about('delta', { delta: '{"a"' })), [about('delta', { delta: '{"a"' })])
  hop.down(about('delta', { delta: ':1}' }))
  t.match(hop.down(ends({ ...called, arguments: undefined })), [{ item: { arguments: '{"a":1}' } }])

  const cut = startHop()
  cut.down(says.begin('r1'))
  cut.down(adds(call))
  cut.down(about('delta', { delta: '{"a"' }))
  const events = cut.down(says.done('r1', { status: 'cancelled' }))
  t.strictSame(types(events), ['response.mcp_call_arguments.done', 'response.output_item.done', 'response.done'])
  t.match(events[0], { item_id: 'i1', output_index: 0, arguments: '{"a"' })
  t.strictSame(events.flatMap(faultsOf), [])
})

t.test('Azure preview: which items are done is forgotten in time', async t => {
  const state = betaUpstream.start({ strict: false, voices: {}, adjusted () {} }) as { done: Map<string, true> }
  const tell = betaUpstream.upstreamToClient['conversation.item.created'] as (event: RealtimeEvent, state: unknown) => unknown
  for (let n = 0; n < 1000; n++) tell({ type: 'conversation.item.created', item: { id: `i${n}`, type: 'message', status: 'completed' } }, state)
  t.equal(state.done.size, 64)
})
