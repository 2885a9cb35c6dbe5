import t from 'tap'
import type { RealtimeEvent } from '../../types/index.ts'
import { openaiVoices, xaiVoices } from '../../lib/dialect/xai/voices.ts'
import { refusal, says, startHop, startPair } from '../fixtures/dialect/xai-upstream.ts'

const update = (session: unknown): RealtimeEvent => ({ type: 'session.update', event_id: 'c1', session })
const vad = { type: 'server_vad', create_response: true, interrupt_response: true }
const field = 'session.audio.input.turn_detection'

/** What a session says in GA, what xAI is told, and what is told to have changed; in a strict session the first of these is refused. */
type Row = readonly [what: string, ga: object, xai: object, adjusted?: readonly string[]]

const inputs: readonly Row[] = [
  ['its type', { type: 'realtime', instructions: 'Hi' }, { instructions: 'Hi' }],
  ['a voice', { audio: { output: { voice: 'marin' } } }, { voice: 'ara' }],
  ['a voice in capitals', { audio: { output: { voice: 'Cedar' } } }, { voice: 'rex' }],
  ['a voice of xAI\'s', { audio: { output: { voice: 'Luna' } } }, { voice: 'luna' }],
  ['a voice of one\'s own', { audio: { output: { voice: { id: 'My_Voice' } } } }, { voice: 'My_Voice' }],
  ['a mapped voice by id', { audio: { output: { voice: { id: 'marin' } } } }, { voice: 'ara' }],
  ['no voice', { audio: { output: { voice: null } } }, {}],
  ['its own voice twice', { voice: 'Eve', audio: { output: { voice: 'marin' } } }, { voice: 'eve' }],
  ['a voice of OpenAI\'s in xAI\'s field', { voice: 'alloy' }, { voice: 'sal' }],
  ['a voice of one\'s own in xAI\'s field', { voice: { id: 'My_Voice' } }, { voice: 'My_Voice' }],
  ['speed', { audio: { output: { speed: 1.25 } } }, { audio: { output: { speed: 1.25 } } }],
  ['too slow', { audio: { output: { speed: 0.25 } } }, { audio: { output: { speed: 0.7 } } }, ['session.audio.output.speed']],
  ['too fast', { audio: { output: { speed: 2 } } }, { audio: { output: { speed: 1.5 } } }, ['session.audio.output.speed']],
  ['PCM without a rate', { audio: { input: { format: { type: 'audio/pcm' } }, output: { format: { type: 'audio/pcm' } } } },
    { audio: { input: { format: { rate: 24000, type: 'audio/pcm' } }, output: { format: { rate: 24000, type: 'audio/pcm' } } } }],
  ['PCM in another rate', { audio: { input: { format: { type: 'audio/pcm', rate: 8000 } } } }, { audio: { input: { format: { rate: 8000, type: 'audio/pcm' } } } }],
  ['other formats', { audio: { input: { format: { type: 'audio/pcmu' } }, output: { format: 'pcm16' } } }, { audio: { input: { format: { type: 'audio/pcmu' } }, output: { format: 'pcm16' } } }],
  ['no format', { audio: { input: { format: null }, output: { format: null } } }, {}],
  ['no transcription', { audio: { input: { transcription: null } } }, { audio: { input: { transcription: null } } }],
  ['transcription', { audio: { input: { transcription: { model: 'whisper-1', language: 'de', keywords: ['Zoë'] } } } },
    { audio: { input: { transcription: { model: 'grok-transcribe', language_hint: 'de', keyterms: ['Zoë'] } } } }],
  ['transcription in xAI\'s words', { audio: { input: { transcription: { model: 'grok-transcribe', language_hint: 'en', keyterms: ['a'] } } } },
    { audio: { input: { transcription: { model: 'grok-transcribe', language_hint: 'en', keyterms: ['a'] } } } }],
  ['nulls of a transcription', { audio: { input: { transcription: { model: 'whisper-1', language: null, prompt: null, delay: null, languages: null } } } },
    { audio: { input: { transcription: { model: 'grok-transcribe' } } } }],
  ['a prompt', { audio: { input: { transcription: { prompt: 'names' } } } }, { audio: { input: { transcription: { model: 'grok-transcribe' } } } }, ['session.audio.input.transcription.prompt']],
  ['a delay and languages', { audio: { input: { transcription: { languages: ['de'], delay: 'low' } } } }, { audio: { input: { transcription: { model: 'grok-transcribe' } } } },
    ['session.audio.input.transcription.languages', 'session.audio.input.transcription.delay']],
  ['too many keywords', { audio: { input: { transcription: { keywords: Array.from({ length: 101 }, (_, i) => `k${i}`) } } } },
    { audio: { input: { transcription: { model: 'grok-transcribe', keyterms: Array.from({ length: 100 }, (_, i) => `k${i}`) } } } }, ['session.audio.input.transcription.keywords']],
  ['a keyword that is too long', { audio: { input: { transcription: { keywords: ['🎧'.repeat(51)] } } } },
    { audio: { input: { transcription: { model: 'grok-transcribe', keyterms: ['🎧'.repeat(50)] } } } }, ['session.audio.input.transcription.keywords']],
  ['a keyword that is no text', { audio: { input: { transcription: { keywords: [1, 'b'] } } } },
    { audio: { input: { transcription: { model: 'grok-transcribe', keyterms: ['b'] } } } }, ['session.audio.input.transcription.keywords']],
  ['noise reduction', { audio: { input: { noise_reduction: { type: 'near_field' } } } }, {}, ['session.audio.input.noise_reduction']],
  ['no noise reduction', { audio: { input: { noise_reduction: null } } }, {}],
  ['minimal reasoning', { reasoning: { effort: 'minimal' } }, { reasoning: { effort: 'none' } }, ['session.reasoning.effort']],
  ['low reasoning', { reasoning: { effort: 'low' } }, { reasoning: { effort: 'none' } }, ['session.reasoning.effort']],
  ['medium reasoning', { reasoning: { effort: 'medium' } }, { reasoning: { effort: 'high' } }, ['session.reasoning.effort']],
  ['high reasoning', { reasoning: { effort: 'high' } }, { reasoning: { effort: 'high' } }],
  ['very high reasoning', { reasoning: { effort: 'xhigh' } }, { reasoning: { effort: 'high' } }, ['session.reasoning.effort']],
  ['reasoning in xAI\'s words', { reasoning: { effort: 'none' } }, { reasoning: { effort: 'none' } }],
  ['no reasoning', { reasoning: null }, {}],
  ['speech', { output_modalities: ['audio'] }, {}],
  ['speech and text', { output_modalities: ['text', 'audio'] }, {}],
  ['text only', { output_modalities: ['text'] }, {}, ['session.output_modalities']],
  ['what asks for nothing', { model: 'gpt-realtime', include: [], max_output_tokens: 'inf', truncation: 'auto', parallel_tool_calls: true, prompt: null }, {}],
  ['what is null', { max_output_tokens: null, truncation: null, parallel_tool_calls: null, tracing: null, include: null }, {}],
  ['the highest limit, which many send who mean none', { max_output_tokens: 4096 }, {}, ['session.max_output_tokens']],
  ['probabilities', { include: ['item.input_audio_transcription.logprobs'] }, {}, ['session.include']],
  ['truncation', { truncation: 'disabled' }, {}, ['session.truncation']],
  ['truncation by ratio', { truncation: { type: 'retention_ratio', retention_ratio: 0.5 } }, {}, ['session.truncation']],
  ['one call at a time', { parallel_tool_calls: false }, {}, ['session.parallel_tool_calls']],
  ['tools', { tools: [{ type: 'function', name: 'f' }, { type: 'mcp', server_url: 'u', require_approval: 'never' }], tool_choice: 'auto' }, { tools: [{ type: 'function', name: 'f' }, { type: 'mcp', server_url: 'u' }], tool_choice: 'auto' }],
  ['what nobody knows', { some_day: 1, audio: { some_day: 2, input: { some_day: 3 }, output: { some_day: 4 } } }, { some_day: 1, audio: { some_day: 2, input: { some_day: 3 }, output: { some_day: 4 } } }],
  ['what only xAI has', { replace: { a: 'b' }, resumption: { enabled: true } }, { replace: { a: 'b' }, resumption: { enabled: true } }],
  ['fields that are something else', { audio: 5, output_modalities: 'text' }, {}],
  ['parts of sound that are something else', { audio: { input: [], output: 'x' } }, {}]
]

