import t from 'tap'
import { betaClient } from '../../lib/dialect/beta/client.ts'
import { betaUpstream } from '../../lib/dialect/beta/upstream.ts'
import { GatewayError } from '../../lib/errors.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { driveHop } from '../fixtures/dialect/hop.ts'

const client = (): ReturnType<typeof driveHop> => driveHop(betaClient)
const upstream = (): ReturnType<typeof driveHop> => driveHop(betaUpstream)

/** What each shape says, and nothing is lost or added between them. */
const same: ReadonlyArray<readonly [what: string, beta: Readonly<Record<string, unknown>>, ga: Readonly<Record<string, unknown>>]> = [
  ['speech', { modalities: ['text', 'audio'] }, { output_modalities: ['audio'] }],
  ['text only', { modalities: ['text'] }, { output_modalities: ['text'] }],
  ['voice', { voice: 'coral' }, { audio: { output: { voice: 'coral' } } }],
  ['speed', { speed: 1.25 }, { audio: { output: { speed: 1.25 } } }],
  ['PCM in', { input_audio_format: 'pcm16' }, { audio: { input: { format: { type: 'audio/pcm', rate: 24000 } } } }],
  ['µ-law in', { input_audio_format: 'g711_ulaw' }, { audio: { input: { format: { type: 'audio/pcmu' } } } }],
  ['A-law in', { input_audio_format: 'g711_alaw' }, { audio: { input: { format: { type: 'audio/pcma' } } } }],
  ['PCM out', { output_audio_format: 'pcm16' }, { audio: { output: { format: { type: 'audio/pcm', rate: 24000 } } } }],
  ['µ-law out', { output_audio_format: 'g711_ulaw' }, { audio: { output: { format: { type: 'audio/pcmu' } } } }],
  ['A-law out', { output_audio_format: 'g711_alaw' }, { audio: { output: { format: { type: 'audio/pcma' } } } }],
  ['transcription', { input_audio_transcription: { model: 'whisper-1', language: 'en' } }, { audio: { input: { transcription: { model: 'whisper-1', language: 'en' } } } }],
  ['transcription off', { input_audio_transcription: null }, { audio: { input: { transcription: null } } }],
  ['noise reduction', { input_audio_noise_reduction: { type: 'near_field' } }, { audio: { input: { noise_reduction: { type: 'near_field' } } } }],
  ['noise reduction off', { input_audio_noise_reduction: null }, { audio: { input: { noise_reduction: null } } }],
  ['turn detection', { turn_detection: { type: 'server_vad', create_response: true, interrupt_response: false } }, { audio: { input: { turn_detection: { type: 'server_vad', create_response: true, interrupt_response: false } } } }],
  ['turn detection off', { turn_detection: null }, { audio: { input: { turn_detection: null } } }],
  ['most tokens', { max_response_output_tokens: 'inf' }, { max_output_tokens: 'inf' }],
  ['what has one name in both', { instructions: 'Hi', tools: [], tool_choice: 'auto', tracing: null, include: null, prompt: null, expires_at: 1, id: 's', object: 'realtime.session' },
    { instructions: 'Hi', tools: [], tool_choice: 'auto', tracing: null, include: null, prompt: null, expires_at: 1, id: 's', object: 'realtime.session' }],
  ['what neither table knows', { some_day: { x: 1 } }, { some_day: { x: 1 } }],
  ['a path in GA that beta does not have', { audio: { input: { some_day: 1 } }, voice: 'a' }, { audio: { input: { some_day: 1 }, output: { voice: 'a' } } }],
  ['a format that nobody knows', { input_audio_format: 'opus' }, { audio: { input: { format: 'opus' } } }],
  ['modalities that nobody knows', { modalities: ['video'] }, { output_modalities: ['video'] }],
  ['modalities that are none', { modalities: 'audio' }, { output_modalities: 'audio' }],
  ['all of one branch', { input_audio_format: 'pcm16', turn_detection: null, input_audio_transcription: null, input_audio_noise_reduction: null },
    { audio: { input: { format: { type: 'audio/pcm', rate: 24000 }, turn_detection: null, transcription: null, noise_reduction: null } } }],
  ['nothing', {}, {}]
]

