import t from 'tap'
import type { Test } from 'tap'
import { createSimulator } from '../../lib/testing/index.ts'
import type { Simulator, SimulatorFault } from '../../lib/testing/index.ts'
import { connect } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import type { TestGateway } from '../fixtures/gateway.ts'
import type { Peer } from '../fixtures/peer.ts'
import type { DeploymentStatus, RealtimeGatewayOptions } from '../../types/index.ts'

interface Scene {
  readonly us: Simulator
  readonly eu: Simulator
  readonly gateway: TestGateway
  status (id: string): DeploymentStatus
  /** A client that names no model and has heard the first event. */
  join (more?: Parameters<typeof connect>[1]): Promise<Peer>
}

/** Two transcription deployments at two providers. */
async function scene (t: Test, options: Partial<RealtimeGatewayOptions> = {}, fault?: SimulatorFault): Promise<Scene> {
  const [us, eu] = await Promise.all([createSimulator(), createSimulator({ faults: fault ? [fault] : [] })])
  for (const simulator of [us, eu]) t.teardown(() => simulator.close())
  const gateway = await startGateway(t, {
    deployments: [
      deploymentAt(us, { id: 'us', model: 'hear', target: 'openai/gpt-realtime-whisper', maxSessions: 1 }),
      deploymentAt(eu, { id: 'eu', model: 'hear-eu', target: 'openai/gpt-4o-transcribe', maxSessions: 1 })
    ],
    ...options
  })
  return {
    us,
    eu,
    gateway,
    status: id => gateway.fastify.realtime.router.status().find(each => each.id === id)!,
    async join (more = {}) {
      const client = await connect(gateway.port, { model: null, query: 'intent=transcription', ...more })
      t.match(await client.json(0), { type: /session\.created$/ })
      return client
    }
  }
}

const update = (model: string, more: object = {}): object => ({ type: 'session.update', ...more, session: { type: 'transcription', audio: { input: { transcription: { model } } } } })
const told = (model: string): object => ({ type: 'session.updated', session: { audio: { input: { transcription: { model } } } } })

t.test('a model of another deployment is dialled there, and the client hears of no second session', async t => {
  const { us, eu, gateway, status, join } = await scene(t)
  const client = await join()
  client.send(update('hear-eu'))
  t.match(await client.json(1), told('gpt-4o-transcribe'))
  t.match(await us.connections[0]!.ended, { code: 1000 })
  t.equal(us.connections[0]!.counts.received, 0, 'the first was told nothing')
  t.strictSame([...eu.connections[0]!.query], [['intent', 'transcription']])
  t.match(gateway.fastify.realtime.sessions.list(), [{ deployment: 'eu', model: 'hear-eu' }])
  await client.until(() => status('us').sessions === 0, 'the first slot is free')
  t.equal(status('eu').sessions, 1)
  client.close(1000)
  t.match(await gateway.session(0), { deployment: 'eu', model: 'hear-eu', endedBy: 'client', closeCode: 1000 })
  t.equal(status('eu').sessions, 0)
  t.strictSame(client.messages.map(({ payload }) => (JSON.parse(payload.toString()) as { type: string }).type), ['session.created', 'session.updated'])
  for (const model of ['hear', 'hear-eu']) (await connect(gateway.port, { model, query: 'intent=transcription' })).close(1000)
})

t.test('a beta client hears of none either', async t => {
  const { us, join } = await scene(t, { keys: [{ key: 'sk-beta-00000001', dialect: 'beta' }] })
  const client = await join({ key: 'sk-beta-00000001' })
  client.send({ type: 'transcription_session.update', session: { input_audio_transcription: { model: 'hear-eu' } } })
  t.match(await client.json(1), { type: 'transcription_session.updated', session: { input_audio_transcription: { model: 'gpt-4o-transcribe' } } })
  await us.connections[0]!.ended
})

t.test('the public name and the provider\'s own mean the deployment that there is', async t => {
  const { us, eu, join } = await scene(t)
  const client = await join()
  for (const [i, name] of ['hear', 'gpt-realtime-whisper', 'hear'].entries()) {
    client.send(update(name))
    t.match(await client.json(1 + i), told('gpt-realtime-whisper'))
  }
  t.equal(eu.connections.length, 0)
  t.equal(us.connections.length, 1)
})

t.test('a model that the key may not use is refused, and the session goes on', async t => {
  const { eu, join } = await scene(t, { keys: [{ key: 'sk-narrow-000001', models: ['hear'] }] })
  const client = await join({ key: 'sk-narrow-000001' })
  for (const [i, name] of ['hear-eu', 'gpt-4o-transcribe', 'whisper-1'].entries()) {
    client.send(update(name, { event_id: `e${i}` }))
    t.match(await client.json(1 + i), { type: 'error', error: { code: 'model_not_allowed', param: 'session.audio.input.transcription.model', event_id: `e${i}` } })
  }
  client.send(update('hear'))
  t.match(await client.json(4), told('gpt-realtime-whisper'))
  t.equal(eu.connections.length, 0)
})

t.test('a name that nobody serves is for the provider to know', async t => {
  const { eu, join } = await scene(t)
  const client = await join()
  client.send(update('gpt-transcribe'))
  t.match(await client.json(1), told('gpt-transcribe'))
  t.equal(eu.connections.length, 0)
})

t.test('where the other deployment cannot be had the update is refused, and the first goes on', async t => {
  const { us, status, join } = await scene(t, {}, { type: 'refuse', status: 503 })
  const client = await join()
  client.send(update('hear-eu'))
  t.match(await client.json(1), { type: 'error', error: { code: 'upstream_unavailable', param: 'session.audio.input.transcription.model' } })
  client.send(update('hear'))
  t.match(await client.json(2), told('gpt-realtime-whisper'))
  t.ok(us.connections[0]!.isOpen)
  t.match([status('us').sessions, status('eu').sessions], [1, 0])
})

t.test('the model is chosen once: a later update keeps it, or is refused where dialects are strict', async t => {
  for (const strict of [false, true]) {
    const { eu, gateway, join } = await scene(t, { dialects: { strict } })
    const client = await join()
    client.send(update('hear'))
    t.match(await client.json(1), told('gpt-realtime-whisper'))
    client.send(update('hear-eu'))
    t.match(await client.json(2), strict ? { type: 'error', error: { code: 'model_not_allowed' } } : told('gpt-realtime-whisper'))
    t.equal(eu.connections.length, 0)
    if (!strict) t.match(gateway.log(), /"field":"session\.audio\.input\.transcription\.model"/)
  }
})

t.test('a client that leaves during the dial leaves nothing behind', async t => {
  const { us, eu, gateway, status, join } = await scene(t, { connectTimeout: 300 }, { type: 'silent' })
  const client = await join()
  client.send(update('hear-eu'))
  const hanging = await eu.connection(0)
  client.close(1000)
  await gateway.session(0)
  await Promise.all([hanging.ended, us.connections[0]!.ended])
  await client.until(() => status('eu').sessions + status('us').sessions === 0, 'both slots are free')
})
