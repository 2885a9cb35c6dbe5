import t from 'tap'
import { pcmChunks, speechPcm } from '../../lib/testing/index.ts'
import { decodeAudio } from '../../lib/testing/simulator/codec.ts'
import { rms } from '../../lib/testing/simulator/vad.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { append, connect, say, settled, start } from './client.ts'
import type { Client } from './client.ts'

interface Usage {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly total_tokens: number
  readonly input_token_details: Record<string, unknown> & { cached_tokens: number, cached_tokens_details: Record<string, number> }
  readonly output_token_details: Record<string, number>
}

const response = (event: RealtimeEvent): Record<string, unknown> & { usage: Usage, output: Record<string, unknown>[] } =>
  event.response as Record<string, unknown> & { usage: Usage, output: Record<string, unknown>[] }
const error = (event: RealtimeEvent | undefined): Record<string, unknown> => event?.error as Record<string, unknown>
const session = (event: RealtimeEvent): Record<string, unknown> & { audio: { input: Record<string, unknown>, output: Record<string, unknown> } } =>
  event.session as Record<string, unknown> & { audio: { input: Record<string, unknown>, output: Record<string, unknown> } }

function update (client: Client, fields: Record<string, unknown>): void {
  client.send({ type: 'session.update', session: { type: 'realtime', ...fields } })
}

const weather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
}

t.test('a session starts with the defaults of its model', async t => {
  const simulator = await start(t)
  const first = session(await (await connect(simulator)).next('session.created'))
  t.match(first, { object: 'realtime.session', model: 'gpt-realtime', output_modalities: ['audio'], max_output_tokens: 'inf', include: null })
  t.match(first.audio.input, { transcription: null, turn_detection: { type: 'server_vad', threshold: 0.5, silence_duration_ms: 200, create_response: true } })
  t.equal(first.audio.output.voice, 'alloy')
  const second = session(await (await connect(simulator, { query: 'model=gpt-realtime-2.1' })).next('session.created'))
  t.match(second.audio.input, { turn_detection: { silence_duration_ms: 500 } })
  t.equal(second.audio.output.voice, 'marin')
})

t.test('ids carry their time and come from the seed', async t => {
  // A recorded session that expired 3600 s after this second was called sess_E6U0wu9FmdwQ0Lgv9ESYH.
  const now = (): number => 1_785_214_050_000
  const run = async (seed: number): Promise<string[]> => {
    const client = await connect(await start(t, { now, seed }))
    say(client, 'Hello')
    await client.next('rate_limits.updated')
    client.ws.close()
    return client.events.map(event => JSON.stringify(event).slice(0, 400))
  }
  const first = await run(7)
  t.match(first[0], /"event_id":"event_E6U0w[0-9A-Za-z]{16}".*"id":"sess_E6U0w[0-9A-Za-z]{16}"/)
  t.ok(isSame(await run(7), first), 'the same seed gives the same session')
  t.notOk(isSame(await run(8), first), 'another seed another one')
})

function isSame (one: readonly string[], other: readonly string[]): boolean {
  return one.join('\n') === other.join('\n')
}

t.test('session.update changes what it names and keeps the rest', async t => {
  const client = await connect(await start(t))
  update(client, { instructions: 'Be brief.', tools: [weather], audio: { input: { transcription: { model: 'gpt-4o-transcribe' } } } })
  const updated = session(await client.next('session.updated'))
  t.match(updated, { instructions: 'Be brief.', tools: [weather], output_modalities: ['audio'] })
  t.match(updated.audio.input, { transcription: { model: 'gpt-4o-transcribe', language: null, prompt: null }, turn_detection: { type: 'server_vad' } })
})