t.test('a session.update says the same in both shapes, and only what was given', async t => {
  for (const [what, beta, ga] of same) {
    t.strictSame(client().up({ type: 'session.update', event_id: 'e', session: beta }), [{ type: 'session.update', event_id: 'e', session: { type: 'realtime', ...ga } }], `${what}, up from beta`)
    t.strictSame(upstream().up({ type: 'session.update', event_id: 'e', session: { type: 'realtime', ...ga } }), [{ type: 'session.update', event_id: 'e', session: beta }], `${what}, up to beta`)
  }
})

t.test('a session object says the same in both shapes', async t => {
  for (const type of ['session.created', 'session.updated']) {
    for (const [what, beta, ga] of same) {
      t.strictSame(client().down({ type, event_id: 'e', session: { type: 'realtime', ...ga } }), [{ type, event_id: 'e', session: { temperature: 0.8, ...beta } }], `${type}: ${what}, down to beta`)
      t.strictSame(upstream().down({ type, event_id: 'e', session: { temperature: 0.8, client_secret: null, ...beta } }), [{ type, event_id: 'e', session: { type: 'realtime', ...ga } }], `${type}: ${what}, down from beta`)
    }
  }
})

t.test('other ways to say a format are understood, and a rate that beta does not have is left for its reader to judge', async t => {
  const rows: ReadonlyArray<readonly [unknown, unknown]> = [
    [{ type: 'audio/pcm' }, 'pcm16'], [{ type: 'audio/pcm', rate: null }, 'pcm16'], [{ type: 'audio/pcmu', rate: 8000 }, 'g711_ulaw'],
    [{ type: 'audio/pcm', rate: 16000 }, { type: 'audio/pcm', rate: 16000 }], [{ type: 'audio/opus' }, { type: 'audio/opus' }], [null, null], [[], []], ['pcm16', 'pcm16']
  ]
  for (const [ga, beta] of rows) {
    t.strictSame(upstream().up({ type: 'session.update', session: { audio: { input: { format: ga } } } }), [{ type: 'session.update', session: { input_audio_format: beta } }])
  }
  for (const modalities of [['audio', 'text'], ['audio']]) {
    t.strictSame(client().up({ type: 'session.update', session: { modalities } }), [{ type: 'session.update', session: { type: 'realtime', output_modalities: ['audio'] } }])
  }
})

t.test('a client that mixes both shapes gets both, and its own shape counts', async t => {
  t.strictSame(client().up({ type: 'session.update', session: { type: 'realtime', voice: 'flat', turn_detection: null, audio: { output: { voice: 'nested', speed: 2 } }, output_modalities: ['text'] } }),
    [{ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'flat', speed: 2 }, input: { turn_detection: null } }, output_modalities: ['text'] } }])
  t.strictSame(client().up({ type: 'session.update', session: { output_modalities: ['text'], modalities: ['audio', 'text'] } }), [{ type: 'session.update', session: { type: 'realtime', output_modalities: ['audio'] } }])
  t.strictSame(client().up({ type: 'session.update', session: { audio: 5, voice: 'flat' } }), [{ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'flat' } } } }])
  t.strictSame(client().up({ type: 'session.update', session: { audio: 5 } }), [{ type: 'session.update', session: { type: 'realtime', audio: 5 } }])
  t.strictSame(upstream().up({ type: 'session.update', session: { type: 'realtime', voice: 'flat', audio: { output: { voice: 'nested' } } } }), [{ type: 'session.update', session: { voice: 'nested' } }])
})

t.test('the model and the secret of a session go no further', async t => {
  t.strictSame(client().up({ type: 'session.update', session: { model: 'gpt-4o-realtime-preview', client_secret: { expires_after: { anchor: 'created_at' } } } }), [{ type: 'session.update', session: { type: 'realtime' } }])
  t.strictSame(upstream().up({ type: 'session.update', session: { type: 'realtime', model: 'gpt-realtime' } }), [{ type: 'session.update', session: {} }])
  t.strictSame(upstream().down({ type: 'session.created', session: { model: 'm', client_secret: { value: 'ek_1', expires_at: 1 } } }), [{ type: 'session.created', session: { type: 'realtime', model: 'm' } }])
})

