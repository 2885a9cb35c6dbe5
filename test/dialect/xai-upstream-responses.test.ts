import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { faultsOf, says, startHop } from '../fixtures/dialect/xai-upstream.ts'

const responseOf = (events: readonly RealtimeEvent[]): Record<string, unknown> => events.at(-1)!['response'] as Record<string, unknown>

t.test('response.created is OpenAI\'s, in its order', async t => {
  const hop = startHop()
  hop.down(says.created())
  hop.down({ type: 'conversation.created', event_id: 'e', conversation: { id: 'conv_x' } })
  const events = hop.down(says.begin('r1'))
  t.equal(JSON.stringify(responseOf(events)), JSON.stringify({
    object: 'realtime.response',
    id: 'r1',
    status: 'in_progress',
    status_details: null,
    output: [],
    conversation_id: 'conv_x',
    output_modalities: ['audio'],
    max_output_tokens: 'inf',
    audio: { output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'ara' } },
    usage: null,
    metadata: null
  }))
  t.strictSame(events.flatMap(faultsOf), [])
})

t.test('a response speaks with the voice and in the format that was asked for, by the client\'s names', async t => {
  const hop = startHop()
  hop.up({ type: 'session.update', session: { audio: { output: { voice: 'cedar', format: { type: 'audio/pcmu' } } } } })
  t.strictSame(responseOf(hop.down(says.begin('r1')))['audio'], { output: { format: { type: 'audio/pcmu' }, voice: 'cedar' } })
  hop.up({ type: 'response.create', response: { audio: { output: { voice: 'marin' } } } })
  t.match(responseOf(hop.down(says.begin('r2'))), { audio: { output: { voice: 'marin' } } })
  t.match(responseOf(hop.down(says.begin('r3'))), { audio: { output: { voice: 'cedar' } } })
  t.match(responseOf(hop.down(says.done('r2'))), { audio: { output: { voice: 'marin' } } })
})

t.test('the metadata that xAI repeats stay', async t => {
  const hop = startHop()
  t.strictSame(responseOf(hop.down(says.begin('r1', { metadata: { a: 'b' } })))['metadata'], { a: 'b' })
  t.strictSame(responseOf(hop.down(says.begin('r2', { metadata: 'x' })))['metadata'], null)
})

t.test('a response that begins twice is one', async t => {
  const hop = startHop()
  hop.down(says.begin('r1'))
  hop.down(says.output('r1', 'i1'))
  hop.up({ type: 'response.create', response: { output_modalities: ['text'] } })
  t.match(responseOf(hop.down(says.begin('r1'))), { output_modalities: ['audio'] })
  t.match(hop.down(says.output('r1', 'i2')), [{ output_index: 1 }])
  t.match(responseOf(hop.down(says.begin('r2'))), { output_modalities: ['text'] })
})

const usage = {
  input_tokens: 156,
  input_token_details: { text_tokens: 10, audio_tokens: 146, grok_tokens: 1 },
  output_tokens: 185,
  output_token_details: { text_tokens: 15, audio_tokens: 170, grok_tokens: 2 },
  total_tokens: 341,
  output_audio_seconds: 3.38,
  billable_audio_seconds: 5
}

t.test('response.done is OpenAI\'s, with the usage in its place and every number', async t => {
  const hop = startHop()
  hop.down(says.created())
  hop.down(says.begin('r1'))
  const events = hop.down(says.done('r1', {}, usage))
  t.strictSame(Object.keys(events[0]!).sort(), ['event_id', 'previous_item_id', 'response', 'type'])
  t.equal(JSON.stringify(responseOf(events)), JSON.stringify({
    object: 'realtime.response',
    id: 'r1',
    status: 'completed',
    status_details: null,
    output: [],
    conversation_id: null,
    output_modalities: ['audio'],
    max_output_tokens: 'inf',
    audio: { output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'ara' } },
    usage: {
      total_tokens: 341,
      input_tokens: 156,
      output_tokens: 185,
      input_token_details: {
        text_tokens: 10, audio_tokens: 146, image_tokens: 0, cached_tokens: 0, cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 }, grok_tokens: 1
      },
      output_token_details: { text_tokens: 15, audio_tokens: 170, grok_tokens: 2 },
      output_audio_seconds: 3.38,
      billable_audio_seconds: 5
    },
    metadata: null
  }))
  t.strictSame(events.flatMap(faultsOf), [])
})

