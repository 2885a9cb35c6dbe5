import t from 'tap'
import { xaiClient } from '../../lib/dialect/xai/client/dialect.ts'
import { startXaiSession } from '../fixtures/dialect/xai-client.ts'
import type { RealtimeEvent } from '../../types/index.ts'

type Fields = Readonly<Record<string, unknown>>

const serverVad = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200, idle_timeout_ms: null, create_response: true, interrupt_response: true }
const pcm = { type: 'audio/pcm', rate: 24000 }
const openai = {
  type: 'realtime',
  object: 'realtime.session',
  id: 'sess_1',
  model: 'gpt-realtime',
  output_modalities: ['audio'],
  instructions: 'Be kind.',
  tools: [],
  tool_choice: 'auto',
  max_output_tokens: 'inf',
  tracing: null,
  truncation: 'auto',
  prompt: null,
  expires_at: 1785217650,
  audio: {
    input: { format: pcm, transcription: null, noise_reduction: null, turn_detection: serverVad },
    output: { format: pcm, voice: 'alloy', speed: 1 }
  },
  include: null
}
const created = { type: 'session.created', event_id: 'event_1', session: openai }
const updated = (input: Fields = {}, rest: Fields = {}, output: Fields = {}): RealtimeEvent => {
  return { type: 'session.updated', event_id: 'event_2', session: { ...openai, ...rest, audio: { input: { ...openai.audio.input, ...input }, output: { ...openai.audio.output, ...output } } } }
}
const update = (session: unknown): RealtimeEvent => ({ type: 'session.update', event_id: 'e1', session })
const shown = (events: readonly RealtimeEvent[]): Fields => events[0]!.session as Fields

const conversation = { type: 'conversation.created', event_id: 'event_1_conversation', conversation: { id: 'conv_1', object: 'realtime.conversation' }, previous_item_id: null }

t.test('session.created has xAI\'s shape and default, and a conversation behind it', async t => {
  t.strictSame(startXaiSession().down(created), [
    { type: 'session.created', event_id: 'event_1', session: { id: 'sess_1', object: 'realtime.session', instructions: 'Be kind.', voice: 'sal', modalities: ['audio'], turn_detection: { type: null }, tools: [], model: 'gpt-realtime' } },
    conversation
  ])
})

t.test('a client that asks for an older conversation is told that it has none', async t => {
  for (const strict of [false, true]) {
    const events = startXaiSession({ resumes: true, strict }).down(created)
    t.strictSame(events.map(({ type }) => type), ['session.created', 'conversation.created', 'error'])
    t.match(events[2], { event_id: String, error: { type: 'invalid_request_error', code: 'unsupported_feature', param: 'conversation_id', event_id: null } })
  }
  t.strictSame(startXaiSession({ resumes: true }).down({ type: 'session.created' }).map(({ type }) => type), ['session.created', 'conversation.created', 'error'])
})

t.test('session.created without what it should have still brings a conversation', async t => {
  const session = startXaiSession()
  t.strictSame(session.down({ type: 'session.created' }), [{ type: 'session.created' }, { ...conversation, event_id: 'event_conversation', conversation: { id: 'conv_', object: 'realtime.conversation' } }])
  t.strictSame(session.down({ type: 'session.created', session: {} })[0], { type: 'session.created', session: { object: 'realtime.session', instructions: '', modalities: ['audio'], turn_detection: { type: null }, tools: [] } })
})

t.test('session.updated has xAI\'s shape', async t => {
  const session = startXaiSession()
  session.up(update({ turn_detection: null }))
  t.strictSame(session.down(updated({ turn_detection: null })), [{
    type: 'session.updated',
    event_id: 'event_2',
    session: {
      instructions: 'Be kind.',
      model: 'gpt-realtime',
      modalities: ['audio'],
      tool_choice: 'auto',
      max_response_output_tokens: 'inf',
      audio: { input: { format: pcm, transport: 'json' }, output: { format: pcm, transport: 'json' } },
      voice: 'sal'
    }
  }])
})

t.test('session.updated shows what was set in the client\'s words', async t => {
  const session = startXaiSession()
  session.up(update({ voice: 'Eve', turn_detection: { type: 'server_vad' } }))
  const tools = [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' } }, { type: 'mcp', server_label: 'l' }]
  const transcription = { model: 'gpt-4o-mini-transcribe', language: 'ja', prompt: null }
  t.match(shown(session.down(updated({ transcription }, { tools }, { voice: 'coral' }))), {
    turn_detection: serverVad,
    tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } }, { type: 'mcp', server_label: 'l' }],
    input_audio_transcription: { model: 'grok-transcribe', language_hint: 'ja' },
    audio: { input: { transcription: { model: 'grok-transcribe', language_hint: 'ja' } } },
    voice: 'Eve'
  })
})