t.test('a text turn repeats what was said, in the recorded order', async t => {
  const client = await connect(await start(t))
  update(client, { output_modalities: ['text'] })
  say(client, 'Good morning')
  const done = await client.next('response.done')
  await client.next('rate_limits.updated')
  t.same(client.types().filter((type, index, all) => all[index - 1] !== type), [
    'session.created', 'session.updated', 'conversation.item.added', 'conversation.item.done', 'response.created',
    'response.output_item.added', 'conversation.item.added', 'response.content_part.added', 'response.output_text.delta',
    'response.output_text.done', 'response.content_part.done', 'conversation.item.done', 'response.output_item.done',
    'response.done', 'rate_limits.updated'
  ])
  t.equal(client.of('response.output_text.delta').map(({ delta }) => delta).join(''), 'You said: Good morning')
  t.match(response(done), { status: 'completed', status_details: null, output: [{ content: [{ type: 'output_text', text: 'You said: Good morning' }] }] })
  t.match(client.of('rate_limits.updated')[0], { rate_limits: [{ name: 'tokens', limit: 15_000_000 }] })
})

t.test('a model item that comes second forgets its predecessor when it is done, and only that one', async t => {
  const client = await connect(await start(t))
  update(client, { output_modalities: ['text'] })
  for (let turn = 1; turn <= 2; turn++) {
    say(client, 'Hello')
    await client.next('response.done', turn)
  }
  const previous = (type: string): unknown[] => client.of(type).map(event => event.previous_item_id)
  const added = previous('conversation.item.added')
  t.ok(added[1])
  t.same(previous('conversation.item.done'), [added[0], null, added[2], added[3]])
})

t.test('text deltas are padded to 16 characters, audio deltas are not', async t => {
  const client = await connect(await start(t))
  update(client, { tools: [weather], audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } })
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  await client.next('response.done')
  say(client, 'What is the weather in London?')
  await client.next('response.done', 2)
  for (const kind of ['output_audio_transcript', 'function_call_arguments']) {
    const deltas = client.of(`response.${kind}.delta`)
    t.ok(deltas.length > 1, kind)
    for (const { delta, obfuscation } of deltas) t.equal((String(delta) + String(obfuscation)).length % 16, 0)
  }
  const heard = client.of('conversation.item.input_audio_transcription.delta')
  t.ok(heard.every(({ delta, obfuscation }) => (String(delta) + String(obfuscation)).length === 16))
  t.notOk(client.of('response.output_audio.delta').some(event => 'obfuscation' in event))
})

t.test('the answer is audible PCM in deltas of the real size, behind its transcript', async t => {
  const simulator = await start(t)
  for (const [model, bytes] of [['gpt-realtime', 12_000], ['gpt-realtime-2.1-mini', 19_200]] as const) {
    const client = await connect(simulator, { query: `model=${model}` })
    say(client, 'Tell me about the sea')
    const usage = response(await client.next('response.done')).usage
    const audio = client.of('response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64'))
    t.ok(audio.length > 3)
    t.ok(audio.slice(0, -1).every(piece => piece.length === bytes), `${model}: all but the last delta have ${bytes} bytes`)
    t.ok(audio.at(-1)!.length <= bytes)
    const whole = Buffer.concat(audio)
    t.ok(rms(decodeAudio(whole, { type: 'audio/pcm', rate: 24_000 })) > 1000, 'it can be heard')
    t.equal(usage.output_token_details.audio_tokens, Math.ceil(whole.length / 48 / 50), 'one token for 50 ms')
    const types = client.types()
    t.ok(types.indexOf('response.output_audio_transcript.delta') < types.indexOf('response.output_audio.delta'))
    client.ws.close()
  }
})

t.test('telephone formats are spoken in their own size', async t => {
  const client = await connect(await start(t))
  for (const [turn, type] of ['audio/pcmu', 'audio/pcma'].entries()) {
    update(client, { audio: { output: { format: { type } } } })
    say(client, 'Hello')
    await client.next('response.done', turn + 1)
    const from = client.types().lastIndexOf('response.created')
    const audio = client.events.slice(from).filter(event => event.type === 'response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64'))
    t.equal(audio[0]!.length, 2000)
    t.ok(rms(decodeAudio(Buffer.concat(audio), { type: type as 'audio/pcmu', rate: 8000 })) > 1000, type)
  }
  update(client, { audio: { output: { format: { type: 'audio/opus' } } } })
  t.match(error(await client.next('error')), { code: 'invalid_value', param: 'session.audio.output.format.type' })
})

