import t from 'tap'
import { pcmChunks, speechPcm } from '../../lib/testing/index.ts'
import { decodeAudio } from '../../lib/testing/simulator/codec.ts'
import { rms } from '../../lib/testing/simulator/vad.ts'
import { append, connect, dial, say, settled, start } from './client.ts'
import type { Client } from './client.ts'

type Fields = Record<string, unknown>

const fields = (value: unknown): Fields => value as Fields
const model = { query: 'model=grok-voice-latest' }
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

function update (client: Client, session: Fields): void {
  client.send({ type: 'session.update', session })
}

const weather = { type: 'function', name: 'get_weather', description: 'Weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }

t.test('a session opens with three events, voice detection off', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), model)
  await client.next('ping')
  t.same(client.types(), ['session.created', 'conversation.created', 'ping'])
  const [created, conversation, ping] = client.events
  t.match(created, { event_id: uuid, session: { id: /^[0-9a-f]{32}$/, voice: 'ara', turn_detection: { type: null }, modalities: ['audio'], instructions: '' } })
  t.notOk('previous_item_id' in created!)
  t.match(conversation, { conversation: { id: uuid, object: 'realtime.conversation' }, previous_item_id: null })
  t.type(ping!.timestamp, 'number')
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  await settled(client)
  t.equal(client.types().length, 4, 'speech starts nothing')
})

t.test('any model is taken and an unknown one silently replaced', async t => {
  const simulator = await start(t, { flavour: 'xai' })
  for (const [query, shown] of [['model=grok-voice-think-fast-2.0', 'grok-voice-think-fast-2.0'], ['model=gpt-9', 'grok-voice-latest'], ['', 'grok-voice-latest']]) {
    const client = await connect(simulator, { query })
    t.equal(fields((await client.next('session.created')).session).model, shown)
    client.ws.close()
  }
})

t.test('session.update takes voice and turn_detection at the top only, and shows functions nested', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), model)
  update(client, { type: 'realtime', voice: 'eve', tools: [weather], audio: { input: { turn_detection: { type: 'server_vad' } }, output: { voice: 'leo' } } })
  const first = await client.next('session.updated')
  t.same(Object.keys(first).slice(0, 2), ['session', 'type'])
  t.match(first.session, {
    voice: 'eve',
    temperature: -1,
    input_audio_format: 'not specified',
    enable_noise_suppression: true,
    tools: [{ type: 'function', function: { name: 'get_weather', description: 'Weather' } }]
  })
  t.notOk('turn_detection' in fields(first.session) || 'id' in fields(first.session))
  update(client, { turn_detection: { type: 'server_vad' } })
  t.match((await client.next('session.updated', 2)).session, { turn_detection: { type: 'server_vad' }, voice: 'eve' })
  update(client, { audio: { output: { format: { type: 'audio/opus' } } } })
  t.match((await client.next('error')).error, { code: 'invalid_audio_format' })
})

t.test('an answer has no .done items, an empty usage inside and the real one beside it', async t => {
  const client = await connect(await start(t, { flavour: 'xai', scenario: () => ({ say: 'Hello there, how are you today? I am glad that you called me.' }) }), model)
  say(client, 'Hello')
  const done = await client.next('response.done')
  t.match(client.of('response.created')[0], { response: { status: 'in_progress', status_details: 'unimplemented', output: [] }, previous_item_id: null })
  t.same(fields(client.of('response.created')[0]!.response).usage, {})
  t.match(done, { response_id: uuid, response: { status: 'completed', status_details: 'unimplemented', output: [{ object: 'realtime.item', content: [{ type: 'audio' }] }] } })
  t.same(fields(done.response).usage, {})
  const usage = fields(done.usage)
  t.ok(Number(usage.output_audio_seconds) > 2 && Number(usage.billable_audio_seconds) >= 2)
  t.equal(usage.total_tokens, Number(usage.input_tokens) + Number(usage.output_tokens))
  t.equal(client.of('response.content_part.added')[0]!.previous_item_id, '0')
  const types = client.types()
  t.notOk(types.includes('conversation.item.done') || types.includes('rate_limits.updated'))
  t.same(types.slice(-5), [
    'response.output_audio_transcript.done', 'response.content_part.done', 'response.output_audio.done', 'response.output_item.done', 'response.done'
  ])
  t.notOk('part' in client.of('response.content_part.done')[0]!)
  t.notOk('metadata' in fields(done.response))
  client.send({ type: 'response.create', response: { metadata: { a: 'b' } } })
  t.match((await client.next('response.done', 2)).response, { metadata: { a: 'b' } })
})

