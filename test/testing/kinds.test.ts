import t from 'tap'
import type { IncomingMessage } from 'node:http'
import { pcmChunks, speechPcm } from '../../lib/testing/index.ts'
import { connect, dial, start } from './client.ts'

const headers = { Authorization: 'Bearer sk-test' }

t.test('OpenAI takes exactly one of model, intent and call_id, and no other intent', async t => {
  const simulator = await start(t)
  for (const [query, code] of [
    ['model=gpt-realtime&intent=transcription', 'invalid_model'],
    ['model=gpt-realtime&call_id=rtc_1', 'invalid_model'],
    ['model=gpt-realtime-translate', 'invalid_model'],
    ['intent=conversation', 'invalid_intent']
  ] as const) {
    const client = await connect(simulator, { query })
    t.match((await client.next('error')).error, { code }, query)
    t.equal((await client.closed).code, 4000)
  }
})

t.test('Azure refuses a model beside the intent, and takes an intent or a call alone', async t => {
  const simulator = await start(t, { flavour: 'azure', models: [] })
  const { ws } = dial(simulator, { query: 'model=voice&intent=transcription', headers })
  const answer = await new Promise<IncomingMessage>(resolve => { ws.on('unexpected-response', (_request, response) => resolve(response)) })
  t.equal(answer.statusCode, 400)
  let body = ''
  for await (const part of answer) body += String(part)
  t.match(JSON.parse(body), { error: { code: 'OperationNotSupported' } })
  await (await connect(simulator, { query: 'intent=transcription', headers })).next('session.created')
  await connect(simulator, { query: 'call_id=rtc_1', headers })
})

t.test('a translation session hears and speaks frame by frame, without turns', async t => {
  const simulator = await start(t)
  const client = await connect({ ...simulator, url: `${simulator.url}/translations` } as typeof simulator, { query: 'model=gpt-realtime-translate' })
  t.match(await client.next('session.created'), { session: { type: 'translation', model: 'gpt-realtime-translate' } })
  client.send({ type: 'session.update', session: { audio: { input: { transcription: { model: 'gpt-realtime-whisper' } }, output: { language: 'es' } } } })
  t.match(await client.next('session.updated'), { session: { audio: { output: { language: 'es' } } } })
  for (const chunk of pcmChunks(speechPcm({ leadMs: 0, speechMs: 700, silenceMs: 0 }))) client.send({ type: 'session.input_audio_buffer.append', audio: chunk.toString('base64') })
  await client.until(() => client.of('session.output_audio.delta').length === 3)
  client.send({ type: 'session.close' })
  await client.next('session.closed')
  t.equal((await client.closed).code, 1000)
  const types = client.types().slice(2)
  t.equal(types.filter(type => type === 'session.output_audio.delta').length, 4, 'the last frame is not whole')
  t.strictSame(types.slice(0, 3), ['session.input_transcript.delta', 'session.output_transcript.delta', 'session.output_audio.delta'])
  t.match(client.of('session.output_transcript.delta')[0], { delta: /^\[es\] /, elapsed_ms: 200 })
})

t.test('it has no events of other sessions, and no other model', async t => {
  const simulator = await start(t)
  const translations = { ...simulator, url: `${simulator.url}/translations` } as typeof simulator
  const client = await connect(translations, { query: 'model=gpt-realtime-translate' })
  client.send({ type: 'response.create' })
  t.match((await client.next('error')).error, { code: 'invalid_value', param: 'type' })
  client.send({ type: 'session.update', session: { type: 'translation' } })
  t.match((await client.next('error', 2)).error, { code: 'unknown_parameter', param: 'session.type' })
  client.send({ type: 'session.input_audio_buffer.append' })
  t.match((await client.next('error', 3)).error, { code: 'missing_required_parameter' })
  const other = await connect(translations, { query: 'model=gpt-realtime' })
  t.match((await other.next('error')).error, { code: 'invalid_model' })
})