t.test('input usage grows turn by turn, and from the second turn comes from the cache in blocks of 64', async t => {
  const client = await connect(await start(t))
  const usages: Usage[] = []
  for (let turn = 1; turn <= 3; turn++) {
    say(client, `This is turn number ${turn}`)
    usages.push(response(await client.next('response.done', turn)).usage)
  }
  t.same(usages[0]!.input_token_details, {
    text_tokens: usages[0]!.input_tokens,
    audio_tokens: 0,
    image_tokens: 0,
    cached_tokens: 0,
    cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 }
  })
  for (const [index, usage] of usages.entries()) {
    t.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens)
    t.notOk('reasoning_tokens' in usage.output_token_details)
    if (index === 0) continue
    const { cached_tokens: cached, cached_tokens_details: details } = usage.input_token_details
    t.ok(usage.input_tokens > usages[index - 1]!.input_tokens)
    t.ok(cached >= 64 && cached % 64 === 0 && cached <= usage.input_tokens)
    t.equal(details.text_tokens! + details.audio_tokens!, cached)
  }
})

t.test('the second model generation reports its reasoning and the phase of its items', async t => {
  const client = await connect(await start(t), { query: 'model=gpt-realtime-2.1' })
  say(client, 'Hello')
  const { usage, output } = response(await client.next('response.done'))
  const { reasoning_tokens: reasoning, text_tokens: text } = usage.output_token_details
  t.ok(reasoning! > 0 && reasoning! < text!)
  t.equal(output[0]!.phase, 'final_answer')
})

t.test('a question that fits a tool becomes a call, and its output an answer', async t => {
  const client = await connect(await start(t))
  update(client, { tools: [weather], output_modalities: ['text'] })
  say(client, 'What is the weather in London?')
  const call = response(await client.next('response.done')).output[0]!
  t.match(call, { type: 'function_call', status: 'completed', name: 'get_weather', arguments: '{"city":"London"}', call_id: /^call_[0-9A-Za-z]{16}$/ })
  const deltas = client.of('response.function_call_arguments.delta')
  t.equal(deltas.map(({ delta }) => delta).join(''), call.arguments)
  t.notOk('content_index' in deltas[0]!)
  const types = client.types()
  t.ok(types.lastIndexOf('conversation.item.added') < types.indexOf('response.function_call_arguments.delta'))
  client.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: call.call_id, output: 'foggy, 12 degrees' } })
  client.send({ type: 'response.create' })
  const answer = response(await client.next('response.done', 2))
  t.match(answer.output[0], { content: [{ text: 'The answer is: foggy, 12 degrees' }] })
  client.send({ type: 'conversation.item.create', event_id: 'mine', item: { type: 'function_call_output', call_id: 'call_nobody', output: '' } })
  t.match(error(await client.next('error')), { code: 'invalid_tool_call_id', message: "Tool call ID 'call_nobody' not found in conversation.", event_id: 'mine' })
})

t.test('tool_choice decides over what was said', async t => {
  const client = await connect(await start(t))
  const kinds: unknown[] = []
  for (const [turn, [choice, text]] of ([['none', 'The weather?'], ['required', 'Hello'], [{ type: 'function', name: 'get_weather' }, 'Hello'], ['auto', 'Hello']] as const).entries()) {
    client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } })
    client.send({ type: 'response.create', response: { tools: [weather], tool_choice: choice, output_modalities: ['text'] } })
    kinds.push(response(await client.next('response.done', turn + 1)).output[0]!.type)
  }
  t.same(kinds, ['message', 'function_call', 'function_call', 'message'])
})