t.test('audio comes in the recorded lengths, a sentence to a transcript delta', async t => {
  const client = await connect(await start(t, { flavour: 'xai', scenario: () => ({ say: 'Hello there, how are you today? I am glad that you called me.' }) }), model)
  say(client, 'Hello')
  await client.next('response.done')
  const deltas = client.of('response.output_audio.delta')
  t.equal(Buffer.from(String(deltas[0]!.delta), 'base64').length, 23_472, '489 ms first')
  for (const { delta, audio_duration_ms: ms } of deltas) {
    const bytes = Buffer.from(String(delta), 'base64').length
    t.ok(Math.abs(bytes / 48 - Number(ms)) <= 0.5 && bytes <= 58_704)
  }
  t.match(deltas[0]!.latency, /^0\.\d\d$/)
  t.notOk('latency' in deltas[1]!)
  const sentences = client.of('response.output_audio_transcript.delta')
  t.same(sentences.map(({ delta }) => delta), ['Hello there, how are you today?', ' I am glad that you called me.'])
  t.ok(sentences.every(({ event_id: id, rid }) => id === rid))
  t.same(new Set(deltas.map(({ rid }) => rid)), new Set(sentences.map(({ rid }) => rid)))
  t.equal(sentences[0]!.start_time, 0)
  t.ok(Number(sentences[1]!.start_time) > 1)
  const types = client.types()
  t.ok(types.indexOf('response.output_audio.delta') < types.indexOf('response.output_audio_transcript.delta'), 'the first sound precedes its text')
  const audio = Buffer.concat(deltas.map(({ delta }) => Buffer.from(String(delta), 'base64')))
  t.ok(rms(decodeAudio(audio, { type: 'audio/pcm', rate: 24_000 })) > 1000, 'it can be heard')
})

t.test('usage grows turn by turn', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), model)
  const inputs: number[] = []
  for (let turn = 1; turn <= 3; turn++) {
    say(client, 'Once more')
    inputs.push(Number(fields((await client.next('response.done', turn)).usage).input_tokens))
  }
  t.ok(inputs[0]! < inputs[1]! && inputs[1]! < inputs[2]!)
})

t.test('a detected turn adds its item at the start of speech and is transcribed in snapshots', async t => {
  const client = await connect(await start(t, { flavour: 'xai', hears: 'Hello, my name is Marcelo.' }), model)
  update(client, { turn_detection: { type: 'server_vad' }, audio: { input: { transcription: { model: 'grok-transcribe' } } } })
  for (const chunk of pcmChunks(speechPcm({ leadMs: 1000 }))) append(client, chunk)
  const done = await client.next('response.done')
  t.same(client.types().slice(4, 14), [
    'input_audio_buffer.speech_started', 'conversation.item.added', 'conversation.item.input_audio_transcription.updated',
    'conversation.item.input_audio_transcription.completed', 'input_audio_buffer.speech_stopped', 'input_audio_buffer.committed',
    'conversation.item.input_audio_transcription.updated', 'conversation.item.input_audio_transcription.completed',
    'conversation.item.input_audio_transcription.completed', 'response.created'
  ])
  t.match(client.of('conversation.item.added')[0], { item: { status: 'in_progress', role: 'user', content: [{ type: 'input_audio', transcript: '' }] } })
  const completed = client.of('conversation.item.input_audio_transcription.completed')
  t.same(completed.map(({ status }) => status), ['in_progress', 'in_progress', 'completed'])
  t.equal(completed.at(-1)!.transcript, 'Hello, my name is Marcelo.')
  t.notOk('usage' in completed.at(-1)!)
  t.ok(Number(fields(fields(done.usage).input_token_details).audio_tokens) > 75, 'one token for 20 ms')
})

t.test('without voice detection a commit starts an answer by itself', async t => {
  const client = await connect(await start(t, { flavour: 'xai', hears: 'Good night' }), model)
  update(client, { audio: { input: { transcription: { model: 'grok-transcribe' } } } })
  append(client, speechPcm())
  client.send({ type: 'input_audio_buffer.clear' })
  client.send({ type: 'input_audio_buffer.commit' })
  t.match((await client.next('error')).error, { code: 'input_audio_buffer_commit_empty' })
  append(client, speechPcm())
  client.send({ type: 'input_audio_buffer.commit' })
  t.match(await client.next('response.done'), { response: { output: [{ content: [{ transcript: 'You said: Good night' }] }] } })
  t.same(client.types().slice(6, 12), [
    'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped', 'input_audio_buffer.committed',
    'conversation.item.added', 'conversation.item.input_audio_transcription.completed', 'response.created'
  ])
})