t.test('the temperature that a beta client asked for is what it is told, though the provider never hears of it', async t => {
  const hop = client()
  const told = (): unknown => (hop.down({ type: 'session.updated', session: { type: 'realtime' } })[0]!['session'] as { temperature: unknown }).temperature
  t.equal(told(), 0.8)
  t.strictSame(hop.up({ type: 'session.update', session: { temperature: 0.6 } }), [{ type: 'session.update', session: { type: 'realtime' } }])
  t.equal(told(), 0.6)
  t.strictSame(hop.down({ type: 'response.created', response: {} }), [{ type: 'response.created', response: { temperature: 0.6 } }])
  t.strictSame(hop.up({ type: 'response.create', response: { temperature: 1 } }), [{ type: 'response.create', response: {} }])
  hop.up({ type: 'session.update', session: { temperature: 'hot' } })
  hop.up({ type: 'session.update', session: { voice: 'ash' } })
  t.equal(told(), 0.6)
  hop.up({ type: 'session.update', session: { temperature: null } })
  t.equal(told(), 0.8)
  t.strictSame(hop.adjusted, ['session.temperature', 'response.temperature', 'session.temperature'])
  t.strictSame(hop.down({ type: 'session.updated', session: { temperature: 1 } }), [{ type: 'session.updated', session: { temperature: 1 } }])
})

t.test('a strict session refuses a temperature other than the usual one, and remembers none', async t => {
  const hop = driveHop(betaClient, true)
  for (const [type, part] of [['session.update', 'session'], ['response.create', 'response']] as const) {
    t.throws(() => hop.up({ type, [part]: { temperature: 0.7 } }), new GatewayError('unsupported_feature', { param: `${part}.temperature`, message: `The provider of this model has no equal of '${part}.temperature'.` }))
    t.strictSame(hop.up({ type, [part]: { temperature: 0.8 } }), [{ type, [part]: part === 'session' ? { type: 'realtime' } : {} }])
  }
  t.strictSame(hop.down({ type: 'session.updated', session: {} }), [{ type: 'session.updated', session: { temperature: 0.8 } }])
  t.strictSame(hop.adjusted, [])
})

t.test('settings that beta never had are left out and told, or refused; what would happen anyway is left out in silence', async t => {
  const rows: ReadonlyArray<readonly [field: string, fields: Readonly<Record<string, unknown>>, beta: unknown]> = [
    ['truncation', { truncation: 'disabled' }, {}],
    ['reasoning', { reasoning: { effort: 'low' } }, {}],
    ['parallel_tool_calls', { parallel_tool_calls: false }, {}],
    ['audio.input.turn_detection.idle_timeout_ms', { audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: 5000 } } } }, { turn_detection: { type: 'server_vad' } }],
    ['audio.input.transcription.languages', { audio: { input: { transcription: { model: 'm', languages: ['en'] } } } }, { input_audio_transcription: { model: 'm' } }],
    ['audio.input.transcription.keywords', { audio: { input: { transcription: { model: 'm', keywords: ['a'] } } } }, { input_audio_transcription: { model: 'm' } }],
    ['audio.input.transcription.delay', { audio: { input: { transcription: { model: 'm', delay: 'low' } } } }, { input_audio_transcription: { model: 'm' } }],
    ['audio.input.noise_reduction.strength', { audio: { input: { noise_reduction: { type: 'near_field', strength: 1 } } } }, { input_audio_noise_reduction: { type: 'near_field' } }]
  ]
  for (const [field, fields, beta] of rows) {
    const hop = upstream()
    t.strictSame(hop.up({ type: 'session.update', session: { type: 'realtime', ...fields } }), [{ type: 'session.update', session: beta }])
    t.strictSame(hop.adjusted, [`session.${field}`])
    t.throws(() => driveHop(betaUpstream, true).up({ type: 'session.update', session: { type: 'realtime', ...fields } }), { code: 'unsupported_feature', param: `session.${field}` })
  }
  const strict = driveHop(betaUpstream, true)
  t.strictSame(strict.up({
    type: 'session.update',
    session: { type: 'realtime', truncation: 'auto', reasoning: null, parallel_tool_calls: true, audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: null } } } }
  }), [{ type: 'session.update', session: { turn_detection: { type: 'server_vad' } } }])
  const hop = upstream()
  t.strictSame(hop.up({ type: 'response.create', response: { reasoning: { effort: 'low' }, parallel_tool_calls: true } }), [{ type: 'response.create', response: {} }])
  t.strictSame(hop.adjusted, ['response.reasoning'])
})