t.test('the scenario option decides the answer', async t => {
  const simulator = await start(t, {
    scenario: ({ index, text, tools }) => index === 0 ? { say: `${text} ${tools.length}`, calls: [{ name: 'hang_up' }] } : undefined
  })
  const client = await connect(simulator)
  say(client, 'Bye')
  t.match(response(await client.next('response.done')).output, [{ content: [{ transcript: 'Bye 0' }] }, { name: 'hang_up', arguments: '{}' }])
  say(client, 'Bye')
  t.match(response(await client.next('response.done', 2)).output, [{ content: [{ transcript: 'You said: Bye' }] }])
})

t.test('speech starts and ends a turn, which is answered', async t => {
  const client = await connect(await start(t, { hears: 'Good evening' }))
  for (const chunk of pcmChunks(speechPcm({ leadMs: 1000 }))) append(client, chunk)
  const done = await client.next('response.done')
  const { audio_start_ms: from, item_id: item } = await client.next('input_audio_buffer.speech_started')
  const { audio_end_ms: to } = await client.next('input_audio_buffer.speech_stopped')
  t.ok(Number(from) >= 600 && Number(from) <= 900, `the start, ${String(from)}, is 300 ms before the speech`)
  t.ok(Number(to) >= 2600 && Number(to) <= 2800, `the end, ${String(to)}, is 200 ms after it`)
  t.match(await client.next('input_audio_buffer.committed'), { item_id: item, previous_item_id: null })
  t.match(await client.next('conversation.item.added'), { item: { id: item, role: 'user', content: [{ type: 'input_audio', transcript: null }] } })
  t.match(response(done), { metadata: null, output: [{ content: [{ transcript: 'You said: Good evening' }] }] })
  const { audio_tokens: audio } = response(done).usage.input_token_details
  t.equal(audio, Math.ceil((Number(to) - Number(from)) / 100), 'one token for 100 ms')
})

t.test('silence and a short click start nothing, and two utterances make two turns', async t => {
  const client = await connect(await start(t))
  const click = Buffer.alloc(4800)
  for (let at = 0; at < 960; at += 2) click.writeInt16LE(9000, at)
  for (const chunk of [...pcmChunks(Buffer.alloc(48_000)), click, ...pcmChunks(Buffer.alloc(48_000))]) append(client, chunk)
  await settled(client)
  t.same(client.types(), ['session.created', 'error'])
  for (const chunk of pcmChunks(Buffer.concat([speechPcm(), speechPcm({ seed: 2 })]))) append(client, chunk)
  await client.until(() => client.of('input_audio_buffer.committed').length === 2)
  t.equal(client.of('input_audio_buffer.speech_started').length, 2)
})

t.test('without voice detection a commit makes an item and starts nothing', async t => {
  const client = await connect(await start(t))
  update(client, { audio: { input: { turn_detection: null } } })
  client.send({ type: 'input_audio_buffer.commit', event_id: 'empty' })
  t.same(error(await client.next('error')), {
    type: 'invalid_request_error',
    code: 'input_audio_buffer_commit_empty',
    message: 'Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has 0.00ms of audio.',
    param: null,
    event_id: 'empty'
  })
  append(client, speechPcm())
  client.send({ type: 'input_audio_buffer.clear' })
  await client.next('input_audio_buffer.cleared')
  append(client, speechPcm())
  client.send({ type: 'input_audio_buffer.commit' })
  await settled(client)
  t.same(client.types().slice(4, -1), ['input_audio_buffer.committed', 'conversation.item.added', 'conversation.item.done'])
  client.send({ type: 'response.create' })
  const { output } = response(await client.next('response.done'))
  t.match(output, [{ content: [{ transcript: 'You said: Hello, can you hear me?' }] }])
})