t.test('a call is announced, comes whole, and may be answered after response.done only', async t => {
  const client = await connect(await start(t, { flavour: 'xai', pace: 0.05 }), model)
  update(client, { tools: [weather] })
  say(client, 'What is the weather in London?')
  const args = await client.next('response.function_call_arguments.delta')
  t.match(args, { delta: '{"city":"London"}', call_id: /^call-.*-0$/ })
  t.notOk('output_index' in args)
  await client.next('response.done')
  const [preamble, call] = fields((await client.next('response.done')).response).output as Fields[]
  t.match(preamble, { type: 'message' })
  t.match(call, { type: 'function_call', role: 'user', call_id: args.call_id })
  t.match(client.of('conversation.item.added').at(-1), { item: { type: 'function_call', role: 'tool', status: 'in_progress' }, previous_item_id: null })
  const output = { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: args.call_id, output: 'foggy' } }
  client.send(output)
  client.send({ type: 'response.create' })
  t.match(await client.next('response.done', 2), { response: { output: [{ content: [{ transcript: 'The answer is: foggy' }] }] } })
})

t.test('a call that is answered too early, or by nobody known, is refused', async t => {
  const client = await connect(await start(t, { flavour: 'xai', pace: 0.5 }), model)
  update(client, { tools: [weather] })
  say(client, 'Please get_weather')
  await client.until(() => client.of('conversation.item.added').some(({ item }) => fields(item).type === 'function_call'))
  const { call_id: call } = fields(client.of('conversation.item.added').at(-1)!.item)
  client.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: call, output: '' } })
  t.match((await client.next('error')).error, { code: 'invalid_tool_call_id', message: `Tool call ID '${String(call)}' not found in conversation.` })
})

for (const way of ['speech', 'response.cancel']) {
  t.test(`${way} interrupts a running answer, which closes nothing of what is open and reports its usage`, async t => {
    const client = await connect(await start(t, { flavour: 'xai', scenario: () => ({ say: 'Once upon a time.', endless: true }) }), model)
    update(client, { turn_detection: { type: 'server_vad' } })
    say(client, 'Tell me a story')
    const { item_id: item } = await client.next('response.output_audio.delta')
    await client.next('response.output_audio_transcript.delta')
    if (way === 'speech') for (const chunk of pcmChunks(speechPcm({ silenceMs: 0 }))) append(client, chunk)
    else client.send({ type: way })
    const done = await client.next('response.done')
    t.match(done, { response: { status: 'cancelled', status_details: 'unimplemented' } })
    t.same(fields(done.response).output, [])
    t.ok(Number(fields(done.usage).output_tokens) > 0)
    t.notOk(client.types().some(type => /^response\..*\.done$/.test(type)))
    client.send({ type: 'conversation.item.truncate', item_id: item, content_index: 0, audio_end_ms: 200 })
    t.match(await client.next('conversation.item.truncated'), { item_id: item, transcript: 'Once upon a time.' })
    client.send({ type: 'response.cancel' })
    t.match((await client.next('error')).error, { code: 'response_cancel_not_active' })
  })
}

t.test('audio travels as binary frames where the session asks for it', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), model)
  client.send(Buffer.alloc(4800))
  t.match((await client.next('error')).error, { type: 'invalid_event' })
  const format = { type: 'audio/pcm', rate: 16_000 }
  update(client, { turn_detection: { type: 'server_vad' }, audio: { input: { format, transport: 'binary' }, output: { format, transport: 'binary' } } })
  await client.next('session.updated')
  for (const chunk of pcmChunks(speechPcm({ rate: 16_000 }), 3200)) client.send(chunk)
  await client.next('response.done')
  t.notOk(client.types().includes('response.output_audio.delta'))
  const audio = Buffer.concat(client.binaries)
  t.ok(audio.length > 32_000 && rms(decodeAudio(audio, { type: 'audio/pcm', rate: 16_000 })) > 1000)
})

t.test('force_message is spoken as it is, without response.create', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), model)
  client.send({ type: 'conversation.item.create', item: { type: 'force_message', role: 'assistant', content: [{ type: 'output_text', text: 'This call is recorded.' }] } })
  t.match(await client.next('response.done'), { response: { output: [{ content: [{ transcript: 'This call is recorded.' }] }] } })
})