const detections: readonly Row[] = [
  ['off', { audio: { input: { turn_detection: null } } }, { turn_detection: null }],
  ['server VAD', { audio: { input: { turn_detection: { type: 'server_vad' } } } }, { turn_detection: vad }],
  ['all of server VAD', { audio: { input: { turn_detection: { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200, idle_timeout_ms: 5000, interrupt_response: false } } } },
    { turn_detection: { ...vad, interrupt_response: false, threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200, idle_timeout_ms: 5000 } }],
  ['nulls', { audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: null, create_response: null } } } }, { turn_detection: vad }],
  ['without a type', { audio: { input: { turn_detection: { silence_duration_ms: 300 } } } }, { turn_detection: { ...vad, silence_duration_ms: 300 } }],
  ['as xAI says it is off', { audio: { input: { turn_detection: { type: null } } } }, { turn_detection: null }],
  ['too keen', { audio: { input: { turn_detection: { type: 'server_vad', threshold: 0 } } } }, { turn_detection: { ...vad, threshold: 0.1 } }, [`${field}.threshold`]],
  ['too deaf', { audio: { input: { turn_detection: { type: 'server_vad', threshold: 1 } } } }, { turn_detection: { ...vad, threshold: 0.9 } }, [`${field}.threshold`]],
  ['too patient', { audio: { input: { turn_detection: { type: 'server_vad', silence_duration_ms: 20_000 } } } }, { turn_detection: { ...vad, silence_duration_ms: 10_000 } }, [`${field}.silence_duration_ms`]],
  ['impossible', { audio: { input: { turn_detection: { type: 'server_vad', silence_duration_ms: -1 } } } }, { turn_detection: { ...vad, silence_duration_ms: 0 } }, [`${field}.silence_duration_ms`]],
  ['numbers that are none', { audio: { input: { turn_detection: { type: 'server_vad', threshold: '1' } } } }, { turn_detection: { ...vad, threshold: '1' } }],
  ['semantic', { audio: { input: { turn_detection: { type: 'semantic_vad' } } } }, { turn_detection: { ...vad, silence_duration_ms: 500 } }, [`${field}.type`]],
  ['semantic, auto', { audio: { input: { turn_detection: { type: 'semantic_vad', eagerness: 'auto' } } } }, { turn_detection: { ...vad, silence_duration_ms: 500 } }, [`${field}.type`]],
  ['semantic, medium', { audio: { input: { turn_detection: { type: 'semantic_vad', eagerness: 'medium' } } } }, { turn_detection: { ...vad, silence_duration_ms: 500 } }, [`${field}.type`]],
  ['semantic, low', { audio: { input: { turn_detection: { type: 'semantic_vad', eagerness: 'low', interrupt_response: false } } } }, { turn_detection: { ...vad, interrupt_response: false, silence_duration_ms: 1000 } }, [`${field}.type`]],
  ['semantic, high', { audio: { input: { turn_detection: { type: 'semantic_vad', eagerness: 'high' } } } }, { turn_detection: { ...vad, silence_duration_ms: 200 } }, [`${field}.type`]],
  ['without responses', { audio: { input: { turn_detection: { type: 'server_vad', create_response: false } } } }, { turn_detection: { ...vad, create_response: false } }, [`${field}.create_response`]],
  ['at xAI\'s own path', { turn_detection: { type: 'server_vad', threshold: 0.85 } }, { turn_detection: { type: 'server_vad', threshold: 0.85 } }],
  ['semantic in xAI\'s own field', { turn_detection: { type: 'semantic_vad', eagerness: 'low' } }, { turn_detection: { ...vad, silence_duration_ms: 1000 } }, ['session.turn_detection.type']],
  ['off in xAI\'s own place, which counts', { turn_detection: null, audio: { input: { turn_detection: { type: 'server_vad' } } } }, { turn_detection: null }]
]