const transcription = {
  beta: { id: 's', object: 'realtime.transcription_session', input_audio_format: 'pcm16', input_audio_transcription: { model: 'whisper-1' }, input_audio_noise_reduction: null, turn_detection: { type: 'server_vad', threshold: 0.4 }, include: null },
  ga: { id: 's', object: 'realtime.transcription_session', audio: { input: { format: { type: 'audio/pcm', rate: 24000 }, transcription: { model: 'whisper-1' }, noise_reduction: null, turn_detection: { type: 'server_vad', threshold: 0.4 } } }, include: null }
}

t.test('a transcription session has events of its own in beta, and a type of its own in GA', async t => {
  const { beta, ga } = transcription
  t.strictSame(client().up({
    type: 'transcription_session.update',
    event_id: 'e',
    session: { ...beta, modalities: ['text'], client_secret: {}, turn_detection: { ...beta.turn_detection, create_response: true, interrupt_response: true } }
  }), [{ type: 'session.update', event_id: 'e', session: { ...ga, type: 'transcription' } }])
  t.strictSame(upstream().up({ type: 'session.update', event_id: 'e', session: { ...ga, type: 'transcription' } }), [{ type: 'transcription_session.update', event_id: 'e', session: beta }])
  for (const type of ['session.update', 'transcription_session.update']) {
    const session = { type: type === 'session.update' ? 'transcription' : 'realtime', modalities: ['text'], turn_detection: { type: 'server_vad', create_response: true } }
    t.strictSame(client().up({ type, session }), [{ type: 'session.update', session: { type: 'transcription', audio: { input: { turn_detection: { type: 'server_vad' } } } } }], `${type} that mixes both shapes`)
  }
  for (const end of ['created', 'updated']) {
    t.strictSame(client().down({ type: `session.${end}`, event_id: 'e', session: { ...ga, type: 'transcription' } }), [{ type: `transcription_session.${end}`, event_id: 'e', session: beta }])
    t.strictSame(upstream().down({ type: `transcription_session.${end}`, event_id: 'e', session: { ...beta, modalities: ['text'], client_secret: null } }), [{ type: `session.${end}`, event_id: 'e', session: { ...ga, type: 'transcription' } }])
  }
  t.strictSame(client().up({ type: 'transcription_session.update' }), [{ type: 'session.update' }])
  t.strictSame(upstream().down({ type: 'transcription_session.created' }), [{ type: 'session.created' }])
})

t.test('response.create asks for the same in both shapes', async t => {
  const beta = {
    conversation: 'none',
    instructions: 'Hi',
    metadata: { a: 'b' },
    tools: [],
    tool_choice: 'auto',
    modalities: ['text', 'audio'],
    voice: 'ash',
    output_audio_format: 'g711_ulaw',
    max_response_output_tokens: 5,
    input: [
      { type: 'item_reference', id: 'item_1' },
      { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'said' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'heard' }, { type: 'item_reference', id: 'x' }] }
    ]
  }
  const ga = {
    conversation: 'none',
    instructions: 'Hi',
    metadata: { a: 'b' },
    tools: [],
    tool_choice: 'auto',
    output_modalities: ['audio'],
    audio: { output: { voice: 'ash', format: { type: 'audio/pcmu' } } },
    max_output_tokens: 5,
    input: [
      { type: 'item_reference', id: 'item_1' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'said' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'heard' }, { type: 'item_reference', id: 'x' }] }
    ]
  }
  t.strictSame(client().up({ type: 'response.create', event_id: 'e', response: beta }), [{ type: 'response.create', event_id: 'e', response: ga }])
  t.strictSame(upstream().up({ type: 'response.create', event_id: 'e', response: ga }), [{ type: 'response.create', event_id: 'e', response: beta }])
  t.strictSame(client().up({ type: 'response.create', response: { max_output_tokens: 7 } }), [{ type: 'response.create', response: { max_output_tokens: 7 } }], 'the name of the first beta is the one of GA')
})