const voices: ReadonlyArray<readonly [title: string, asked: unknown, told: unknown, voice: unknown]> = [
  ['as the client wrote it', 'XAI_Eve', 'coral', 'XAI_Eve'],
  ['by a name of the table, where the provider has another', 'eve', 'marin', 'ara'],
  ['by the provider\'s name, where no other leads to it', undefined, 'verse', 'verse'],
  ['by the id, where it is the user\'s own', undefined, { id: 'voice_1' }, 'voice_1'],
  ['as the client wrote an id', 'voice_1', { id: 'voice_1' }, 'voice_1'],
  ['not at all, where the provider has none', 'eve', undefined, undefined]
]

for (const [title, asked, told, voice] of voices) {
  t.test(`a voice is shown ${title}`, async t => {
    const session = startXaiSession()
    session.up(update({ voice: asked }))
    t.equal(shown(session.down(updated({}, {}, { voice: told }))).voice, voice)
  })
}

t.test('a session that is none passes', async t => {
  const event = { type: 'session.updated', session: 'x' }
  t.equal(startXaiSession().down(event)[0], event)
})

const message = { id: 'item_1', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_audio', transcript: 'Hi.' }, { type: 'output_text', text: 'Ho.' }, { type: 'input_text', text: 'He.' }, 7] }
const shownMessage = { ...message, object: 'realtime.item', content: [{ type: 'audio', transcript: 'Hi.' }, { type: 'text', text: 'Ho.' }, { type: 'input_text', text: 'He.' }, 7] }
const call = { id: 'item_2', type: 'function_call', status: 'completed', name: 'f', call_id: 'call_1', arguments: '{}' }

for (const type of ['conversation.item.added', 'conversation.item.retrieved', 'response.output_item.added', 'response.output_item.done']) {
  t.test(`${type} shows items as xAI does`, async t => {
    const session = startXaiSession()
    const event = { type, event_id: 'event_1', response_id: 'resp_1', output_index: 0, previous_item_id: null }
    t.strictSame(session.down({ ...event, item: message }), [{ ...event, item: shownMessage }])
    t.strictSame(session.down({ ...event, item: call }), [{ ...event, item: { ...call, object: 'realtime.item' } }], 'a call has no role')
    t.strictSame(session.down({ ...event, item: null }), [{ ...event, item: null }])
  })
}

const response = {
  object: 'realtime.response',
  id: 'resp_1',
  status: 'in_progress',
  status_details: null,
  output: [],
  conversation_id: 'conv_9',
  output_modalities: ['audio'],
  max_output_tokens: 'inf',
  audio: { output: { format: pcm, voice: 'coral' } },
  usage: null,
  metadata: { key: 'value' }
}

t.test('response.created has xAI\'s fields, and metadata', async t => {
  t.strictSame(startXaiSession().down({ type: 'response.created', event_id: 'event_1', response }), [
    { type: 'response.created', event_id: 'event_1', response: { object: 'realtime.response', id: 'resp_1', status: 'in_progress', status_details: null, output: [], usage: {}, metadata: { key: 'value' } } }
  ])
})

const usage = {
  total_tokens: 205,
  input_tokens: 41,
  output_tokens: 164,
  input_token_details: { text_tokens: 14, audio_tokens: 27, image_tokens: 0, cached_tokens: 0, cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 } },
  output_token_details: { text_tokens: 28, audio_tokens: 136 }
}

t.test('response.done tells the usage beside the response', async t => {
  const details = { type: 'cancelled', reason: 'turn_detected' }
  t.strictSame(startXaiSession().down({ type: 'response.done', event_id: 'event_1', response: { ...response, status: 'cancelled', status_details: details, output: [message, call], usage } }), [{
    type: 'response.done',
    event_id: 'event_1',
    response: { object: 'realtime.response', id: 'resp_1', status: 'cancelled', status_details: details, output: [shownMessage, { ...call, object: 'realtime.item' }], usage: {}, metadata: { key: 'value' } },
    response_id: 'resp_1',
    usage: {
      input_tokens: 41,
      input_token_details: { text_tokens: 14, audio_tokens: 27, grok_tokens: 0 },
      output_tokens: 164,
      output_token_details: { text_tokens: 28, audio_tokens: 136, grok_tokens: 0 },
      total_tokens: 205
    }
  }])
})

t.test('response.done without usage, or a response, has none', async t => {
  const session = startXaiSession()
  t.match(session.down({ type: 'response.done', response })[0], { response_id: 'resp_1', usage: {} })
  t.strictSame(session.down({ type: 'response.done', response: 'x' }), [{ type: 'response.done', response: 'x', usage: {} }])
})

const heard = 'conversation.item.input_audio_transcription'
const delta = (item: unknown, text: unknown, rest: Fields = {}): RealtimeEvent => ({ type: `${heard}.delta`, event_id: 'event_1', item_id: item as string, content_index: 0, delta: text, obfuscation: 'abc', ...rest })
const snapshot = (item: string, transcript: string): RealtimeEvent => ({ type: `${heard}.updated`, event_id: 'event_1', item_id: item, content_index: 0, transcript })