t.test('a session.update tells xAI the same at its own paths, or what comes nearest', async t => {
  for (const [what, ga, xai, adjusted = []] of [...inputs.map(([what, ga, xai, ...rest]): Row => [what, ga, { ...xai, turn_detection: vad }, ...rest]), ...detections]) {
    const hop = startHop()
    t.strictSame(hop.up(update({ type: 'realtime', ...ga })), [{ type: 'session.update', event_id: 'c1', session: xai }], what)
    t.strictSame(hop.adjusted, adjusted, what)
  }
})

t.test('a strict session refuses what xAI has no equal for, and names the field', async t => {
  for (const [what, ga, , [first] = []] of [...inputs, ...detections]) {
    const hop = startHop({ strict: true })
    t.strictSame(refusal(hop, update(ga)), first === undefined ? undefined : ['unsupported_feature', first], what)
    t.strictSame(hop.adjusted, [])
  }
})

const mcp = { type: 'mcp', server_label: 's', server_url: 'https://mcp.example', require_approval: 'never' }
const clock = { type: 'function', name: 'f' }

t.test('what holds the model back and xAI would not heed is refused, strict or not', async t => {
  const rows: ReadonlyArray<readonly [said: object, field: string]> = [
    [{ tools: [{ ...mcp, require_approval: 'always' }] }, 'session.tools[0].require_approval'],
    [{ tools: [clock, { ...mcp, require_approval: { always: { tool_names: ['delete'] } } }] }, 'session.tools[1].require_approval'],
    [{ tools: [{ ...mcp, require_approval: { never: { read_only: true } } }] }, 'session.tools[0].require_approval'],
    [{ tools: [{ ...mcp, require_approval: {} }] }, 'session.tools[0].require_approval'],
    [{ tools: [{ ...mcp, require_approval: null }] }, 'session.tools[0].require_approval'],
    [{ tools: [{ type: 'mcp', server_url: 'u' }] }, 'session.tools[0].require_approval'],
    [{ tools: [{ ...mcp, connector_id: 'connector_gmail' }] }, 'session.tools[0].connector_id'],
    [{ tools: [{ ...mcp, tunnel_id: 't' }] }, 'session.tools[0].tunnel_id'],
    [{ tools: [{ ...mcp, allowed_callers: ['programmatic'] }] }, 'session.tools[0].allowed_callers'],
    [{ tools: [{ ...mcp, allowed_tools: { read_only: true } }] }, 'session.tools[0].allowed_tools'],
    [{ tools: [{ ...mcp, allowed_tools: { read_only: true, tool_names: ['a'] } }] }, 'session.tools[0].allowed_tools'],
    [{ tools: [{ ...mcp, allowed_tools: [] }] }, 'session.tools[0].allowed_tools'],
    [{ tools: [{ ...mcp, allowed_tools: {} }] }, 'session.tools[0].allowed_tools'],
    [{ tools: [{ ...mcp, allowed_tools: 'a' }] }, 'session.tools[0].allowed_tools'],
    [{ max_output_tokens: 100 }, 'session.max_output_tokens'],
    [{ max_output_tokens: 'few' }, 'session.max_output_tokens'],
    [{ truncation: { type: 'retention_ratio', retention_ratio: 1, token_limits: { post_instructions: 1000 } } }, 'session.truncation.token_limits'],
    [{ prompt: { id: 'p' } }, 'session.prompt']
  ]
  for (const [said, field] of rows) {
    for (const strict of [false, true]) {
      const hop = startHop({ strict })
      t.strictSame(refusal(hop, update({ type: 'realtime', ...said })), ['unsupported_feature', field], JSON.stringify(said))
      t.strictSame(hop.adjusted, [])
    }
  }
})