t.test('usage is there, whatever xAI says of it', async t => {
  const zero = { text_tokens: 0, audio_tokens: 0 }
  const none = { total_tokens: 0, input_tokens: 0, output_tokens: 0, input_token_details: { ...zero, image_tokens: 0, cached_tokens: 0, cached_tokens_details: { ...zero, image_tokens: 0 } }, output_token_details: zero }
  const rows: ReadonlyArray<readonly [outer: unknown, inner: unknown, expected: object]> = [
    [undefined, {}, none],
    [null, null, none],
    ['x', [], none],
    [{ input_tokens: 'x', output_tokens: null, input_token_details: 5, output_token_details: { text_tokens: {} } }, {}, none],
    [undefined, { input_tokens: 3, output_tokens: 4 }, { ...none, total_tokens: 7, input_tokens: 3, output_tokens: 4 }],
    [{ input_tokens: 3, total_tokens: 3, input_token_details: { cached_tokens: 64, cached_tokens_details: { text_tokens: 64 } } }, {},
      { ...none, total_tokens: 3, input_tokens: 3, input_token_details: { ...none.input_token_details, cached_tokens: 64, cached_tokens_details: { ...zero, image_tokens: 0, text_tokens: 64 } } }]
  ]
  for (const [outer, inner, expected] of rows) {
    const events = startHop().down({ ...says.done('r1', { usage: inner }), usage: outer })
    t.strictSame(responseOf(events)['usage'], expected)
    t.strictSame(events.flatMap(faultsOf), [])
  }
})

t.test('a response says how it ended, and why', async t => {
  const error = { type: 'server_error', code: 'x', message: 'm' }
  const rows: ReadonlyArray<readonly [said: object, status: string, details: object | null]> = [
    [{ status: 'completed' }, 'completed', null],
    [{ status: 'completed', status_details: { type: 'completed' } }, 'completed', null],
    [{ status: undefined }, 'completed', null],
    [{ status: 'cancelled' }, 'cancelled', { type: 'cancelled', reason: 'turn_detected' }],
    [{ status: 'cancelled', status_details: { type: 'cancelled', reason: 'client_cancelled' } }, 'cancelled', { type: 'cancelled', reason: 'client_cancelled' }],
    [{ status: 'incomplete' }, 'incomplete', { type: 'incomplete' }],
    [{ status: 'failed' }, 'failed', { type: 'failed' }],
    [{ status: 'failed', error }, 'failed', { type: 'failed', error }],
    [{ status: 'failed', status_details: { type: 'failed', error } }, 'failed', { type: 'failed', error }],
    [{ status: 'some_day' }, 'incomplete', { type: 'incomplete' }],
    [{ status: null }, 'incomplete', { type: 'incomplete' }]
  ]
  for (const [said, status, details] of rows) {
    const events = startHop().down(says.done('r1', said))
    t.match(responseOf(events), { status })
    t.strictSame(responseOf(events)['status_details'], details)
    t.strictSame(events.flatMap(faultsOf), [])
  }
})

t.test('a response that is none passes', async t => {
  for (const type of ['response.created', 'response.done']) {
    for (const response of [undefined, null, 'x', []]) t.strictSame(startHop().down({ type, event_id: 'e', response }), [{ type, event_id: 'e', response }])
  }
})

