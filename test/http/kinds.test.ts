import t from 'tap'
import type { Test } from 'tap'
import { createSimulator } from '../../lib/testing/index.ts'
import type { Simulator, SimulatorOptions } from '../../lib/testing/index.ts'
import { connect, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import type { DeploymentOptions } from '../../types/index.ts'

async function startUpstream (t: Test, options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await createSimulator(options)
  t.teardown(() => simulator.close())
  return simulator
}

const whisper = (upstream: { readonly url: string }, more: Partial<DeploymentOptions> = {}): DeploymentOptions => deploymentAt(upstream, { model: 'hear', target: 'openai/gpt-realtime-whisper', ...more })
const voice = (upstream: { readonly url: string }, more: Partial<DeploymentOptions> = {}): DeploymentOptions => deploymentAt(upstream, { target: 'openai/gpt-realtime', ...more })
const narrow = { key: 'sk-narrow-0001', models: ['voice', 'hear-eu'] }

for (const [provider, model, target] of [['openai', 'hear', 'openai/gpt-realtime-whisper'], ['azure', 'hear', 'azure/our-whisper'], ['openai', 'voice', 'openai/gpt-realtime']] as const) {
  t.test(`a transcription session is routed by its model, and dialled by its intent alone (${target})`, async t => {
    const upstream = await startUpstream(t, { flavour: provider })
    const { port, fastify } = await startGateway(t, { deployments: [deploymentAt({ url: upstream.url }, { model, target })] })
    const client = await connect(port, { model, query: 'intent=transcription' })
    t.match(await client.json(0), { type: 'session.created', session: { type: 'transcription' } })
    t.strictSame([...upstream.connections[0]!.query], [['intent', 'transcription']])
    t.match(fastify.realtime.sessions.list(), [{ model }])
    client.send({ type: 'session.update', session: { type: 'transcription', audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } } })
    t.match(await client.json(1), { type: 'session.updated', session: { audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } } })
  })
}

t.test('a session that attaches to a call is dialled by the call alone, whatever model routes it', async t => {
  const upstream = await startUpstream(t)
  const { port } = await startGateway(t, { deployments: [voice(upstream)] })
  const client = await connect(port, { model: 'voice', query: 'call_id=rtc_1' })
  client.send({ type: 'session.update', session: { type: 'realtime' } })
  t.match(await client.json(0), { type: 'session.updated' })
  t.strictSame([...upstream.connections[0]!.query], [['call_id', 'rtc_1']])
})

t.test('who names no model is served by the first transcription deployment that the key may use', async t => {
  const upstream = await startUpstream(t)
  const deployments = [deploymentAt(upstream, { id: 'xai', model: 'grok', target: 'xai/grok' }), voice(upstream, { id: 'voice' }), whisper(upstream, { id: 'us' }), whisper(upstream, { id: 'eu', model: 'hear-eu' })]
  const { port, fastify } = await startGateway(t, { deployments, keys: [narrow, { key: 'sk-wide-00000001' }, { key: 'sk-voice-0000001', models: ['voice'] }] })
  const served = async (key: string): Promise<string | undefined> => {
    const client = await connect(port, { key, model: null, query: 'intent=transcription' })
    t.match(await client.json(0), { type: 'session.created' })
    return fastify.realtime.sessions.list().at(-1)?.deployment
  }
  t.equal(await served('sk-wide-00000001'), 'us')
  t.equal(await served(narrow.key), 'eu')
  t.match(await request(port, { key: 'sk-voice-0000001', model: null, query: 'intent=transcription' }), { status: 400, error: { code: 'missing_model' } })
})

t.test('defaultModel serves it where it can, else a transcription deployment does', async t => {
  const upstream = await startUpstream(t)
  const served = async (defaultModel: string): Promise<string | undefined> => {
    const deployments = [deploymentAt(upstream, { id: 'xai', model: 'grok', target: 'xai/grok' }), voice(upstream, { id: 'voice' }), whisper(upstream, { id: 'whisper' })]
    const { port, fastify } = await startGateway(t, { deployments, defaultModel })
    await connect(port, { model: null, query: 'intent=transcription' })
    return fastify.realtime.sessions.list().at(-1)?.deployment
  }
  t.equal(await served('voice'), 'voice')
  t.equal(await served('grok'), 'whisper')
})

t.test('translation sessions have a path of their own, and their events pass untouched', async t => {
  const upstream = await startUpstream(t)
  const { port } = await startGateway(t, { aliases: ['/realtime/'], deployments: [deploymentAt(upstream, { model: 'translate', target: 'openai/gpt-realtime-translate', maxSessions: 1 })], keys: [{ key: 'sk-beta-00000001', dialect: 'beta' }] })
  for (const path of ['/v1/realtime/translations', '/realtime/translations']) {
    const client = await connect(port, { path, key: 'sk-beta-00000001', model: 'translate', headers: { 'OpenAI-Beta': 'realtime=v1' } })
    const said = (): string => client.messages.map(({ payload }) => payload.toString()).join('\n')
    t.match(await client.json(0), { type: 'session.created', session: { type: 'translation', model: 'gpt-realtime-translate' } })
    client.send({ type: 'session.update', session: { audio: { output: { language: 'es' } } } })
    client.send({ type: 'session.input_audio_buffer.append', audio: Buffer.alloc(9600).toString('base64') })
    client.send({ type: 'session.close' })
    t.match(await client.closed, { code: 1000 })
    const connection = upstream.connections.at(-1)!
    t.equal(connection.url, '/v1/realtime/translations?model=gpt-realtime-translate')
    t.equal(said(), connection.sent.map(({ data }) => data.toString()).join('\n'))
    t.match(said(), /session\.output_transcript\.delta.*session\.output_audio\.delta.*session\.closed/s)
  }
})

t.test('keys, models and limits hold there as anywhere', async t => {
  const upstream = await startUpstream(t)
  const { port } = await startGateway(t, {
    deployments: [deploymentAt(upstream, { model: 'translate', target: 'openai/gpt-realtime-translate', maxSessions: 1 }), deploymentAt(upstream, { model: 'grok', target: 'xai/grok' })],
    keys: [narrow, { key: 'sk-wide-00000001' }]
  })
  const ask = { path: '/v1/realtime/translations', key: 'sk-wide-00000001', model: 'translate' }
  t.match(await request(port, { ...ask, key: null }), { status: 401 })
  t.match(await request(port, { ...ask, key: narrow.key }), { status: 403, error: { code: 'model_not_allowed' } })
  t.match(await request(port, { ...ask, model: null }), { status: 400, error: { code: 'missing_model' } })
  t.match(await request(port, { ...ask, model: 'grok' }), { status: 400, error: { code: 'unsupported_feature', message: /translation/ } })
  await connect(port, ask)
  t.match(await request(port, ask), { status: 429, error: { code: 'rate_limit_exceeded' } })
  t.equal(upstream.connections.length, 1)
})

t.test('a model that translates is not dialled for another session, and the client hears where it is', async t => {
  const upstream = await startUpstream(t)
  const { port } = await startGateway(t, { deployments: [deploymentAt(upstream, { model: 'translate', target: 'openai/gpt-realtime-translate' })] })
  t.match(await request(port, { model: 'translate' }), { status: 400, error: { code: 'unsupported_feature', param: 'model', message: 'This model translates: connect to /v1/realtime/translations.' } })
  t.equal(upstream.connections.length, 0)
})
