import t from 'tap'
import { refusedFor, startXaiSession } from '../fixtures/dialect/xai-client.ts'
import { loadRecordings, recordingsFolder } from '../fixtures/recordings.ts'
import type { RealtimeEvent } from '../../types/index.ts'

const recordings = loadRecordings()
const skip = recordings.length === 0 && `no recordings at ${recordingsFolder}`

function frames (name: string, direction: 'sent' | 'received'): readonly RealtimeEvent[] {
  return recordings.find(each => each.name === name)!.interactions.filter(each => each.direction === direction).map(({ data }) => data)
}

/** What a client hears of a recorded session, whose update of turn detection it had sent itself. */
function hear (name: string): readonly RealtimeEvent[] {
  const session = startXaiSession()
  return frames(name, 'received').flatMap(event => session.down(event))
}

/** Types in their order, each as often as it comes; `xN` where it comes several times in a row. */
function typesOf (events: readonly RealtimeEvent[]): readonly string[] {
  const runs: Array<[type: string, count: number]> = []
  for (const { type } of events) {
    if (runs.at(-1)?.[0] === type) runs.at(-1)![1]++
    else runs.push([type, 1])
  }
  return runs.map(([type, count]) => count > 1 ? `${type} x${count}` : type)
}

const find = (events: readonly RealtimeEvent[], type: string): RealtimeEvent => events.find(event => event.type === type)!

const serverVad = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200, idle_timeout_ms: null, create_response: true, interrupt_response: true }
const pcm = { type: 'audio/pcm', rate: 24000 }

t.test('OpenAI, text in and audio out: what an xAI client hears', { skip }, async t => {
  const heard = hear('openai/text_in_audio_out_turn')
  const session = { instructions: (frames('openai/text_in_audio_out_turn', 'received')[0] as unknown as { session: { instructions: string } }).session.instructions }
  const item = 'item_E6U0uHIVQSnuTXndsNjl4'
  const response = 'resp_E6U0utdfn8rQdwHYPNrmv'
  const position = { response_id: response, item_id: item, output_index: 0, content_index: 0 }
  const saying = { id: item, type: 'message', status: 'in_progress', role: 'assistant', content: [], object: 'realtime.item' }
  const said = { ...saying, status: 'completed', content: [{ type: 'audio', transcript: 'Hi there!' }] }
  t.strictSame(heard.filter(({ type }) => !type.endsWith('.delta')), [
    { type: 'session.created', event_id: 'event_E6U0upa15CBe8gAnApXCO', session: { id: 'sess_E6U0txeK1UA23CH3RdweL', object: 'realtime.session', ...session, voice: 'sal', modalities: ['audio'], turn_detection: { type: null }, tools: [], model: 'gpt-realtime' } },
    { type: 'conversation.created', event_id: 'event_E6U0upa15CBe8gAnApXCO_conversation', conversation: { id: 'conv_E6U0txeK1UA23CH3RdweL', object: 'realtime.conversation' }, previous_item_id: null },
    {
      type: 'session.updated',
      event_id: 'event_E6U0uxSZmtUwkkPgR10g1',
      session: {
        instructions: 'Answer in two or three words.',
        turn_detection: serverVad,
        model: 'gpt-realtime',
        input_audio_transcription: { model: 'gpt-realtime-whisper' },
        modalities: ['audio'],
        tool_choice: 'auto',
        max_response_output_tokens: 'inf',
        audio: { input: { format: pcm, transport: 'json', transcription: { model: 'gpt-realtime-whisper' } }, output: { format: pcm, transport: 'json' } },
        voice: 'sal'
      }
    },
    { type: 'conversation.item.added', event_id: 'event_E6U0uaVr0sIZ4yAvQVjut', previous_item_id: null, item: { id: 'item_E6U0u6ZFxXUxYesuS1vaT', type: 'message', status: 'completed', role: 'user', content: [{ type: 'input_text', text: 'Say a short greeting.' }], object: 'realtime.item' } },
    { type: 'response.created', event_id: 'event_E6U0ugrU7aI5gyNBLmmbW', response: { object: 'realtime.response', id: response, status: 'in_progress', status_details: null, output: [], usage: {}, metadata: null } },
    { type: 'response.output_item.added', event_id: 'event_E6U0uuWepXgLdR9fyWe7K', response_id: response, output_index: 0, item: saying },
    { type: 'conversation.item.added', event_id: 'event_E6U0upYEVWYY7avY94Tvj', previous_item_id: 'item_E6U0u6ZFxXUxYesuS1vaT', item: saying },
    { type: 'response.content_part.added', event_id: 'event_E6U0uHgurzTLCHcAnP4Uj', ...position, part: { type: 'audio', transcript: '' } },
    { type: 'response.output_audio.done', event_id: 'event_E6U0uK0DXP8lPE1SyyaSF', ...position },
    { type: 'response.output_audio_transcript.done', event_id: 'event_E6U0ughOWMPh0EQL2lpC9', ...position, transcript: 'Hi there!' },
    { type: 'response.content_part.done', event_id: 'event_E6U0uatxeBsslgZF7TkzY', ...position, part: { type: 'audio', transcript: 'Hi there!' } },
    { type: 'response.output_item.done', event_id: 'event_E6U0u7IwJNUkeNgtM5vrV', response_id: response, output_index: 0, item: said },
    {
      type: 'response.done',
      event_id: 'event_E6U0umNdr9ihcx6frNOjU',
      response: { object: 'realtime.response', id: response, status: 'completed', status_details: null, output: [said], usage: {}, metadata: null },
      response_id: response,
      usage: { input_tokens: 16, input_token_details: { text_tokens: 16, audio_tokens: 0, grok_tokens: 0 }, output_tokens: 24, output_token_details: { text_tokens: 9, audio_tokens: 15, grok_tokens: 0 }, total_tokens: 40 }
    }
  ])
})