t.test('an MCP tool that nobody is to approve reaches xAI as xAI takes it', async t => {
  const { require_approval: _, ...plain } = mcp
  const rows: ReadonlyArray<readonly [said: object, sent: object, adjusted?: string]> = [
    [mcp, plain],
    [{ ...mcp, authorization: 'token', headers: { a: 'b' }, server_description: 'd', some_day: 1 }, { ...plain, authorization: 'token', headers: { a: 'b' }, server_description: 'd', some_day: 1 }],
    [{ ...mcp, allowed_tools: ['a'] }, { ...plain, allowed_tools: ['a'] }],
    [{ ...mcp, allowed_tools: { tool_names: ['a', 'b'] } }, { ...plain, allowed_tools: ['a', 'b'] }],
    [{ ...mcp, allowed_tools: null, allowed_callers: ['programmatic', 'direct'], connector_id: null, defer_loading: false }, plain],
    [{ ...mcp, defer_loading: true }, plain, 'session.tools[0].defer_loading']
  ]
  for (const [said, sent, adjusted] of rows) {
    const hop = startHop()
    t.match(hop.up(update({ type: 'realtime', tools: [said] })), [{ session: { tools: [sent] } }])
    t.strictSame((hop.up(update({ type: 'realtime', tools: [said] }))[0]!['session'] as { tools?: unknown }).tools, [sent])
    t.strictSame([...new Set(hop.adjusted)], adjusted === undefined ? [] : [adjusted])
  }
})

