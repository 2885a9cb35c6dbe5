import t from 'tap'
import type { Test } from 'tap'
import { speechPcm } from '../lib/testing/index.ts'
import type { RealtimeEvent } from '../types/index.ts'
import { order } from './fixtures/order.ts'
import { speak } from './fixtures/scenarios.ts'
import { fields, typed, weather } from './fixtures/shape.ts'
import type { Fields } from './fixtures/shape.ts'
import { heard, openStage, story } from './fixtures/stage.ts'
import { openXai } from './fixtures/talk.ts'

// A client that was written for xAI, by its documentation, and never heard of OpenAI.

t.setTimeout(120_000)

const stage = await openStage(t)
const sentence = speechPcm()
const begun = speechPcm({ silenceMs: 0 })
const { type: _, ...described } = weather
const nested = { type: 'function', function: described }

const wishes: Fields = {
  instructions: 'Be brief.',
  voice: 'eve',
  turn_detection: { type: 'server_vad', threshold: 0.8, silence_duration_ms: 500 },
  audio: {
    input: { format: { type: 'audio/pcm', rate: 24_000 }, transport: 'json', transcription: { model: 'grok-transcribe', language_hint: 'en' } },
    output: { format: { type: 'audio/pcm', rate: 24_000 }, transport: 'json' }
  }
}

const answer = [
  'response.created', 'response.output_item.added assistant', 'conversation.item.added assistant', 'response.content_part.added', 'deltas',
  'response.output_audio.done', 'response.output_audio_transcript.done', 'response.content_part.done', 'response.output_item.done assistant', 'response.done'
]

function checkAnswer (t: Test, done: RealtimeEvent, transcript: string): void {
  t.match(done, {
    response_id: String,
    response: { status: 'completed', usage: {}, output: [{ object: 'realtime.item', role: 'assistant', content: [{ type: 'audio', transcript }] }] },
    usage: { input_tokens: Number, output_tokens: Number, total_tokens: Number, input_token_details: { text_tokens: Number, audio_tokens: Number, grok_tokens: Number } }
  })
  t.strictSame(fields(done.response).usage, {})
  t.ok(Number(fields(done.usage).output_tokens) > 0)
}