t.test('OpenAI, a spoken turn: what an xAI client hears', { skip }, async t => {
  const heard = hear('openai/audio_in_server_vad_turn')
  const transcripts = heard.filter(({ type }) => type.includes('input_audio_transcription'))
  t.strictSame(transcripts.map(({ type, transcript }) => [type.split('.').at(-1), transcript]), [
    ['updated', ' Hello'],
    ['updated', ' Hello,'],
    ['updated', ' Hello, my'],
    ['updated', ' Hello, my name'],
    ['updated', ' Hello, my name is'],
    ['updated', ' Hello, my name is Marcelo'],
    ['updated', ' Hello, my name is Marcelo.'],
    ['completed', 'Hello, my name is Marcelo.']
  ])
  t.strictSame(transcripts[0], { type: 'conversation.item.input_audio_transcription.updated', event_id: 'event_E6U0xFfUwkVBtivCMNlgo', item_id: 'item_E6U0xpLmn5e80rVGpEeKv', content_index: 0, transcript: ' Hello' })
  t.strictSame(transcripts.at(-1), { type: 'conversation.item.input_audio_transcription.completed', event_id: 'event_E6U0yPHRaSGaFrbW4UkbV', item_id: 'item_E6U0xpLmn5e80rVGpEeKv', content_index: 0, transcript: 'Hello, my name is Marcelo.', usage: { type: 'duration', seconds: 3 }, status: 'completed' })
  t.strictSame(typesOf(heard.filter(({ type }) => !/delta$|input_audio_transcription/.test(type))), [
    'session.created', 'conversation.created', 'session.updated',
    'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped', 'input_audio_buffer.committed',
    'conversation.item.added', 'response.created', 'response.output_item.added', 'conversation.item.added', 'response.content_part.added',
    'response.output_audio.done', 'response.output_audio_transcript.done', 'response.content_part.done', 'response.output_item.done', 'response.done'
  ])
  t.match(find(heard, 'response.done'), {
    response: { output: [{ object: 'realtime.item', content: [{ type: 'audio', transcript: 'Hello, Marcelo! Great to meet you. How can I help you today?' }] }], usage: {} },
    usage: { input_tokens: 41, input_token_details: { text_tokens: 14, audio_tokens: 27, grok_tokens: 0 }, output_tokens: 164, output_token_details: { text_tokens: 28, audio_tokens: 136, grok_tokens: 0 }, total_tokens: 205 }
  })
})