t.test('an update in xAI\'s own shape, which has no type, means by silence that nobody is asked before a tool is called', async t => {
  const tools = [{ type: 'mcp', server_url: 'u' }]
  const hop = startHop()
  t.strictSame(refusal(hop, { type: 'response.create', response: { tools } }), ['unsupported_feature', 'response.tools[0].require_approval'])
  t.match(hop.up(update({ voice: 'ara', tools })), [{ session: { tools } }])
  t.match(hop.up({ type: 'response.create', response: { tools } }), [{ response: { tools } }], 'in its responses, too')
  t.strictSame(refusal(hop, update({ tools: [{ ...tools[0], require_approval: 'always' }] })), ['unsupported_feature', 'session.tools[0].require_approval'])
  hop.up(update({ type: 'realtime' }))
  t.strictSame(refusal(hop, { type: 'response.create', response: { tools } }), ['unsupported_feature', 'response.tools[0].require_approval'])
})

t.test('a trace, which only OpenAI keeps, is told and never refused', async t => {
  for (const strict of [false, true]) {
    const hop = startHop({ strict })
    t.match(hop.up(update({ type: 'realtime', tracing: 'auto' })), [{ session: { tracing: undefined } }])
    t.strictSame(hop.adjusted, ['session.tracing'])
  }
})

t.test('a voice that nobody knows passes and is told, whatever field it stands in', async t => {
  const rows: ReadonlyArray<readonly [event: RealtimeEvent, field: string]> = [
    [update({ type: 'realtime', audio: { output: { voice: 'somebody' } } }), 'session.audio.output.voice'],
    [update({ type: 'realtime', audio: { output: { voice: 'constructor' } } }), 'session.audio.output.voice'],
    [update({ voice: 'somebody' }), 'session.voice'],
    [{ type: 'response.create', response: { audio: { output: { voice: 'somebody' } } } }, 'response.audio.output.voice'],
    [{ type: 'response.create', response: { voice: 'somebody' } }, 'response.voice']
  ]
  for (const [event, field] of rows) {
    for (const strict of [false, true]) {
      const hop = startHop({ strict })
      t.match(JSON.stringify(hop.up(event)), /"voice":"(somebody|constructor)"/)
      t.strictSame(hop.adjusted, [field])
    }
  }
  const hop = startHop()
  for (const voice of ['eve', 'ara', 'Rex', 'sal', 'leo', 'Luna', 'xai_ara', 'alloy', { id: 'My_Voice' }]) hop.up(update({ voice }))
  t.strictSame(hop.adjusted, [], 'those of xAI and of OpenAI are known, and one by its id is one\'s own')
})

t.test('flat fields of the beta shape pass from a client that speaks GA, and are told', async t => {
  const hop = startHop()
  const flat = { input_audio_format: 'g711_ulaw', output_audio_format: 'g711_ulaw', speed: 1.2, temperature: 0.7, max_response_output_tokens: 100 }
  t.match(hop.up(update({ ...flat, voice: 'alloy' })), [{ session: { ...flat, voice: 'sal' } }])
  t.strictSame(hop.adjusted, ['session.input_audio_format', 'session.output_audio_format', 'session.speed', 'session.temperature', 'session.max_response_output_tokens'])
})

t.test('a transcription session is refused', async t => {
  t.strictSame(refusal(startHop(), update({ type: 'transcription' })), ['unsupported_feature', 'session.type'])
})

t.test('an update without a session is xAI\'s to judge, and settles nothing', async t => {
  for (const session of [undefined, null, 'x', [], 5]) {
    const hop = startHop()
    t.strictSame(hop.up(update(session)), [update(session)])
    t.equal(hop.opening('response.create')?.length, 1)
  }
})

t.test('a client that does not speak of turn detection gets OpenAI\'s default with its first update, and only then', async t => {
  const hop = startHop()
  t.equal(hop.opening('session.update'), undefined)
  t.strictSame(hop.up(update({ type: 'realtime', tracing: 'auto' })), [update({ turn_detection: vad })])
  t.equal(hop.opening('session.update'), undefined, 'xAI may still refuse it')
  t.strictSame(hop.up(update({ type: 'realtime', instructions: 'Hi' })), [update({ instructions: 'Hi' })])
  t.strictSame(hop.down(says.updated({ turn_detection: vad })).length, 1, 'its answer is the client\'s')
  t.equal(hop.opening(undefined), undefined, 'for the second has not been answered')
  hop.down(says.updated({ turn_detection: vad }))
  t.strictSame(hop.opening(undefined), [])
})