for (const provider of ['openai', 'azure', 'xai'] as const) {
  const translated = provider !== 'xai'

  t.test(`xai on ${provider}: a voice turn`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    t.match(talk.events.slice(0, 2), [
      { type: 'session.created', session: { object: 'realtime.session', modalities: ['audio'], turn_detection: { type: null }, tools: [] } },
      { type: 'conversation.created', conversation: { id: String, object: 'realtime.conversation' }, previous_item_id: null }
    ])
    talk.send({ type: 'session.update', session: wishes })
    t.match((await talk.next('session.updated')).session, {
      instructions: 'Be brief.',
      voice: 'eve',
      turn_detection: { type: 'server_vad', threshold: 0.8, silence_duration_ms: 500 },
      input_audio_transcription: { model: 'grok-transcribe' },
      audio: { input: { format: { type: 'audio/pcm', rate: 24_000 }, transport: 'json', transcription: { model: 'grok-transcribe' } } }
    })
    const from = talk.events.length
    speak(talk, sentence)
    const done = await talk.next('response.done')
    checkAnswer(t, done, `You said: ${heard[0]}`)
    await talk.next(event => event.status === 'completed' && event.type === 'conversation.item.input_audio_transcription.completed')
    const transcripts = talk.events.filter(({ type }) => type.startsWith('conversation.item.input_audio_transcription'))
    t.match(transcripts.at(-1), { type: /completed$/, status: 'completed', transcript: heard[0], item_id: talk.of('input_audio_buffer.committed')[0]!.item_id })
    t.ok(transcripts.slice(0, -1).every(({ transcript }) => heard[0]!.startsWith(String(transcript))), 'each says all that was heard so far')
    t.ok(transcripts.some(({ type }) => type.endsWith('.updated')))
    if (translated) {
      t.strictSame(order(talk.events.slice(from)), [
        'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped', 'input_audio_buffer.committed', 'conversation.item.added user', ...answer
      ])
    }
  })

  t.test(`xai on ${provider}: a turn that the client ends, which is answered without being asked for`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    for (const turn of [1, 2]) {
      const from = talk.events.length
      speak(talk, begun)
      talk.send({ type: 'input_audio_buffer.commit' })
      checkAnswer(t, await talk.next('response.done', turn), `You said: ${heard[turn - 1]}`)
      if (translated) t.strictSame(order(talk.events.slice(from)), ['input_audio_buffer.committed', 'conversation.item.added user', ...answer])
    }
    t.strictSame(talk.of('error'), [])
    speak(talk, sentence)
    talk.send({ type: 'input_audio_buffer.clear' })
    await talk.next('input_audio_buffer.cleared')
    t.equal(talk.of('response.created').length, 2, 'nobody listens for the end of a turn')
    t.strictSame(talk.of('session.updated'), [], 'the client hears nothing of what it has not asked for')
  })

  t.test(`xai on ${provider}: a turn that the client ends while an answer is spoken`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    talk.send(typed(story))
    talk.send({ type: 'response.create' })
    await talk.next('response.output_audio.delta')
    speak(talk, begun)
    talk.send({ type: 'input_audio_buffer.commit' })
    t.match(await talk.next('response.done'), { response: { status: 'cancelled', usage: {} } })
    checkAnswer(t, await talk.next('response.done', 2), `You said: ${heard[0]}`)
    t.equal(talk.of('response.created').length, 2)
    t.strictSame(talk.of('error'), [], 'the client hears nothing of how room was made')
  })

  t.test(`xai on ${provider}: a commit of nothing is an error, and asks for no answer`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    talk.send({ type: 'input_audio_buffer.commit', event_id: 'empty' })
    t.match((await talk.next('error')).error, { code: 'input_audio_buffer_commit_empty', event_id: 'empty' })
    speak(talk, begun)
    talk.send({ type: 'input_audio_buffer.commit' })
    checkAnswer(t, await talk.next('response.done'), `You said: ${heard[0]}`)
    talk.send({ type: 'input_audio_buffer.clear' })
    await talk.next('input_audio_buffer.cleared')
    t.equal(talk.of('response.created').length, 1)
  })

  t.test(`xai on ${provider}: a function call`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    talk.send({ type: 'session.update', session: { ...wishes, tools: [nested] } })
    t.match(fields((await talk.next('session.updated')).session).tools, [nested])
    talk.send(typed('How is the weather in Rome?'))
    talk.send({ type: 'response.create' })
    const output = fields((await talk.next('response.done')).response).output as Fields[]
    const call = output.at(-1)!
    t.match(call, { type: 'function_call', object: 'realtime.item', name: 'get_weather', arguments: '{"city":"Rome"}' })
    t.match(talk.of('response.function_call_arguments.done'), [{ call_id: call.call_id, name: 'get_weather', arguments: '{"city":"Rome"}' }])
    talk.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: call.call_id, output: 'sunny' } })
    talk.send({ type: 'response.create' })
    checkAnswer(t, await talk.next('response.done', 2), 'The answer is: sunny')
    t.strictSame(talk.of('conversation.item.done'), [])
  })

  t.test(`xai on ${provider}: an answer that the user interrupts`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    talk.send({ type: 'session.update', session: wishes })
    talk.send(typed(story))
    talk.send({ type: 'response.create' })
    const { item_id: item } = await talk.next('response.output_audio.delta')
    speak(talk, begun)
    t.match(await talk.next('response.done'), { response: { status: 'cancelled', usage: {} }, usage: { output_tokens: Number } })
    talk.send({ type: 'conversation.item.truncate', item_id: item, content_index: 0, audio_end_ms: 100 })
    t.match(await talk.next('conversation.item.truncated'), { item_id: item })
    speak(talk, Buffer.alloc(sentence.length - begun.length))
    checkAnswer(t, await talk.next('response.done', 2), `You said: ${heard[0]}`)
  })

  t.test(`xai on ${provider}: an answer that the client cancels, and errors`, async t => {
    const talk = openXai(t, stage.gateway, provider)
    await talk.next('conversation.created')
    talk.send(typed(story))
    talk.send({ type: 'response.create' })
    await talk.next('response.output_audio.delta')
    talk.send({ type: 'response.cancel' })
    t.match(await talk.next('response.done'), { response: { status: 'cancelled' } })
    talk.send({ type: 'response.cancel', event_id: 'again' })
    t.match((await talk.next('error')).error, { code: 'response_cancel_not_active', event_id: 'again' })
    talk.send({ type: 'no.such.event', event_id: 'mine' })
    t.match((await talk.next('error', 2)).error, { type: String, message: /no\.such\.event/, event_id: 'mine' })
    talk.send(typed('Say hello.'))
    talk.send({ type: 'response.create' })
    checkAnswer(t, await talk.next('response.done', 2), 'You said: Say hello.')
  })
}