t.test('OpenAI, a tool call: what an xAI client hears', { skip }, async t => {
  const heard = hear('openai/tool_call_round')
  t.strictSame(typesOf(heard), [
    'session.created', 'conversation.created', 'session.updated', 'conversation.item.added',
    'response.created', 'response.output_item.added', 'conversation.item.added', 'response.function_call_arguments.delta x12',
    'response.function_call_arguments.done', 'response.output_item.done', 'response.done',
    'conversation.item.added', 'response.created', 'response.output_item.added', 'conversation.item.added', 'response.content_part.added',
    'response.output_text.delta x11', 'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.done'
  ])
  t.strictSame((find(heard, 'session.updated') as unknown as { session: { tools: unknown } }).session.tools, [{
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Look up the weather for a city.',
      parameters: { additionalProperties: false, properties: { city: { type: 'string' } }, required: ['city'], type: 'object' }
    }
  }])
  t.strictSame(find(heard, 'response.output_item.done').item, { id: 'item_E6U11H8XY7uk9uRetnwLK', type: 'function_call', status: 'completed', name: 'get_weather', call_id: 'call_uMNE0Myi2tDTPu0w', arguments: '{  \n  "city": "London" \n} \n', object: 'realtime.item' })
  t.strictSame((heard.at(-1) as unknown as { response: { output: unknown } }).response.output, [
    { id: 'item_E6U11NhYQw9EqLY0RTEwG', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'text', text: 'It is foggy and 12 degrees in London.' }], object: 'realtime.item' }
  ])
})

t.test('Azure, a transcription that fails: the client hears why', { skip }, async t => {
  const name = 'azure/audio_in_server_vad_transcription_requires_deployment'
  const type = 'conversation.item.input_audio_transcription.failed'
  t.strictSame(hear(name).filter(event => event.type === type), frames(name, 'received').filter(event => event.type === type))
})

const dropped = new Set(['conversation.item.done', 'rate_limits.updated'])

for (const { name, interactions } of recordings.filter(({ provider }) => provider !== 'xai')) {
  t.test(`${name}: nothing is lost, added or reordered but what the table names, and deltas are the same`, async t => {
    const session = startXaiSession()
    for (const { direction, data } of interactions) {
      if (direction === 'sent') continue
      const heard = session.down(data)
      if (dropped.has(data.type)) t.strictSame(heard, [])
      else if (data.type === 'session.created') t.strictSame(heard.map(({ type }) => type), ['session.created', 'conversation.created'])
      else t.strictSame(heard.map(({ event_id: id }) => id), [data.event_id])
      if (/^response\..*delta$/.test(data.type)) t.strictSame(heard, [data])
    }
    t.strictSame([...session.state.transcripts], [])
  })
}

const update = (instructions: string, tools?: unknown): RealtimeEvent => ({
  type: 'session.update',
  session: {
    type: 'realtime',
    instructions,
    ...tools !== undefined && { tools },
    audio: {
      input: {
        format: pcm,
        transcription: { model: 'gpt-4o-mini-transcribe' },
        turn_detection: { type: 'server_vad', create_response: true, interrupt_response: true }
      },
      output: { format: pcm }
    }
  },
  event_id: 'gateway_update_1'
})

t.test('xAI, every recorded session: what goes to OpenAI for what the client sent', { skip }, async t => {
  const weather = { type: 'function', name: 'get_weather', parameters: { additionalProperties: false, properties: { city: { type: 'string' } }, required: ['city'], type: 'object' }, description: 'Look up the weather for a city.' }
  const goldens: ReadonlyArray<readonly [name: string, update: RealtimeEvent]> = [
    ['xai/audio_in_server_vad_turn', update('Reply in a few words.')],
    ['xai/text_in_audio_out_turn', update('Answer in two or three words.')],
    ['xai/tool_call_round', update('Use the get_weather tool for any weather question, then answer in one short sentence.', [weather])]
  ]
  for (const [name, golden] of goldens) {
    const session = startXaiSession()
    const sent = frames(name, 'sent')
    t.strictSame(sent.flatMap(event => session.up(event)), [golden, ...sent.slice(1)], name)
    t.strictSame(session.adjusted, [], name)
  }
})

t.test('xAI, a resumed session: the client is told that it cannot be, and the rest is served', { skip }, async t => {
  const [first, ...rest] = frames('xai/session_resumption_after_drop', 'sent')
  const session = startXaiSession()
  const { onward, back } = session.says(first!)
  t.strictSame(onward, [update('Answer in one short sentence.')])
  t.match(back, [{ type: 'error', error: { type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.resumption.enabled', event_id: null } }])
  t.equal(back.length, 1)
  t.strictSame(session.up(rest[0]!), [
    { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Remember exactly: the code word is cobalt. Briefly acknowledge it.' }] } }
  ])
  t.strictSame(session.up(rest[1]!), [{ type: 'response.create' }])
  t.equal(refusedFor(startXaiSession({ strict: true }), first!), 'session.resumption.enabled')
})