const refusing = (id: string | null): RealtimeEvent => ({ type: 'error', event_id: 'e', error: { type: 'invalid_event', code: 'x', message: 'm', param: 'session.voice', event_id: id } })

t.test('of an update that xAI refuses nothing holds', async t => {
  const hop = startHop()
  hop.up({ ...update({ type: 'realtime', audio: { input: { turn_detection: vad }, output: { speed: 1.2 } } }), event_id: 'u1' })
  hop.down(says.updated({ turn_detection: vad }))
  hop.up({ ...update({ type: 'realtime', output_modalities: ['text'], audio: { input: { turn_detection: null }, output: { speed: 1.4 } } }), event_id: 'u2' })
  t.equal(hop.state.sessionConfig.turnDetection, null)
  t.match(hop.down(refusing('u2')), [{ type: 'error', error: { event_id: 'u2', param: 'session.audio.output.voice' } }], 'the field by the client\'s name')
  t.match(hop.state.sessionConfig, { turnDetection: { type: 'server_vad' }, speed: 1.2, textOnly: false })
})

t.test('what was sent after an update that xAI refuses holds all the same', async t => {
  const hop = startHop()
  hop.up({ ...update({ type: 'realtime', audio: { input: { format: { type: 'audio/nope' } }, output: { speed: 1.2 } } }), event_id: 'u1' })
  hop.up({ ...update({ type: 'realtime', audio: { input: { turn_detection: null }, output: { voice: 'marin' } } }), event_id: 'u2' })
  t.equal(hop.down(refusing('u1')).length, 1)
  t.match(hop.state.sessionConfig, { turnDetection: null, speed: 1, voice: { client: 'marin' }, inputFormat: { type: 'audio/pcm' } })
  t.equal(hop.opening(undefined), undefined, 'turn detection was spoken of')
  t.match(hop.down(says.updated({ voice: 'ara' })), [{ session: { audio: { input: { turn_detection: null }, output: { voice: 'marin', speed: 1 } } } }])
  t.strictSame(hop.opening(undefined), [])
})

t.test('each answer shows its own update, though another is on its way', async t => {
  const hop = startHop()
  const wants = (voice: string, turnDetection: object | null, model: string, modality: string): object =>
    ({ type: 'realtime', output_modalities: [modality], audio: { input: { turn_detection: turnDetection, transcription: { model } }, output: { voice } } })
  const shown = (session: object): unknown => hop.down(says.updated({ audio: { input: { transcription: {} } }, ...session }))[0]!['session']
  const first = wants('marin', null, 'whisper-1', 'audio')
  const second = wants('cedar', vad, 'gpt-4o-transcribe', 'text')
  hop.up(update(first))
  hop.up(update(second))
  t.match(hop.state.sessionConfig, { voice: { client: 'cedar' }, textOnly: true }, 'what is asked for meanwhile goes by the last')
  t.match(shown({ voice: 'ara' }), first)
  t.match(hop.state.sessionConfig, { voice: { client: 'cedar' }, textOnly: true })
  t.match(shown({ voice: 'rex', turn_detection: vad }), second)
  t.match(shown({ voice: 'eve', turn_detection: vad }), { audio: { output: { voice: 'eve' } } }, 'what nobody asked for is shown as xAI says it')
})

t.test('a first update that xAI refuses does not keep the default away', async t => {
  const hop = startHop()
  t.match(hop.up({ type: 'session.update', session: { type: 'realtime' } }), [{ event_id: 'gateway_update_1' }], 'one without an id gets one, to be refused by')
  t.match(hop.down(refusing('gateway_update_1')), [{ error: { event_id: null } }], 'which the client never hears')
  t.match(hop.opening('input_audio_buffer.append'), [{ session: { turn_detection: vad } }])
})

t.test('no more updates than sixteen are waited for', async t => {
  const hop = startHop()
  for (let i = 0; i < 100; i++) hop.up(update({ type: 'realtime' }))
  t.equal(hop.state.updates.length, 16)
})