t.test('what was heard is transcribed beside the answer, with the usage of its model', async t => {
  for (const [model, usage, deltas] of [
    ['gpt-realtime-whisper', { type: 'duration', seconds: 2 }, 3],
    ['whisper-1', { type: 'duration', seconds: 2 }, 1],
    ['gpt-4o-mini-transcribe', { type: 'tokens', input_tokens: 20, output_tokens: 3, total_tokens: 23, input_token_details: { text_tokens: 0, audio_tokens: 20 } }, 3]
  ] as const) {
    const client = await connect(await start(t, { hears: 'Hello you!' }))
    update(client, { audio: { input: { transcription: { model } } } })
    for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
    const completed = await client.next('conversation.item.input_audio_transcription.completed')
    t.match(completed, { content_index: 0, transcript: 'Hello you!' })
    t.same(completed.usage, usage, model)
    t.equal(client.of('conversation.item.input_audio_transcription.delta').length, deltas)
    await client.next('response.done')
    client.ws.close()
  }
})

for (const [way, reason] of [['speech', 'turn_detected'], ['response.cancel', 'client_cancelled']] as const) {
  t.test(`${way} interrupts a running answer, which closes what is open and reports its usage`, async t => {
    const client = await connect(await start(t, { scenario: () => ({ say: 'Once upon a time.', endless: true }) }))
    say(client, 'Tell me a story')
    const { item_id: item } = await client.next('response.output_audio.delta')
    if (way === 'speech') for (const chunk of pcmChunks(speechPcm({ silenceMs: 0 }))) append(client, chunk)
    else client.send({ type: way })
    const done = response(await client.next('response.done'))
    const closing = client.types().slice(client.types().lastIndexOf(way === 'speech' ? 'input_audio_buffer.speech_started' : 'response.output_audio.delta') + 1)
      .filter(type => !type.endsWith('.delta'))
    t.same(closing.slice(0, 6), [
      'response.output_audio.done', 'response.output_audio_transcript.done', 'response.content_part.done',
      'conversation.item.done', 'response.output_item.done', 'response.done'
    ])
    t.match(done, { status: 'cancelled', status_details: { type: 'cancelled', reason }, output: [{ id: item, status: 'incomplete' }] })
    t.ok(done.usage.output_token_details.audio_tokens! > 0)
    const deltas = client.of('response.output_audio.delta').length
    client.send({ type: 'conversation.item.truncate', item_id: item, content_index: 0, audio_end_ms: 200 })
    t.match(await client.next('conversation.item.truncated'), { item_id: item, content_index: 0, audio_end_ms: 200 })
    t.equal(client.of('response.output_audio.delta').length, deltas, 'no audio follows')
  })
}

for (const flavour of ['openai', 'azure', 'xai'] as const) {
  t.test(`${flavour}: an endless answer is said in full and then stays open until it is cancelled`, async t => {
    const client = await connect(await start(t, { flavour, scenario: () => ({ say: 'Once upon a time.', endless: true }) }))
    say(client, 'Tell me a story')
    await client.until(() => client.of('response.output_audio_transcript.delta').map(({ delta }) => delta).join('') === 'Once upon a time.')
    // Time enough for whatever would come by itself.
    for (let i = 1; i <= 30; i++) {
      client.send({ type: 'no.such.event' })
      await client.next('error', i)
    }
    t.strictSame(client.types().filter(type => /^response\..*done$/.test(type)), [])
    client.send({ type: 'response.cancel' })
    t.match((await client.next('response.done')).response, { status: 'cancelled' })
  })
}

t.test('a response that may not be interrupted is heard out, and the turn answered after it', async t => {
  const client = await connect(await start(t, { pace: 0.05 }))
  update(client, { audio: { input: { turn_detection: { type: 'server_vad', interrupt_response: false } } } })
  say(client, 'Tell me a story')
  await client.next('response.output_audio.delta')
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  await client.next('response.done', 2)
  t.same(client.of('response.done').map(event => response(event).status), ['completed', 'completed'])
})