t.test('transcripts come as all that was understood so far, each item its own', async t => {
  const session = startXaiSession()
  t.strictSame(session.down(delta('a', ' Hello')), [snapshot('a', ' Hello')])
  t.strictSame(session.down(delta('b', 'Good')), [snapshot('b', 'Good')])
  t.strictSame(session.down(delta('a', ',')), [snapshot('a', ' Hello,')])
  t.strictSame(session.down(delta('a', 'Other', { content_index: 1 })), [{ ...snapshot('a', 'Other'), content_index: 1 }])
  const completed = { type: `${heard}.completed`, event_id: 'event_2', item_id: 'a', content_index: 0, transcript: 'Hello, you.', usage: { type: 'duration', seconds: 3 } }
  t.strictSame(session.down(completed), [{ ...completed, status: 'completed' }])
  t.strictSame([...session.state.transcripts.values()], ['Good', 'Other'], 'what is complete is forgotten')
  const failed = { type: `${heard}.failed`, event_id: 'event_3', item_id: 'b', content_index: 0, error: { code: 'x' } }
  t.equal(session.down(failed)[0], failed)
  t.strictSame([...session.state.transcripts.values()], ['Other'], 'and what has failed')
})

t.test('a delta without text, or of no item, is nothing to tell', async t => {
  const session = startXaiSession()
  for (const event of [delta('a', null), delta('a', undefined), delta(7, 'x'), delta('x'.repeat(600), 'x')]) t.strictSame(session.down(event), [])
  t.equal(session.state.transcripts.size, 0)
})

t.test('a client that has named no model for transcription hears the final transcript only', async t => {
  const session = startXaiSession()
  const transcription = (fields: Fields): RealtimeEvent => update({ audio: { input: { transcription: fields } } })
  session.up(transcription({ language_hint: 'ja' }))
  t.strictSame(session.down(delta('a', 'x')), [])
  t.equal(session.state.transcripts.size, 0)
  session.up(transcription({ model: 'grok-transcribe' }))
  t.strictSame(session.down(delta('a', 'y')), [snapshot('a', 'y')])
  session.up(transcription({ language_hint: 'de' }))
  t.strictSame(session.down(delta('a', 'z')), [snapshot('a', 'yz')], 'it stays named')
})

t.test('what xAI does not send is dropped', async t => {
  for (const type of ['conversation.item.done', 'rate_limits.updated', 'conversation.created']) t.strictSame(startXaiSession().down({ type, item: message }), [])
})

const params: ReadonlyArray<readonly [openai: string | null, xai: string | null]> = [
  ['session.audio.output.voice', 'session.voice'],
  ['session.audio.input.turn_detection', 'session.turn_detection'],
  ['session.audio.input.turn_detection.threshold', 'session.turn_detection.threshold'],
  ['session.audio.input.transcription.language', 'session.audio.input.transcription.language_hint'],
  ['session.audio.input.transcription.languages', 'session.audio.input.transcription.languages'],
  ['session.audio.input.transcription.keywords[2]', 'session.audio.input.transcription.keyterms[2]'],
  ['response.audio.output.voice', 'response.voice'],
  ['session.max_output_tokens', 'session.max_response_output_tokens'],
  ['response.max_output_tokens', 'response.max_response_output_tokens'],
  ['session.output_modalities', 'session.modalities'],
  ['response.output_modalities[0]', 'response.modalities[0]'],
  ['session.audio.output.voices', 'session.audio.output.voices'],
  ['item.type', 'item.type'],
  [null, null]
]

for (const [param, told] of params) {
  t.test(`an error for ${param} is told as one for ${told}`, async t => {
    const event = { type: 'error', event_id: 'event_1', error: { type: 'invalid_request_error', code: 'invalid_value', message: 'm', param, event_id: 'e9' } }
    const [error] = startXaiSession().down(event)
    t.strictSame(error, { ...event, error: { ...event.error, param: told } })
    if (param === told) t.equal(error, event, 'the same event, so that it passes as it came')
  })
}

t.test('the message of an error has the client\'s words, too', async t => {
  const [event] = startXaiSession().down({ type: 'error', event_id: 'event_1', error: { code: 'invalid_value', param: 'session.max_output_tokens', message: "Invalid value for 'session.max_output_tokens'.", event_id: null } })
  t.match(event, { error: { param: 'session.max_response_output_tokens', message: "Invalid value for 'session.max_response_output_tokens'." } })
})

t.test('an error of no shape passes', async t => {
  for (const error of [undefined, null, 'x', [], { param: 7, event_id: {} }]) {
    const event = { type: 'error', error }
    t.equal(startXaiSession().down(event)[0], event)
  }
})

t.test('deltas of audio, transcripts and text are not in the table', async t => {
  t.strictSame(Object.keys(xaiClient.upstreamToClient).filter(type => /^response\..*\.(delta|done)$/.test(type)), ['response.output_item.done'])
  t.notOk(Object.keys(xaiClient.upstreamToClient).includes('input_audio_buffer.speech_started'))
})