const refused: ReadonlyArray<readonly [what: string, event: RealtimeEvent, param: string]> = [
  ['a search of xAI\'s', { type: 'session.update', session: { ...wishes, tools: [{ type: 'web_search' }] } }, 'session.tools[0].type'],
  ['audio in binary frames', { type: 'session.update', session: { audio: { input: { transport: 'binary' } } } }, 'session.audio.input.transport'],
  ['a rate that OpenAI has not', { type: 'session.update', session: { audio: { output: { format: { type: 'audio/pcm', rate: 8000 } } } } }, 'session.audio.output.format.rate'],
  ['words to be said as they are', { type: 'conversation.item.create', item: { type: 'force_message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi.' }] } }, 'item.type']
]

for (const [what, event, param] of refused) {
  t.test(`xai on openai: ${what} is refused by name, and the session goes on`, async t => {
    const talk = openXai(t, stage.gateway, 'openai')
    await talk.next('conversation.created')
    talk.send({ ...event, event_id: 'mine' })
    t.match((await talk.next('error')).error, { type: 'invalid_request_error', code: 'unsupported_feature', param, event_id: 'mine' })
    speak(talk, begun)
    talk.send({ type: 'input_audio_buffer.commit' })
    checkAnswer(t, await talk.next('response.done'), `You said: ${heard[0]}`)
  })
}

t.test('xai on openai: a session to be resumed is not, and all else is as the client asked for it', async t => {
  const talk = openXai(t, stage.gateway, 'openai')
  await talk.next('conversation.created')
  talk.send({ type: 'session.update', event_id: 'mine', session: { ...wishes, resumption: { enabled: true }, reasoning: { effort: 'none' } } })
  t.match((await talk.next('error')).error, { type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.resumption.enabled', event_id: 'mine' })
  t.match((await talk.next('session.updated')).session, { instructions: 'Be brief.', voice: 'eve', turn_detection: { type: 'server_vad', threshold: 0.8 } })
  speak(talk, sentence)
  checkAnswer(t, await talk.next('response.done'), `You said: ${heard[0]}`)
  t.equal(talk.of('error').length, 1)
})

t.test('xai on openai: a strict gateway refuses all of an update that asks for a session to be resumed', async t => {
  const talk = openXai(t, await stage.open({ dialects: { strict: true } }), 'openai')
  await talk.next('conversation.created')
  talk.send({ type: 'session.update', event_id: 'mine', session: { ...wishes, resumption: { enabled: true } } })
  t.match((await talk.next('error')).error, { code: 'unsupported_feature', param: 'session.resumption.enabled', event_id: 'mine' })
  speak(talk, begun)
  talk.send({ type: 'input_audio_buffer.commit' })
  checkAnswer(t, await talk.next('response.done'), `You said: ${heard[0]}`)
  t.strictSame(talk.of('session.updated'), [])
})