t.test('create_response: false leaves the answer to the client', async t => {
  const client = await connect(await start(t))
  update(client, { audio: { input: { turn_detection: { type: 'semantic_vad', create_response: false } } } })
  t.match(session(await client.next('session.updated')).audio.input.turn_detection, { type: 'semantic_vad', eagerness: 'auto', create_response: false })
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  await client.next('conversation.item.done')
  await settled(client)
  t.notOk(client.types().includes('response.created'))
})

t.test('idle_timeout_ms makes the model speak up', async t => {
  const client = await connect(await start(t))
  update(client, { audio: { input: { transcription: { model: 'gpt-realtime-whisper' }, turn_detection: { type: 'server_vad', idle_timeout_ms: 30 } } } })
  say(client, 'Hello')
  await client.next('response.done', 2)
  const types = client.types().slice(client.types().indexOf('input_audio_buffer.timeout_triggered'))
  t.same(types.slice(0, 7), [
    'input_audio_buffer.timeout_triggered', 'conversation.item.added', 'conversation.item.done', 'input_audio_buffer.committed',
    'conversation.item.added', 'conversation.item.done', 'response.created'
  ])
  const [completed] = client.of('conversation.item.input_audio_transcription.completed')
  t.match(completed, { transcript: '', usage: { type: 'duration', seconds: 0 } })
})

t.test('a bad event is answered by its error and the session goes on', async t => {
  const client = await connect(await start(t))
  const cases: [RealtimeEvent | string | Buffer, Record<string, unknown>][] = [
    [{ type: 'nope', event_id: 'e1' }, {
      type: 'invalid_request_error',
      code: 'invalid_value',
      message: "Invalid value: 'nope'. Supported values are: 'session.update', 'session.close', 'input_audio_buffer.append', 'session.input_audio_buffer.append', 'input_audio_buffer.commit', 'input_audio_buffer.clear', 'conversation.item.create', 'conversation.item.truncate', 'conversation.item.delete', 'conversation.item.retrieve', 'response.create', and 'response.cancel'.",
      param: 'type',
      event_id: 'e1'
    }],
    ['{"type":', { code: 'invalid_json', message: 'Invalid event: failed to parse JSON value. ', event_id: null }],
    ['{"event_id":"e2"}', { code: 'invalid_event', message: "The 'type' field is missing." }],
    [Buffer.from([1, 2, 3]), { code: 'invalid_event', message: 'Expected a text WebSocket message; binary frames are not supported.' }],
    [{ type: 'session.update', session: {} }, { code: 'missing_required_parameter', message: "Missing required parameter: 'session.type'.", param: 'session.type' }],
    [{ type: 'session.update', session: { type: 'realtime', modalities: ['text'] } }, { code: 'unknown_parameter', message: "Unknown parameter: 'session.modalities'.", param: 'session.modalities' }],
    [{ type: 'session.update', session: { type: 'realtime', output_modalities: ['text', 'audio'] } }, { code: 'invalid_value', param: 'session.output_modalities' }],
    [{ type: 'input_audio_buffer.append' }, { code: 'missing_required_parameter', param: 'audio' }],
    [{ type: 'response.cancel' }, { code: 'response_cancel_not_active', message: 'Cancellation failed: no active response found' }],
    [{ type: 'conversation.item.create', item: {} }, { code: 'missing_required_parameter', param: 'item.type' }],
    [{ type: 'conversation.item.create', previous_item_id: 'x', item: { type: 'message' } }, { code: 'invalid_value', param: 'previous_item_id' }],
    [{ type: 'conversation.item.retrieve', item_id: 'x' }, { code: 'item_retrieve_invalid_item_id' }],
    [{ type: 'conversation.item.truncate', item_id: 'x' }, { code: 'item_truncate_invalid_item_id' }],
    [{ type: 'conversation.item.delete', item_id: 'x' }, { code: 'item_delete_invalid_item_id' }],
    [{ type: 'output_audio_buffer.clear' }, { code: 'invalid_value', param: 'type' }],
    [{ type: 'constructor' }, { code: 'invalid_value', param: 'type' }]
  ]
  for (const [index, [event, wanted]] of cases.entries()) {
    client.send(event)
    t.match(error(await client.next('error', index + 1)), wanted)
  }
  say(client, 'Still there?')
  await client.next('response.done')
})

