import t from 'tap'
import { createDialects } from '../../lib/dialect/dialects.ts'
import type { Rewritten, Translation } from '../../lib/dialect/translation.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { says } from '../fixtures/dialect/xai-upstream.ts'

const long = 'call-af8ed632-2074-4b5f-b719-7aa47250d3c6-0'
const short = 'call_x-r47WMiB0S1-3GXqkclDTxg0'
const call = { type: 'function_call', call_id: long, name: 'f', arguments: '{}' }

const start = (client: 'openai' | 'beta'): Translation => createDialects().between(client, 'xai', { adjusted () {} })!
const read = (texts: readonly string[] | undefined, event: RealtimeEvent): RealtimeEvent[] => texts?.map(text => JSON.parse(text) as RealtimeEvent) ?? [event]
const pass = (way: Translation['up'], event: RealtimeEvent): Rewritten | undefined =>
  way.types.includes(event.type) && way.nameOf(event.type) === undefined ? way.translate(Buffer.from(JSON.stringify(event))) : undefined
const up = (pair: Translation, event: RealtimeEvent): RealtimeEvent[] => read(pass(pair.up, event)?.onward, event)
const down = (pair: Translation, event: RealtimeEvent): RealtimeEvent[] => read(pass(pair.down, event)?.onward, event)

const output = { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: short, output: `of ${short}` } }
// Every event of a round in which xAI names a call.
const round: readonly RealtimeEvent[] = [
  says.begin('r1'),
  says.output('r1', 'i1', { ...call, role: 'user', arguments: '' }),
  says.item('i1', { ...call, status: 'in_progress', role: 'tool', arguments: '' }),
  says.about('function_call_arguments.delta', 'r1', 'i1', { call_id: long, delta: '{}' }),
  says.about('function_call_arguments.done', 'r1', 'i1', { call_id: long, name: 'f', arguments: '{}' }),
  says.ended('r1', 'i1', { ...call, role: 'user' }),
  says.done('r1', { output: [{ id: 'i1', ...call, role: 'user' }] }),
  says.item('i2', { type: 'function_call_output', call_id: long, output: 'done' }),
  { ...says.item('i3', { type: 'function_call_output', call_id: long, output: 'again' }), type: 'conversation.item.created' },
  { type: 'error', event_id: 'e1', error: { type: 'invalid_request_error', code: 'invalid_tool_call_id', message: `Tool call ID '${long}' not found in conversation.` } },
  { type: 'error', event_id: 'e2', error: `Nothing is known of ${long}.` },
  { type: 'conversation.item.deleted', event_id: 'e3', item_id: long }
]

for (const client of ['openai', 'beta'] as const) {
  t.test(`${client}: every event and error that names a call names it short`, async t => {
    const pair = start(client)
    let named = 0
    for (const event of round) {
      const told = JSON.stringify(down(pair, event))
      t.notMatch(told, /call-/, event.type)
      if (told.includes(short)) named++
    }
    t.equal(named, round.length - 1, 'in all but the first')
  })

  t.test(`${client}: xAI hears its own ids, wherever a call is named`, async t => {
    const pair = start(client)
    const rows: ReadonlyArray<readonly [said: RealtimeEvent, told: object]> = [
      [output, { item: { call_id: long, output: `of ${short}` } }],
      [{ type: 'conversation.item.create', previous_item_id: short, item: { type: 'item_reference', id: short } }, { previous_item_id: long, item: { id: long } }],
      [{ type: 'conversation.item.create', item: { type: 'mcp_approval_response', approval_request_id: short, approve: true } }, { item: { approval_request_id: long } }],
      [{ type: 'conversation.item.truncate', item_id: short, content_index: 0, audio_end_ms: 5 }, { item_id: long, audio_end_ms: 5 }],
      [{ type: 'conversation.item.delete', item_id: short }, { item_id: long }],
      [{ type: 'response.create', response: { input: [{ type: 'item_reference', id: short }, { type: 'function_call_output', call_id: short, output: '1' }] } }, { response: { input: [{ id: long }, { call_id: long }] } }]
    ]
    for (const [said, told] of rows) t.match(up(pair, said), [{ type: said.type, ...told }])
  })
}

t.test('ids that are not ours pass as they come, with the bytes of the event', async t => {
  const pair = start('openai')
  for (const id of ['call_uMNE0Myi2tDTPu0w', 'af8ed632-2074-4b5f-b719-7aa47250d3c6', long]) {
    for (const event of [{ type: 'conversation.item.delete', item_id: id }, { type: 'conversation.item.truncate', item_id: id }, { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: id, output: '' } }]) {
      t.equal(pass(pair.up, event), undefined)
    }
  }
})

t.test('the id of a conversation never changes', async t => {
  const pair = start('openai')
  down(pair, { type: 'conversation.created', event_id: 'e', conversation: { id: long } })
  t.match(down(pair, says.begin('r1')), [{ response: { conversation_id: long } }])
})

t.test('an item that is repeated for xAI names its call as the client knows it', async t => {
  const pair = start('openai')
  for (const event of round) down(pair, event)
  const { onward, back } = pass(pair.up, { type: 'conversation.item.retrieve', item_id: 'i1' })!
  t.strictSame(onward, [])
  t.match(read(back, output), [{ type: 'conversation.item.retrieved', item: { call_id: short } }])
})

t.test('what is asked in the client\'s stead, when xAI refuses a commit, names xAI\'s call', async t => {
  const pair = start('openai')
  up(pair, { type: 'session.update', event_id: 'u', session: { type: 'realtime', audio: { input: { turn_detection: null } } } })
  up(pair, { type: 'input_audio_buffer.commit', event_id: 'c' })
  t.strictSame(up(pair, { type: 'response.create', response: { input: [{ type: 'item_reference', id: short }] } }), [])
  const { back } = pass(pair.down, { type: 'error', event_id: 'e', error: { type: 'invalid_request_error', code: 'input_audio_buffer_commit_empty', message: 'buffer too small', event_id: 'c' } })!
  t.match(read(back, output), [{ type: 'response.create', response: { input: [{ id: long }] } }])
})

t.test('the failure of a response names its call short', async t => {
  const pair = start('openai')
  down(pair, says.begin('r1'))
  const [done] = down(pair, says.done('r1', { status: 'failed', status_details: { type: 'failed', error: { code: 'x', message: `of ${long}` } } }))
  t.match(done, { response: { status_details: { error: { message: `of ${short}` } } } })
})

t.test('an xAI client hears xAI\'s own ids: nothing is translated', async t => {
  t.equal(createDialects().between('xai', 'xai', { adjusted () {} }), undefined)
})
