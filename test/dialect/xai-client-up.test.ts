import t from 'tap'
import { createPair } from '../../lib/dialect/translation.ts'
import { xaiClient } from '../../lib/dialect/xai/client/dialect.ts'
import { openaiVoices } from '../../lib/dialect/xai/voices.ts'
import { refusedFor, startXaiSession } from '../fixtures/dialect/xai-client.ts'
import type { RealtimeEvent } from '../../types/index.ts'

type Fields = Readonly<Record<string, unknown>>

const update = (session: unknown): RealtimeEvent => ({ type: 'session.update', event_id: 'e1', session })
const manual = { turn_detection: null }

interface Row { readonly title: string, readonly said: Fields, readonly sent: Fields, readonly adjusted?: readonly string[] }

const rows: readonly Row[] = [
  { title: 'nothing at all', said: {}, sent: { audio: { input: manual } } },
  { title: 'instructions, tool choice and fields that nobody knows pass', said: { instructions: 'Be brief.', tool_choice: 'required', some_day: [1] }, sent: { instructions: 'Be brief.', tool_choice: 'required', some_day: [1], audio: { input: manual } } },
  { title: 'the type is OpenAI\'s', said: { type: 'anything' }, sent: { audio: { input: manual } } },
  { title: 'a model, modalities and what names the session go no further', said: { model: 'grok-voice-latest', modalities: ['audio'], id: 'x', object: 'realtime.session' }, sent: { audio: { input: manual } } },
  { title: 'a voice goes by OpenAI\'s name, at OpenAI\'s path', said: { voice: 'eve' }, sent: { audio: { input: manual, output: { voice: 'coral' } } } },
  { title: 'a voice in any case', said: { voice: 'Ara' }, sent: { audio: { input: manual, output: { voice: 'marin' } } } },
  { title: 'a voice with xAI\'s prefix', said: { voice: 'XAI_Rex' }, sent: { audio: { input: manual, output: { voice: 'cedar' } } } },
  { title: 'a voice at OpenAI\'s path', said: { audio: { output: { voice: 'leo' } } }, sent: { audio: { input: manual, output: { voice: 'ash' } } } },
  { title: 'a voice at xAI\'s path counts', said: { voice: 'leo', audio: { output: { voice: 'eve' } } }, sent: { audio: { input: manual, output: { voice: 'ash' } } } },
  { title: 'a voice that no table names passes', said: { voice: 'Shimmer' }, sent: { audio: { input: manual, output: { voice: 'Shimmer' } } } },
  { title: 'a voice called like a field of every object passes', said: { voice: 'constructor' }, sent: { audio: { input: manual, output: { voice: 'constructor' } } } },
  { title: 'turn detection goes to OpenAI\'s path, its numbers as they are', said: { turn_detection: { type: 'server_vad', threshold: 0.95, prefix_padding_ms: 333, silence_duration_ms: 10000, idle_timeout_ms: 8000 } }, sent: { audio: { input: { turn_detection: { type: 'server_vad', threshold: 0.95, prefix_padding_ms: 333, silence_duration_ms: 10000, idle_timeout_ms: 8000 } } } } },
  { title: 'turn detection at OpenAI\'s path', said: { audio: { input: { turn_detection: { type: 'server_vad' } } } }, sent: { audio: { input: { turn_detection: { type: 'server_vad' } } } } },
  { title: 'turn detection at xAI\'s path counts', said: { turn_detection: { type: 'server_vad' }, audio: { input: manual } }, sent: { audio: { input: { turn_detection: { type: 'server_vad' } } } } },
  { title: 'no turn detection', said: { turn_detection: null }, sent: { audio: { input: manual } } },
  { title: 'turn detection of no type', said: { turn_detection: { type: null } }, sent: { audio: { input: manual } } },
  { title: 'turn detection that says nothing', said: { turn_detection: {} }, sent: { audio: { input: manual } } },
  { title: 'formats that both have', said: { audio: { input: { format: { type: 'audio/pcm', rate: 24000 } }, output: { format: { type: 'audio/pcm' } } } }, sent: { audio: { input: { format: { type: 'audio/pcm', rate: 24000 }, ...manual }, output: { format: { type: 'audio/pcm' } } } } },
  { title: 'G.711 has no rate at OpenAI', said: { audio: { input: { format: { type: 'audio/pcmu', rate: 8000 } }, output: { format: { type: 'audio/pcma', rate: 8000 } } } }, sent: { audio: { input: { format: { type: 'audio/pcmu' }, ...manual }, output: { format: { type: 'audio/pcma' } } } } },
  { title: 'formats that nobody knows pass', said: { audio: { input: { format: 'pcm16' }, output: { format: { type: 'audio/some_day', rate: 1 } } } }, sent: { audio: { input: { format: 'pcm16', ...manual }, output: { format: { type: 'audio/some_day', rate: 1 } } } } },
  { title: 'transport as JSON is the only one', said: { audio: { input: { transport: 'json' }, output: { transport: 'json' } } }, sent: { audio: { input: manual } } },
  { title: 'speed and other fields of audio pass', said: { audio: { input: { noise_reduction: null }, output: { speed: 0.7 }, some_day: 1 } }, sent: { audio: { some_day: 1, input: { noise_reduction: null, ...manual }, output: { speed: 0.7 } } } },
  { title: 'transcription with a language', said: { audio: { input: { transcription: { model: 'grok-transcribe', language_hint: 'JA' } } } }, sent: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe', language: 'ja' }, ...manual } } } },
  { title: 'transcription that names no model', said: { audio: { input: { transcription: {} } } }, sent: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' }, ...manual } } } },
  { title: 'transcription off', said: { audio: { input: { transcription: null } } }, sent: { audio: { input: { transcription: null, ...manual } } } },
  { title: 'transcription by a model of OpenAI\'s, with key terms', said: { audio: { input: { transcription: { model: 'gpt-transcribe', keyterms: ['Fastify'], prompt: 'p' } } } }, sent: { audio: { input: { transcription: { model: 'gpt-transcribe', keywords: ['Fastify'], prompt: 'p' }, ...manual } } } },
  { title: 'transcription where xAI shows it', said: { input_audio_transcription: { model: 'grok-transcribe' } }, sent: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' }, ...manual } } } },
  { title: 'key terms', said: { audio: { input: { transcription: { model: 'grok-transcribe', keyterms: ['Fastify'] } } } }, sent: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' }, ...manual } } }, adjusted: ['session.audio.input.transcription.keyterms'] },
  { title: 'no key terms', said: { audio: { input: { transcription: { keyterms: [] } } } }, sent: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' }, ...manual } } } },
  { title: 'the language of a region', said: { audio: { input: { transcription: { language_hint: 'es-MX' } } } }, sent: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe', language: 'es' }, ...manual } } }, adjusted: ['session.audio.input.transcription.language_hint'] },
  { title: 'no reasoning is not said to models that may have none', said: { reasoning: { effort: 'none' } }, sent: { audio: { input: manual } }, adjusted: ['session.reasoning.effort'] },
  { title: 'no reasoning, whatever else is said of it', said: { reasoning: { effort: 'none', some_day: 1 } }, sent: { audio: { input: manual } }, adjusted: ['session.reasoning.effort'] },
  { title: 'much reasoning passes', said: { reasoning: { effort: 'high' } }, sent: { reasoning: { effort: 'high' }, audio: { input: manual } } },
  { title: 'resumption that is not asked for', said: { resumption: {} }, sent: { audio: { input: manual } } },
  { title: 'resumption that is null', said: { resumption: { enabled: null } }, sent: { audio: { input: manual } } },
  { title: 'no resumption, and nothing to pronounce', said: { resumption: { enabled: false }, replace: {} }, sent: { audio: { input: manual } } },
  { title: 'a limit of tokens where xAI shows it', said: { max_response_output_tokens: 100 }, sent: { max_output_tokens: 100, audio: { input: manual } } },
  { title: 'a limit of tokens at OpenAI\'s path counts', said: { max_output_tokens: 5, max_response_output_tokens: 100 }, sent: { max_output_tokens: 5, audio: { input: manual } } },
  { title: 'what xAI shows beside, and stands for nothing', said: { temperature: -1, enable_noise_suppression: false, keep_context: false, enable_phonetic_spelling: false }, sent: { audio: { input: manual } } },
  { title: 'what OpenAI has nothing like', said: { temperature: 0.7, keep_context: true }, sent: { audio: { input: manual } }, adjusted: ['session.temperature', 'session.keep_context'] },
  {
    title: 'tools: a function within a field of its own, and as OpenAI has it',
    said: { tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } }, { type: 'function', name: 'g' }] },
    sent: { tools: [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' } }, { type: 'function', name: 'g' }], audio: { input: manual } }
  },
  {
    title: 'tools of an MCP server, which nobody is asked about on xAI',
    said: { tools: [{ type: 'mcp', server_url: 'https://mcp.example', server_label: 'l', authorization: 'a' }, { type: 'mcp', server_label: 'm', require_approval: 'always' }] },
    sent: { tools: [{ type: 'mcp', server_url: 'https://mcp.example', server_label: 'l', authorization: 'a', require_approval: 'never' }, { type: 'mcp', server_label: 'm', require_approval: 'always' }], audio: { input: manual } }
  },
  { title: 'tools that nobody knows pass', said: { tools: [{ type: 'some_day' }, 7] }, sent: { tools: [{ type: 'some_day' }, 7], audio: { input: manual } } }
]

for (const { title, said, sent, adjusted = [] } of rows) {
  t.test(`session.update: ${title}`, async t => {
    const session = startXaiSession()
    t.strictSame(session.up(update(said)), [{ type: 'session.update', event_id: 'e1', session: { type: 'realtime', ...sent } }])
    t.strictSame(session.adjusted, adjusted)
    t.equal(refusedFor(startXaiSession({ strict: true }), update(said)), adjusted[0], 'strict refuses what is not exact')
  })
}

const refusals: ReadonlyArray<readonly [session: Fields, param: string]> = [
  [{ audio: { input: { format: { type: 'audio/pcm', rate: 16000 } } } }, 'session.audio.input.format.rate'],
  [{ audio: { output: { format: { type: 'audio/pcm', rate: 48000 } } } }, 'session.audio.output.format.rate'],
  [{ audio: { input: { format: { type: 'audio/opus' } } } }, 'session.audio.input.format.type'],
  [{ audio: { output: { format: { type: 'audio/opus', rate: 24000 } } } }, 'session.audio.output.format.type'],
  [{ audio: { input: { transport: 'binary' } } }, 'session.audio.input.transport'],
  [{ audio: { output: { transport: 'binary' } } }, 'session.audio.output.transport'],
  [{ tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }] }, 'session.tools[1].type'],
  [{ tools: [{ type: 'x_search' }] }, 'session.tools[0].type'],
  [{ tools: [{ type: 'file_search', vector_store_ids: ['v'] }] }, 'session.tools[0].type'],
  [{ replace: { nginx: 'engine x' } }, 'session.replace']
]

for (const [said, param] of refusals) {
  t.test(`session.update: ${JSON.stringify(said)} is refused for ${param}, and nothing of it is remembered`, async t => {
    const session = startXaiSession()
    const before = structuredClone({ ...session.state, context: null })
    t.equal(refusedFor(session, update({ voice: 'eve', turn_detection: { type: 'server_vad' }, ...said })), param)
    t.strictSame({ ...session.state, context: null }, before)
  })
}

t.test('a refusal is told in the client\'s words, with its event', async t => {
  const pair = createPair(xaiClient, undefined)!({ strict: false, voices: openaiVoices, adjusted () {} })
  const { onward, back } = pair.up.translate(Buffer.from(JSON.stringify(update({ audio: { input: { format: { type: 'audio/opus' } } } }))))!
  t.strictSame(onward, [])
  const { error } = JSON.parse(back[0]!) as { error: Fields }
  t.match(error, { type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.audio.input.format.type', event_id: 'e1', message: /audio\/opus/ })
})

const resumable = { voice: 'eve', turn_detection: { type: 'server_vad' }, resumption: { enabled: true } }

t.test('a session to be resumed: the rest of the update goes up, and the client is told', async t => {
  for (const enabled of [true, 'yes', 1]) {
    const session = startXaiSession()
    const { onward, back } = session.says(update({ ...resumable, resumption: { enabled } }))
    t.strictSame(onward, [{ type: 'session.update', event_id: 'e1', session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad' } }, output: { voice: 'coral' } } } }])
    t.match(back, [{ type: 'error', event_id: String, error: { type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.resumption.enabled', message: /cannot resume/, event_id: 'e1' } }])
    t.equal(back.length, 1)
    t.strictSame(session.adjusted, [], 'nothing is said in its place')
    t.equal(session.state.voice?.asked, 'eve')
  }
})

t.test('a session to be resumed: an update without an id is told without one', async t => {
  for (const id of [undefined, null, 7, {}, 'x'.repeat(600)]) {
    const session = startXaiSession()
    const { onward, back } = session.says({ type: 'session.update', ...id !== undefined && { event_id: id }, session: resumable } as unknown as RealtimeEvent)
    t.equal(onward.length, 1)
    t.match(back, [{ error: { code: 'unsupported_feature', event_id: null } }])
  }
})

t.test('a session to be resumed: strict refuses all of the update, and nothing of it is remembered', async t => {
  const session = startXaiSession({ strict: true })
  const before = structuredClone({ ...session.state, context: null })
  t.equal(refusedFor(session, update(resumable)), 'session.resumption.enabled')
  t.strictSame({ ...session.state, context: null }, before)
})

t.test('a session to be resumed: an update that is refused for something else is answered once', async t => {
  const pair = createPair(xaiClient, undefined)!({ strict: false, voices: openaiVoices, adjusted () {} })
  const { onward, back } = pair.up.translate(Buffer.from(JSON.stringify(update({ ...resumable, replace: { a: 'b' } }))))!
  t.strictSame(onward, [])
  t.match(back.map(each => JSON.parse(each) as Fields), [{ type: 'error', error: { param: 'session.replace', event_id: 'e1' } }])
  t.equal(back.length, 1)
})

t.test('a session to be resumed: the gateway sends the update on, and the error back', async t => {
  const pair = createPair(xaiClient, undefined)!({ strict: false, voices: openaiVoices, adjusted () {} })
  const { onward, back } = pair.up.translate(Buffer.from(JSON.stringify(update(resumable))))!
  t.match(onward.map(each => JSON.parse(each) as Fields), [{ type: 'session.update', event_id: 'e1', session: { type: 'realtime', resumption: undefined } }])
  t.match(back.map(each => JSON.parse(each) as Fields), [{ type: 'error', error: { type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.resumption.enabled', event_id: 'e1' } }])
  t.strictSame([onward.length, back.length], [1, 1])
})

t.test('a host\'s own table of voices is asked in the name as it is written first', async t => {
  const session = startXaiSession({ voices: { Narrator: 'verse', narrator: 'sage' } })
  t.match(session.up(update({ voice: 'Narrator' }))[0], { session: { audio: { output: { voice: 'verse' } } } })
  t.match(session.up(update({ voice: 'NARRATOR' }))[0], { session: { audio: { output: { voice: 'sage' } } } })
})

t.test('a voice of the user\'s own, and one that is no name, are OpenAI\'s to judge', async t => {
  for (const voice of [{ id: 'voice_1' }, 7, ['eve'], 'x'.repeat(600)]) {
    const session = startXaiSession()
    t.strictSame(session.up(update({ voice })), [{ type: 'session.update', event_id: 'e1', session: { type: 'realtime', audio: { input: manual, output: { voice } } } }])
    t.equal(session.state.voice, undefined)
  }
})

t.test('a session whose parts are no objects passes as it came', async t => {
  for (const session of [undefined, null, 'x', [], { audio: 'x' }, { audio: { input: 7 }, voice: 'eve' }, { audio: { output: ['x'] } }]) {
    const event = update(session)
    t.equal(startXaiSession().up(event)[0], event)
  }
})

const item = (item: unknown): RealtimeEvent => ({ type: 'conversation.item.create', previous_item_id: 'root', item })
const said = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'a' }, { type: 'audio', transcript: 'b' }, { type: 'input_text', text: 'c' }, 7, null] }

t.test('conversation.item.create: what the assistant said has OpenAI\'s names, everything else passes as it came', async t => {
  const session = startXaiSession()
  session.up(update({}))
  t.strictSame(session.up(item(said)), [item({ ...said, content: [{ type: 'output_text', text: 'a' }, { type: 'output_audio', transcript: 'b' }, ...said.content.slice(2)] })])
  for (const other of [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }, { type: 'text', text: 'b' }] },
    { type: 'message', role: 'assistant', content: 'x' },
    { type: 'function_call_output', call_id: 'c', output: 'o' },
    undefined, null, 7
  ]) {
    const event = item(other)
    t.equal(session.up(event)[0], event)
  }
  t.equal(refusedFor(session, item({ type: 'force_message', role: 'assistant', content: [{ type: 'output_text', text: 'a' }] })), 'item.type')
})

const respond = (response: unknown): RealtimeEvent => ({ type: 'response.create', response })

t.test('response.create: modalities are left out, a voice and tools are said OpenAI\'s way', async t => {
  const session = startXaiSession()
  session.up(update({}))
  const rest = { instructions: 'i', metadata: { key: 'value' } }
  t.strictSame(session.up(respond({ ...rest, modalities: ['text', 'audio'] })), [respond(rest)])
  t.strictSame(session.up(respond({ voice: 'Eve', audio: { output: { format: { type: 'audio/pcmu', rate: 8000 } } } })), [respond({ audio: { output: { format: { type: 'audio/pcmu' }, voice: 'coral' } } })])
  t.strictSame(session.up(respond({ audio: { output: { voice: 'rex' }, some_day: 1 } })), [respond({ audio: { some_day: 1, output: { voice: 'cedar' } } })])
  t.strictSame(session.up(respond({ tools: [{ type: 'function', function: { name: 'f' } }] })), [respond({ tools: [{ type: 'function', name: 'f' }] })])
  t.equal(refusedFor(session, respond({ tools: [{ type: 'web_search' }] })), 'response.tools[0].type')
  t.equal(refusedFor(session, respond({ audio: { output: { format: { type: 'audio/opus' } } } })), 'response.audio.output.format.type')
  for (const event of [{ type: 'response.create' }, respond(null), respond('x'), respond({ audio: 'x' }), respond({ audio: { output: 7 } })]) t.equal(session.up(event)[0], event)
})

t.test('the audio that the client sends is not in the table', async t => {
  t.strictSame(Object.keys(xaiClient.clientToUpstream), ['session.update', 'input_audio_buffer.commit', 'conversation.item.create', 'response.create'])
})