t.test('a call id of more than 32 characters is refused, whoever made it', async t => {
  const client = await connect(await start(t))
  const item = { type: 'function_call', call_id: `call_${'x'.repeat(27)}`, name: 'f', arguments: '{}' }
  client.send({ type: 'conversation.item.create', item })
  t.match(await client.next('conversation.item.done'), { item })
  const long = { ...item, call_id: `${item.call_id}x` }
  const message = (param: string): string => `Invalid '${param}': string too long. Expected a string with maximum length 32, but got a string with length 33 instead.`
  const events: ReadonlyArray<readonly [RealtimeEvent, param: string]> = [
    [{ type: 'conversation.item.create', item: long }, 'item.call_id'],
    [{ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: long.call_id, output: '' } }, 'item.call_id'],
    [{ type: 'response.create', response: { input: [item, long] } }, 'response.input[1].call_id']
  ]
  for (const [index, [event, param]] of events.entries()) {
    client.send(event)
    t.match(error(await client.next('error', index + 1)), { type: 'invalid_request_error', code: 'string_above_max_length', message: message(param), param })
  }
  t.equal(client.of('conversation.item.added').length, 1)
})

t.test('a second response.create is refused while a response runs', async t => {
  const client = await connect(await start(t, { pace: 0.1 }))
  say(client, 'Hello')
  const id = response(await client.next('response.created')).id
  client.send({ type: 'response.create' })
  t.match(error(await client.next('error')), {
    code: 'conversation_already_has_active_response',
    message: `Conversation already has an active response in progress: ${String(id)}. Wait until the response is finished before creating a new one.`
  })
})

t.test('an out-of-band response runs beside another and writes no items', async t => {
  const client = await connect(await start(t, { pace: 0.1 }))
  say(client, 'Hello')
  await client.next('response.created')
  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Classify this' }] }]
  client.send({ type: 'response.create', response: { conversation: 'none', metadata: { topic: 'x' }, output_modalities: ['text'], input } })
  await client.next('response.done', 2)
  const aside = client.of('response.done').map(response).find(({ conversation_id: id }) => id === null)
  t.match(aside, { metadata: { topic: 'x' }, output: [{ content: [{ text: 'You said: Classify this' }] }] })
  t.equal(client.of('conversation.item.added').length, 2, 'the user and the spoken answer only')
})

t.test('max_output_tokens ends an answer as incomplete', async t => {
  const client = await connect(await start(t))
  client.send({ type: 'conversation.item.create', item: { id: 'item_mine', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'one two three' }] } })
  t.match(await client.next('conversation.item.added'), { item: { id: 'item_mine', status: 'completed' } })
  client.send({ type: 'response.create', response: { output_modalities: ['text'], max_output_tokens: 4 } })
  t.match(response(await client.next('response.done')), {
    status: 'incomplete', status_details: { reason: 'max_output_tokens' }, output: [{ status: 'incomplete', content: [{ text: 'You said: one' }] }]
  })
})

