import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'
import type { XaiHop } from '../fixtures/dialect/xai-upstream.ts'

/** What the client reads of a response that xAI speaks. */
function readResponse (hop: XaiHop, id: string): readonly RealtimeEvent[] {
  const item = `i_${id}`
  const message = { type: 'message', role: 'assistant' }
  return [
    says.begin(id),
    says.output(id, item),
    says.item(item, { ...message, status: 'in_progress', content: [] }),
    says.about('content_part.added', id, item, { part: { type: 'audio', transcript: '' } }),
    says.about('output_audio.delta', id, item, { delta: 'AA==' }),
    says.about('output_audio_transcript.delta', id, item, { delta: 'Hello' }),
    says.about('output_audio_transcript.delta', id, item, { delta: ' there.' }),
    says.about('output_audio_transcript.done', id, item, { transcript: 'Hello there.' }),
    says.about('content_part.done', id, item),
    says.about('output_audio.done', id, item),
    says.ended(id, item),
    says.done(id, { output: [{ id: item, ...message, status: 'completed', content: [{ type: 'audio', transcript: 'Hello there.' }] }] })
  ].flatMap(event => hop.down(event))
}

const textEvents = ['response.created', 'response.output_item.added', 'conversation.item.added', 'response.content_part.added', 'response.output_text.delta', 'response.output_text.delta',
  'response.output_text.done', 'response.content_part.done', 'conversation.item.done', 'response.output_item.done', 'response.done']
const types = (events: readonly RealtimeEvent[]): string[] => events.map(({ type }) => type)

t.test('a client that asked for text reads what xAI speaks', async t => {
  for (const [what, event] of [
    ['session', { type: 'session.update', session: { output_modalities: ['text'] } }],
    ['response', { type: 'response.create', response: { output_modalities: ['text'] } }]
  ] as const) {
    const hop = startHop()
    hop.up(event)
    const events = readResponse(hop, 'r1')
    t.strictSame(types(events), textEvents, what)
    t.strictSame(events.flatMap(faultsOf), [])
    const content = [{ type: 'output_text', text: 'Hello there.' }]
    t.match(events[0], { response: { output_modalities: ['text'] } })
    t.strictSame(events.filter(({ type }) => type.startsWith('response.content_part')).map(event => event['part']), [{ type: 'text', text: '' }, { type: 'text', text: 'Hello there.' }])
    t.match(events[4], { delta: 'Hello' })
    t.match(events[6], { text: 'Hello there.' })
    t.notOk('transcript' in events[6]!)
    t.match(events[8], { item: { content } })
    t.match(events[9], { item: { content } })
    t.match(events[10], { response: { output_modalities: ['text'], output: [{ content }] } })
    t.notMatch(JSON.stringify(events), /"transcript"|"type":"(output_)?audio"/)
    t.match(hop.answer({ type: 'conversation.item.retrieve', item_id: 'i_r1' }), { item: { content } })
  }
})

t.test('text is for the response that it was asked for', async t => {
  const hop = startHop()
  hop.up({ type: 'response.create', response: { output_modalities: ['text'] } })
  t.ok(hop.passes())
  hop.down(says.begin('r1'))
  t.notOk(hop.passes(), 'its sound has to be left out')
  hop.down(says.done('r1'))
  t.ok(hop.passes())
  t.ok(types(readResponse(hop, 'r2')).includes('response.output_audio.delta'))

  hop.up({ type: 'session.update', session: { output_modalities: ['text'] } })
  t.notOk(hop.passes())
  hop.up({ type: 'response.create', response: { output_modalities: ['audio'] } })
  const events = readResponse(hop, 'r3')
  t.ok(types(events).includes('response.output_audio.delta'), 'one response is to be heard')
  t.match(events[0], { response: { output_modalities: ['audio'] } })
  t.strictSame(types(readResponse(hop, 'r4')), textEvents)
  hop.up({ type: 'session.update', session: { output_modalities: ['audio'] } })
  t.ok(types(readResponse(hop, 'r5')).includes('response.output_audio.delta'))
})

t.test('a request for text that xAI refuses is forgotten', async t => {
  const rows: ReadonlyArray<readonly [id: string | null, message: string, modality: string]> = [
    ['c1', 'm', 'audio'], [null, 'No response.', 'audio'], [null, 'm', 'text'], ['c2', 'No response.', 'text']
  ]
  for (const [id, message, modality] of rows) {
    const hop = startHop()
    hop.up({ type: 'response.create', event_id: 'c1', response: { output_modalities: ['text'] } })
    hop.down({ type: 'error', event_id: 'e', error: { type: 'invalid_request_error', code: 'x', message, param: null, event_id: id } })
    t.match(hop.down(says.begin('r1')), [{ response: { output_modalities: [modality] } }])
  }
})

t.test('text that xAI itself writes is passed once', async t => {
  const hop = startHop()
  const about = (type: string, fields: object): RealtimeEvent => says.about(type, 'r1', 'i1', fields)
  const events = [
    says.begin('r1'),
    says.output('r1', 'i1'),
    says.item('i1', { role: 'assistant', status: 'in_progress', content: [] }),
    about('content_part.added', { part: { type: 'text', text: '' } }),
    about('text.delta', { delta: 'Hi' }),
    about('output_text.delta', { delta: 'Hi' }),
    about('text.done', { text: 'Hi' }),
    about('output_text.done', {}),
    about('content_part.done', {}),
    says.ended('r1', 'i1')
  ].flatMap(event => hop.down(event))
  t.strictSame(types(events), ['response.created', 'response.output_item.added', 'conversation.item.added', 'response.content_part.added', 'response.output_text.delta', 'response.output_text.done',
    'response.content_part.done', 'conversation.item.done', 'response.output_item.done'])
  t.match(events[5], { text: 'Hi' })
  t.match(events[6], { part: { type: 'text', text: 'Hi' } })
  t.match(events[8], { item: { content: [{ type: 'output_text', text: 'Hi' }] } })
  t.strictSame(events.flatMap(faultsOf), [])
})
