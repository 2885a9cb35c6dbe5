import t from 'tap'
import { speechPcm } from '../lib/testing/index.ts'
import { speak } from './fixtures/scenarios.ts'
import type { Fields } from './fixtures/shape.ts'
import { openStage } from './fixtures/stage.ts'
import type { ProviderName } from './fixtures/stage.ts'
import { openBeta, openGa, openXai } from './fixtures/talk.ts'
import type { Open } from './fixtures/talk.ts'

t.setTimeout(120_000)

const stage = await openStage(t)
const strict = await stage.open({ dialects: { strict: true } })

const turns = { type: 'semantic_vad', eagerness: 'high' }
const detection = { turn_detection: { type: 'server_vad' } }
// What a session asks for that its provider has no equal of, and how the client calls the field.
const table: ReadonlyArray<readonly [client: string, open: Open, provider: ProviderName, session: Fields, param: string]> = [
  ['ga', openGa, 'xai', { type: 'realtime', audio: { input: { turn_detection: turns } } }, 'session.audio.input.turn_detection.type'],
  ['ga', openGa, 'xai', { type: 'realtime', audio: { output: { speed: 0.3 } } }, 'session.audio.output.speed'],
  ['ga', openGa, 'xai', { type: 'realtime', output_modalities: ['text'] }, 'session.output_modalities'],
  ['beta', openBeta, 'xai', { turn_detection: turns }, 'session.turn_detection.type'],
  ['beta', openBeta, 'xai', { speed: 0.3 }, 'session.speed'],
  ['beta', openBeta, 'xai', { modalities: ['text'] }, 'session.modalities'],
  ['beta', openBeta, 'openai', { temperature: 0.3 }, 'session.temperature'],
  ['beta', openBeta, 'azure', { temperature: 0.3 }, 'session.temperature'],
  ['xai', openXai, 'openai', { ...detection, audio: { input: { transcription: { model: 'grok-transcribe', keyterms: ['Fastify'] } } } }, 'session.audio.input.transcription.keyterms'],
  ['xai', openXai, 'azure', { ...detection, keep_context: true }, 'session.keep_context']
]

for (const [client, open, provider, session, param] of table) {
  t.test(`${client} on ${provider}: ${param} is refused by the client's name for it, and the session goes on`, async t => {
    const talk = open(t, strict, provider)
    await talk.next('session.created')
    talk.send({ type: 'session.update', event_id: 'mine', session })
    t.match(await talk.next('error'), { event_id: String, error: { type: 'invalid_request_error', code: 'unsupported_feature', message: String, param, event_id: 'mine' } })
    if (client === 'xai') talk.send({ type: 'session.update', session: detection })
    speak(talk, speechPcm())
    t.match((await talk.next('response.done')).response, { status: 'completed' })
    t.equal(talk.of('error').length, 1)
  })

  t.test(`${client} on ${provider}: without strict, ${param} is what comes nearest`, async t => {
    const talk = open(t, stage.gateway, provider)
    await talk.next('session.created')
    talk.send({ type: 'session.update', event_id: 'mine', session })
    await talk.next('session.updated')
    speak(talk, speechPcm())
    t.match((await talk.next('response.done')).response, { status: 'completed' })
    t.equal(talk.of('error').length, 0)
  })
}