t.test('items can be put in front, retrieved with their audio, truncated and deleted', async t => {
  const client = await connect(await start(t))
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  const [answer] = response(await client.next('response.done')).output
  const user = String((await client.next('input_audio_buffer.committed')).item_id)
  client.send({ type: 'conversation.item.retrieve', item_id: user })
  const heard = (await client.next('conversation.item.retrieved')).item as { content: { audio: string }[] }
  t.ok(rms(decodeAudio(Buffer.from(heard.content[0]!.audio, 'base64'), { type: 'audio/pcm', rate: 24_000 })) > 500)
  const spoken = Buffer.concat(client.of('response.output_audio.delta').map(({ delta }) => Buffer.from(String(delta), 'base64')))
  client.send({ type: 'conversation.item.retrieve', item_id: answer!.id })
  const said = (await client.next('conversation.item.retrieved', 2)).item as { content: { audio: string }[] }
  t.ok(Buffer.from(said.content[0]!.audio, 'base64').equals(spoken))
  const length = Math.round(spoken.length / 48)
  client.send({ type: 'conversation.item.truncate', item_id: answer!.id, content_index: 0, audio_end_ms: length + 1 })
  t.match(error(await client.next('error')), { code: 'invalid_value', message: `Audio content of ${length}ms is already shorter than ${length + 1}ms` })
  client.send({ type: 'conversation.item.truncate', item_id: answer!.id, content_index: 0, audio_end_ms: 100 })
  await client.next('conversation.item.truncated')
  client.send({ type: 'conversation.item.retrieve', item_id: answer!.id })
  t.match((await client.next('conversation.item.retrieved', 3)).item, { content: [{ transcript: '' }] })
  client.send({ type: 'conversation.item.create', previous_item_id: 'root', item: { type: 'message', role: 'system', content: [] } })
  t.equal((await client.next('conversation.item.added', 3)).previous_item_id, null)
  client.send({ type: 'conversation.item.delete', item_id: user })
  t.match(await client.next('conversation.item.deleted'), { item_id: user })
  client.send({ type: 'conversation.item.retrieve', item_id: user })
  t.match(error(await client.next('error', 2)), { code: 'item_retrieve_invalid_item_id' })
})

t.test('the voice stays once the session has spoken', async t => {
  const client = await connect(await start(t))
  update(client, { audio: { output: { voice: 'coral' } } })
  await client.next('session.updated')
  say(client, 'Hello')
  await client.next('response.done')
  update(client, { audio: { output: { voice: 'ash' } } })
  t.match(error(await client.next('error')), { code: 'cannot_update_voice' })
})

t.test('a sideband attachment hears no session.created and no audio', async t => {
  const client = await connect(await start(t), { query: 'call_id=rtc_1' })
  update(client, {})
  say(client, 'Hello')
  await client.next('response.done')
  await client.next('output_audio_buffer.stopped')
  t.equal(client.types()[0], 'session.updated')
  t.ok(client.types().includes('output_audio_buffer.started'))
  t.notOk(client.types().includes('response.output_audio.delta'))
})

t.test('a transcription session transcribes and never answers', async t => {
  const client = await connect(await start(t), { query: 'intent=transcription' })
  const created = session(await client.next('session.created'))
  t.match(created, { type: 'transcription', object: 'realtime.transcription_session', audio: { input: { turn_detection: { type: 'server_vad' } } } })
  t.notOk('model' in created || 'create_response' in (created.audio.input.turn_detection as object))
  client.send({ type: 'session.update', session: { type: 'transcription', audio: { input: { transcription: { model: 'gpt-4o-transcribe' } } } } })
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  await client.next('conversation.item.input_audio_transcription.completed')
  client.send({ type: 'response.create' })
  await client.next('error')
  t.notOk(client.types().some(type => type.startsWith('response.')))
})

t.test('Azure shows parts twice, sends no rate limits and transcribes only with a deployment', async t => {
  const simulator = await start(t, { flavour: 'azure', apiKeys: ['azure-key'], models: ['voice'] })
  const client = await connect(simulator, { query: 'model=voice', headers: { 'api-key': 'azure-key' } })
  update(client, { audio: { input: { transcription: { model: 'whisper-1' } } } })
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  t.match(await client.next('conversation.item.input_audio_transcription.failed'), { error: { type: 'server_error', code: 'DeploymentNotFound' } })
  await client.next('response.done')
  await settled(client)
  const part = await client.next('response.content_part.done')
  t.same(part.content, part.part)
  t.notOk(client.types().includes('rate_limits.updated'))
})