t.test('parts of items have the names of the shape, by the role that speaks', async t => {
  const rows: ReadonlyArray<readonly [role: string, beta: string, ga: string]> = [
    ['assistant', 'text', 'output_text'], ['assistant', 'audio', 'output_audio'], ['user', 'input_text', 'input_text'], ['user', 'input_audio', 'input_audio'],
    ['system', 'input_text', 'input_text'], ['user', 'input_image', 'input_image'], ['critic', 'text', 'text']
  ]
  for (const [role, beta, ga] of rows) {
    const item = (type: string): Record<string, unknown> => ({ id: 'i', type: 'message', role, status: 'completed', content: [{ type, text: 'x' }] })
    const create = (type: string): RealtimeEvent => ({ type: 'conversation.item.create', previous_item_id: 'root', item: item(type) })
    t.strictSame(client().up(create(beta)), [create(ga)], `${role} ${beta}, up from beta`)
    t.strictSame(upstream().up(create(ga)), [create(beta)], `${role} ${ga}, up to beta`)
    for (const type of ['conversation.item.retrieved', 'response.output_item.added', 'response.output_item.done']) {
      t.strictSame(client().down({ type, item: item(ga) }), [{ type, item: { object: 'realtime.item', ...item(beta) } }], `${type}: ${role} ${ga}, down to beta`)
      t.strictSame(upstream().down({ type, item: item(beta) }), [{ type, item: item(ga) }], `${type}: ${role} ${beta}, down from beta`)
    }
  }
  for (const role of ['user', 'system']) {
    const item = (type: string): Record<string, unknown> => ({ type: 'message', role, content: [{ type, text: 'x' }, null, 'text'] })
    t.strictSame(client().up({ type: 'conversation.item.create', item: item('text') }), [{ type: 'conversation.item.create', item: item('input_text') }])
  }
})

t.test('an event in which nothing changes stays the very same', async t => {
  const user: RealtimeEvent = { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] } }
  const call: RealtimeEvent = { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: 'c', output: '{}' } }
  const create: RealtimeEvent = { type: 'response.create', response: { instructions: 'Hi' } }
  const error: RealtimeEvent = { type: 'error', error: { param: 'type' } }
  for (const hop of [client(), upstream()]) {
    for (const event of [user, call, create, { type: 'response.create' }]) t.equal(hop.up(event)[0], event)
    t.equal(hop.down(error)[0], error)
  }
})

t.test('the object of a response says the same in both shapes', async t => {
  const rest = { object: 'realtime.response', id: 'r', status: 'completed', status_details: null, conversation_id: 'c', max_output_tokens: 'inf', usage: { total_tokens: 1 }, metadata: null }
  const ga = {
    ...rest,
    output: [{ id: 'i', type: 'message', role: 'assistant', content: [{ type: 'output_audio', transcript: 'Hi' }] }],
    output_modalities: ['audio'],
    audio: { output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'alloy' } }
  }
  const beta = (object?: object): Record<string, unknown> => ({
    ...rest,
    output: [{ ...object, id: 'i', type: 'message', role: 'assistant', content: [{ type: 'audio', transcript: 'Hi' }] }],
    modalities: ['text', 'audio'],
    output_audio_format: 'pcm16',
    voice: 'alloy',
    temperature: 0.8
  })
  for (const type of ['response.created', 'response.done']) {
    t.strictSame(client().down({ type, event_id: 'e', response: ga }), [{ type, event_id: 'e', response: beta({ object: 'realtime.item' }) }])
    t.strictSame(upstream().down({ type, event_id: 'e', response: beta() }), [{ type, event_id: 'e', response: ga }])
  }
})

t.test('streamed events only change their type, which the table says without a function', async t => {
  for (const what of ['text', 'audio', 'audio_transcript']) {
    for (const end of ['delta', 'done']) {
      t.equal(betaClient.upstreamToClient[`response.output_${what}.${end}`], `response.${what}.${end}`)
      t.equal(betaUpstream.upstreamToClient[`response.${what}.${end}`], `response.output_${what}.${end}`)
    }
  }
  for (const type of ['input_audio_buffer.append', 'input_audio_buffer.commit', 'conversation.item.truncate', 'response.cancel']) {
    t.notOk(Object.hasOwn(betaClient.clientToUpstream, type) || Object.hasOwn(betaUpstream.clientToUpstream, type), type)
  }
  for (const type of ['response.content_part.added', 'response.content_part.done', 'response.function_call_arguments.delta', 'input_audio_buffer.speech_started', 'rate_limits.updated']) {
    t.notOk(Object.hasOwn(betaClient.upstreamToClient, type) || Object.hasOwn(betaUpstream.upstreamToClient, type), type)
  }
})