t.test('a client that says something else first gets the default before, and never hears of it', async t => {
  for (const type of [undefined, 'response.create', 'conversation.item.create']) {
    const hop = startHop()
    t.strictSame(hop.opening(type), [{ type: 'session.update', event_id: 'gateway_default_turn_detection', session: { turn_detection: vad } }])
    t.strictSame(hop.opening(type), [])
    t.strictSame(hop.down(says.updated({ turn_detection: vad })), [])
    t.equal(hop.down(says.updated({ turn_detection: vad })).length, 1)
  }
  const refused = startHop()
  refused.opening(undefined)
  const error = (id: string | null): RealtimeEvent => ({ type: 'error', event_id: 'e', error: { type: 'invalid_event', code: 'x', message: 'm', param: null, event_id: id } })
  t.equal(refused.down(error('c9')).length, 1, 'an error that is about something else')
  t.strictSame(refused.down(error('gateway_default_turn_detection')), [])
  t.equal(refused.down(says.updated()).length, 1, 'what comes then is the client\'s')
  t.equal(refused.down(error('gateway_default_turn_detection')).length, 1)
})

t.test('a refusal of the hidden default that names no event is hidden by its words, and no other error is', async t => {
  const error = (fields: object): RealtimeEvent => ({ type: 'error', event_id: 'e', error: { type: 'invalid_request_error', message: 'm', ...fields } })
  for (const about of [{ message: 'Invalid turn_detection.' }, { code: 'invalid_session.update' }, { param: 'session.turn_detection.type' }]) {
    const hop = startHop()
    hop.opening(undefined)
    t.strictSame(hop.down(error(about)), [])
    t.equal(hop.down(says.updated()).length, 1, 'what comes then is the client\'s')
    t.equal(hop.down(error(about)).length, 1, 'and so is what is refused then')
  }
  const hop = startHop()
  hop.opening(undefined)
  t.equal(hop.down(error({ message: 'The session is too old.' })).length, 1)
  hop.up(update({ type: 'realtime', instructions: 'x' }))
  t.strictSame(hop.down(error({ message: 'Invalid turn_detection.' })), [], 'what the client has sent since is answered later')
  t.equal(hop.down(says.updated()).length, 1)
  t.equal(hop.state.updates.length, 0)
})

t.test('a first update that is refused settles nothing', async t => {
  const hop = startHop({ strict: true })
  t.ok(refusal(hop, update({ truncation: 'disabled', output_modalities: ['text'] })))
  t.equal(hop.opening('session.update'), undefined)
  t.equal(hop.opening(undefined)?.length, 1)
  t.notOk(hop.state.sessionConfig.textOnly)
})

t.test('through the engine the default goes before the first event, and a first update carries it', async t => {
  const quiet = startPair()
  t.strictSame(quiet.opening(undefined), { texts: [`{"type":"session.update","event_id":"gateway_default_turn_detection","session":{"turn_detection":${JSON.stringify(vad)}}}`], done: true })
  const polite = startPair()
  t.strictSame(polite.opening('session.update'), { texts: [], done: false })
  t.strictSame(polite.up.translate(Buffer.from('{"type":"session.update","session":{"type":"realtime"}}'))?.onward, [`{"type":"session.update","session":{"turn_detection":${JSON.stringify(vad)}},"event_id":"gateway_update_1"}`])
  t.strictSame(polite.opening(undefined), { texts: [], done: false })
  polite.down.translate(Buffer.from(JSON.stringify(says.updated({ turn_detection: vad }))))
  t.strictSame(polite.opening(undefined), { texts: [], done: true })
})

t.test('every voice of OpenAI\'s has one of xAI\'s, and those of xAI\'s lead to one of OpenAI\'s', async t => {
  // Of Realtime, its beta, and speech (the types of the `openai` package).
  const openai = ['alloy', 'ash', 'ballad', 'coral', 'echo', 'fable', 'nova', 'onyx', 'sage', 'shimmer', 'verse', 'marin', 'cedar']
  t.strictSame(Object.keys(xaiVoices).sort(), [...openai].sort())
  t.strictSame(Object.keys(openaiVoices).sort(), ['ara', 'eve', 'leo', 'rex', 'sal'])
  t.strictSame([...new Set(Object.values(xaiVoices))].sort(), Object.keys(openaiVoices).sort())
  t.ok(Object.values(openaiVoices).every(voice => openai.includes(voice)))
})