t.test('errors have a type of OpenAI\'s, and a code', async t => {
  const rows: ReadonlyArray<readonly [xai: unknown, ga: object]> = [
    [{ type: 'invalid_request_error', code: 'invalid_audio_format', message: 'm', param: 'session.audio', event_id: 'c1' }, { type: 'invalid_request_error', code: 'invalid_audio_format', message: 'm', param: 'session.audio', event_id: 'c1' }],
    [{ type: 'server_error', message: 'm' }, { type: 'server_error', code: 'server_error', message: 'm', param: null, event_id: null }],
    [{ type: 'rate_limit_error', code: 'r', message: 'm' }, { type: 'rate_limit_error', code: 'r', message: 'm', param: null, event_id: null }],
    [{ type: 'internal_error', message: 'm' }, { type: 'server_error', code: 'internal_error', message: 'm', param: null, event_id: null }],
    [{ type: 'invalid_event', code: null, message: 'm' }, { type: 'invalid_request_error', code: 'invalid_event', message: 'm', param: null, event_id: null }],
    [{ type: 'timeout', code: 'timeout', message: 'Conversation timed out due to inactivity' }, { type: 'invalid_request_error', code: 'timeout', message: 'Conversation timed out due to inactivity', param: null, event_id: null }],
    [{ type: 'max_duration', code: 'max_duration', message: 'm' }, { type: 'invalid_request_error', code: 'session_expired', message: 'm', param: null, event_id: null }],
    [{ type: 'max_duration', message: 'm' }, { type: 'invalid_request_error', code: 'session_expired', message: 'm', param: null, event_id: null }],
    [{ type: 'max_duration', code: 'limit', message: 'm' }, { type: 'invalid_request_error', code: 'session_expired', message: 'm', param: null, event_id: null }],
    [{ message: 5, param: {}, event_id: 7 }, { type: 'server_error', code: 'internal_error', message: 'The provider reported an error.', param: null, event_id: null }],
    ['it broke', { type: 'server_error', code: 'internal_error', message: 'it broke', param: null, event_id: null }],
    [undefined, { type: 'server_error', code: 'internal_error', message: 'The provider reported an error.', param: null, event_id: null }]
  ]
  for (const [xai, ga] of rows) {
    const events = startHop().down({ type: 'error', event_id: 'e', error: xai })
    t.strictSame(events, [{ type: 'error', event_id: 'e', error: ga }])
    t.strictSame(events.flatMap(faultsOf), [])
  }
})

t.test('a field of the session or the response is named by its path in GA', async t => {
  const rows: ReadonlyArray<readonly [xai: string, ga: string]> = [
    ['session.modalities', 'session.output_modalities'],
    ['session.max_response_output_tokens', 'session.max_output_tokens'],
    ['session.input_audio_transcription.model', 'session.audio.input.transcription.model'],
    ['session.turn_detection.threshold', 'session.audio.input.turn_detection.threshold'],
    ['response.modalities[0]', 'response.output_modalities[0]'],
    ['session.audio.input.format.rate', 'session.audio.input.format.rate']
  ]
  for (const [xai, ga] of rows) {
    t.match(startHop().down({ type: 'error', event_id: 'e', error: { message: `Bad ${xai}.`, param: xai } }), [{ error: { message: `Bad ${ga}.`, param: ga } }])
  }
})

t.test('a client that says its session as xAI does reads of it so', async t => {
  const hop = startHop()
  const error = { type: 'error', event_id: 'e', error: { message: 'Bad session.turn_detection.threshold.', param: 'session.turn_detection.threshold' } }
  hop.up({ type: 'session.update', session: { turn_detection: { type: 'server_vad', threshold: 2 } } })
  t.match(hop.down(error), [{ error: { message: 'Bad session.turn_detection.threshold.', param: 'session.turn_detection.threshold' } }])
  hop.up({ type: 'session.update', session: { type: 'realtime' } })
  t.match(hop.down(error), [{ error: { param: 'session.audio.input.turn_detection.threshold' } }])
})