t.test('a conversation is resumed with what the assistant said', async t => {
  const simulator = await start(t, { flavour: 'xai' })
  const first = await connect(simulator, model)
  const id = String(fields((await first.next('conversation.created')).conversation).id)
  say(first, 'Hello')
  await first.next('response.done')
  first.ws.terminate()
  const second = await connect(simulator, { query: `model=grok-voice-latest&conversation_id=${id}` })
  update(second, { resumption: { enabled: true } })
  await second.next('session.updated')
  t.equal(fields(second.of('conversation.created')[0]!.conversation).id, id)
  t.same(second.types().slice(3), ['conversation.item.added', 'session.updated'])
  t.match(second.of('conversation.item.added')[0], { item: { role: 'assistant', content: [{ type: 'text', text: 'You said: Hello' }] } })
})

t.test('unsupported events get an error; truncate and delete are answered', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), model)
  for (const [index, event] of [{ type: 'conversation.item.retrieve', item_id: 'x' }, { type: 'output_audio_buffer.clear' }, '{', '{}'].entries()) {
    client.send(event)
    t.match((await client.next('error', index + 1)).error, { type: 'invalid_event' })
  }
  say(client, 'Hello')
  await client.next('response.done')
  const { id } = fields(client.of('response.output_item.added')[0]!.item)
  client.send({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms: 100 })
  t.match(await client.next('conversation.item.truncated'), { item_id: id, transcript: 'You said: Hello' })
  client.send({ type: 'conversation.item.delete', item_id: id })
  t.match(await client.next('conversation.item.deleted'), { item_id: id })
  client.send({ type: 'conversation.item.delete', item_id: id })
  t.match((await client.next('error', 5)).error, { code: 'item_delete_invalid_item_id' })
})

t.test('the second model generation marks items and has its own defaults', async t => {
  const client = await connect(await start(t, { flavour: 'xai' }), { query: 'model=grok-voice-think-fast-2.0' })
  t.match(await client.next('session.created'), { session: { voice: 'xai_ara' } })
  update(client, {})
  t.match(await client.next('session.updated'), { session: { enable_noise_suppression: false } })
  say(client, 'Hello')
  await client.next('response.done')
  t.ok(client.of('conversation.item.added').every(({ item }) => fields(item).replayed === false))
})

t.test('the second model generation repeats that speech started, shows a committed item twice, and transcribes late', async t => {
  const client = await connect(await start(t, { flavour: 'xai', hears: 'Hello you!' }), { query: 'model=grok-voice-think-fast-2.0' })
  update(client, { audio: { input: { transcription: { model: 'grok-transcribe' } } } })
  append(client, speechPcm())
  client.send({ type: 'input_audio_buffer.commit' })
  await client.next('response.done')
  t.same(client.types().slice(4, 12), [
    'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped', 'input_audio_buffer.committed', 'conversation.item.added',
    'conversation.item.added', 'conversation.item.input_audio_transcription.completed', 'response.created', 'conversation.item.input_audio_transcription.updated'
  ])
  t.same(client.of('conversation.item.added').slice(0, 2).map(({ item }) => fields(item).status), ['completed', 'in_progress'])
  update(client, { turn_detection: { type: 'server_vad' } })
  for (const chunk of pcmChunks(speechPcm())) append(client, chunk)
  await client.next('response.done', 2)
  const [, first, second] = client.of('input_audio_buffer.speech_started')
  t.equal(first!.item_id, second!.item_id)
})

t.test('a bad key refuses the upgrade and shows the key masked', async t => {
  const simulator = await start(t, { flavour: 'xai', apiKeys: ['good'] })
  const client = dial(simulator, { ...model, headers: { Authorization: 'Bearer xai-secret-key-12345' } })
  const [, response] = await new Promise<[unknown, import('node:http').IncomingMessage]>(resolve => client.ws.on('unexpected-response', (...args) => resolve(args)))
  t.equal(response.statusCode, 400)
  let body = ''
  for await (const part of response) body += String(part)
  t.match(body, /Incorrect API key provided: xai-\*+2345\. You can obtain an API key from https:\/\/console\.x\.ai\./)
  await connect(simulator, { ...model, headers: {}, protocols: ['xai-client-secret.good'] })
  t.equal(simulator.connections[1]!.protocol, 'xai-client-secret.good', 'the sole offer is echoed')
})