t.test('a beta client hears of an item once, when it comes', async t => {
  const item = { id: 'i', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'x' }] }
  t.strictSame(client().down({ type: 'conversation.item.added', event_id: 'e', previous_item_id: null, item }),
    [{ type: 'conversation.item.created', event_id: 'e', previous_item_id: null, item: { object: 'realtime.item', ...item } }])
  t.strictSame(client().down({ type: 'conversation.item.done', event_id: 'e', previous_item_id: null, item }), [])
  t.strictSame(client().down({ type: 'response.function_call_arguments.done', name: 'f', arguments: '{}' }), [{ type: 'response.function_call_arguments.done', name: 'f', arguments: '{}' }])
})

t.test('an error names the field as its reader knows it', async t => {
  const rows: ReadonlyArray<readonly [beta: string, ga: string]> = [
    ['session.turn_detection', 'session.audio.input.turn_detection'],
    ['session.turn_detection.threshold', 'session.audio.input.turn_detection.threshold'],
    ['session.input_audio_format', 'session.audio.input.format'],
    ['session.input_audio_transcription.model', 'session.audio.input.transcription.model'],
    ['session.input_audio_noise_reduction.type', 'session.audio.input.noise_reduction.type'],
    ['session.output_audio_format', 'session.audio.output.format'],
    ['session.voice', 'session.audio.output.voice'],
    ['session.speed', 'session.audio.output.speed'],
    ['session.modalities[0]', 'session.output_modalities[0]'],
    ['session.max_response_output_tokens', 'session.max_output_tokens'],
    ['response.max_response_output_tokens', 'response.max_output_tokens'],
    ['response.voice', 'response.audio.output.voice'],
    ['response.output_audio_format', 'response.audio.output.format'],
    ['response.modalities', 'response.output_modalities'],
    ['session.voices', 'session.voices'],
    ['session.audio.output.voices', 'session.audio.output.voices'],
    ['session.tools[0].name', 'session.tools[0].name'],
    ['type', 'type'],
    ['session.audio', 'session.audio']
  ]
  const error = (param: unknown): RealtimeEvent => ({ type: 'error', event_id: 'e', error: { type: 'invalid_request_error', code: 'invalid_value', message: 'm', param, event_id: null } })
  for (const [beta, ga] of rows) {
    t.strictSame(client().down(error(ga)), [error(beta)], `${ga} is ${beta} to a beta client`)
    t.strictSame(upstream().down(error(beta)), [error(ga)], `${beta} is ${ga} to a GA client`)
  }
  for (const param of [null, 5, ['session.voice'], undefined]) t.strictSame(client().down(error(param)), [error(param)])

  // A format is a text in beta: it has nothing within it.
  for (const [ga, beta] of [['session.audio.input.format', 'session.input_audio_format'], ['session.audio.output.format', 'session.output_audio_format'], ['response.audio.output.format', 'response.output_audio_format']]) {
    for (const within of ['.type', '.rate', '[0]', '']) t.strictSame(client().down(error(ga + within)), [error(beta)], ga + within)
  }
  t.match(client().down({ type: 'error', error: { param: 'session.audio.input.format.rate', message: "Invalid 'session.audio.input.format.rate'." } }), [{ error: { param: 'session.input_audio_format', message: "Invalid 'session.input_audio_format'." } }])
})

t.test('a provider that does not tell the usage of a transcription has none', async t => {
  const event = { type: 'conversation.item.input_audio_transcription.completed', item_id: 'i', content_index: 0, transcript: 'x' }
  t.strictSame(upstream().down(event), [{ ...event, usage: { type: 'duration', seconds: 0 } }])
  t.strictSame(upstream().down({ ...event, usage: null }), [{ ...event, usage: { type: 'duration', seconds: 0 } }])
  t.strictSame(upstream().down({ ...event, usage: { type: 'tokens' } }), [{ ...event, usage: { type: 'tokens' } }])
})
