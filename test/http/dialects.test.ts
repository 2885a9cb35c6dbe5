import t from 'tap'
import type { Test } from 'tap'
import { connect, goodKey, refusedByEvent, request } from '../fixtures/client.ts'
import type { ClientRequest } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import type { TestGateway } from '../fixtures/gateway.ts'
import { sessionCreated, startUpstream } from '../fixtures/upstream.ts'
import type { FakeUpstream } from '../fixtures/upstream.ts'
import type { DeploymentOptions, Dialect, RealtimeGatewayOptions } from '../../types/index.ts'

const delta = '{"type":"response.output_audio.delta","event_id":"e","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"AAAA"}'
const named = (event: string, name: string): string => event.replace('"response.output_audio.delta"', `"${name}"`.padEnd('"response.output_audio.delta"'.length))

async function gatewayTo (t: Test, options: Partial<RealtimeGatewayOptions> = {}, deployment: Partial<DeploymentOptions> = {}): Promise<{ gateway: TestGateway, upstream: FakeUpstream }> {
  const upstream = await startUpstream(t)
  return { upstream, gateway: await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], ...options }) }
}

/** What the client sees of an audio delta of the provider. */
async function heard ({ gateway, upstream }: { gateway: TestGateway, upstream: FakeUpstream }, asked: ClientRequest = {}): Promise<string> {
  const n = upstream.calls.length
  const client = await connect(gateway.port, asked)
  ;(await upstream.peer(n)).send(delta)
  // The first message is session.created.
  return (await client.message(1)).payload.toString()
}

/** What the client sees of an audio delta after it has said these events. */
async function heardAfter (both: { gateway: TestGateway, upstream: FakeUpstream }, said: readonly object[], asked: ClientRequest = {}): Promise<string> {
  const n = both.upstream.calls.length
  const client = await connect(both.gateway.port, asked)
  const peer = await both.upstream.peer(n)
  for (const event of said) client.send(event)
  client.send({ type: 'marker' })
  // What was said has been read when this arrives.
  await peer.until(() => peer.messages.some(({ payload }) => payload.includes('"marker"')), 'the marker')
  peer.send(delta)
  return (await client.message(1)).payload.toString()
}

const betaHeader = { headers: { 'OpenAI-Beta': 'realtime=v1' } }

for (const [how, asked] of [
  ['the header OpenAI-Beta', betaHeader],
  ['the header among other betas', { headers: { 'OpenAI-Beta': 'assistants=v2, realtime=v1' } }],
  ['the subprotocol openai-beta.realtime-v1', { key: null, protocols: ['realtime', `openai-insecure-api-key.${goodKey}`, 'openai-beta.realtime-v1'] }]
] as const) {
  t.test(`${how} proves nothing: the client hears GA, and the provider nothing of it`, async t => {
    const both = await gatewayTo(t)
    t.equal(await heard(both, asked), delta)
    t.notOk(both.upstream.calls[0]!.head.headers.has('openai-beta'))
  })
}

const flat = { type: 'session.update', session: { input_audio_format: 'pcm16', voice: 'marin' } }
const nested = { type: 'session.update', session: { type: 'realtime', audio: {} } }

for (const [what, said, expected] of [
  ['a flat session.update makes a beta client', [flat], 'response.audio.delta'],
  ['transcription_session.update makes a beta client', [{ type: 'transcription_session.update', session: {} }], 'response.audio.delta'],
  ['session.audio makes a GA client', [nested], 'response.output_audio.delta'],
  ['the first proof sticks: a flat update after a nested one changes nothing', [nested, flat], 'response.output_audio.delta'],
  ['the first proof sticks: a nested update after a flat one changes nothing', [flat, nested], 'response.audio.delta'],
  ['modalities in response.create prove nothing', [{ type: 'response.create', response: { modalities: ['text'] } }], 'response.output_audio.delta'],
  ['voice and turn_detection at the top of a session prove nothing', [{ type: 'session.update', session: { voice: 'eve', turn_detection: null } }], 'response.output_audio.delta'],
  ['an event that proves nothing leaves the proof to the next', [{ type: 'session.update', session: { voice: 'eve' } }, flat], 'response.audio.delta']
] as const) {
  // xAI has no transcription sessions, and says so.
  for (const target of what.startsWith('transcription') ? ['openai/gpt-realtime'] : ['openai/gpt-realtime', 'xai/grok']) {
    for (const asked of [{}, betaHeader]) {
      t.test(`${what} (${target}${asked === betaHeader ? ', with the header' : ''})`, async t => {
        t.equal((JSON.parse(await heardAfter(await gatewayTo(t, {}, { target }), said, asked)) as { type: string }).type, expected)
      })
    }
  }
}

for (const [target, asked, told] of [
  ['openai/gpt-realtime', { modalities: ['text'], instructions: 'Be brief.' }, { instructions: 'Be brief.', output_modalities: ['text'] }],
  ['openai/gpt-realtime', { modalities: ['text', 'audio'] }, { output_modalities: ['audio'] }],
  ['openai/gpt-realtime', { modalities: ['text'], output_modalities: ['audio'] }, { modalities: ['text'], output_modalities: ['audio'] }],
  ['openai/gpt-realtime', { modalities: 'text' }, { modalities: 'text' }],
  ['xai/grok', { modalities: ['audio', 'text'] }, { modalities: ['audio', 'text'] }]
] as const) {
  t.test(`a client that has proved nothing asks ${target} for a response with ${JSON.stringify(asked)}`, async t => {
    const both = await gatewayTo(t, {}, { target })
    const client = await connect(both.gateway.port)
    client.send({ type: 'response.create', response: asked })
    const peer = await both.upstream.peer(0)
    await peer.until(() => peer.messages.some(({ payload }) => payload.includes('"response.create"')), 'the request')
    const { payload } = peer.messages.find(({ payload }) => payload.includes('"response.create"'))!
    t.strictSame((JSON.parse(payload.toString()) as { response: unknown }).response, told)
  })
}

t.test('the event that proves it is the first that is translated by it', async t => {
  const both = await gatewayTo(t)
  const client = await connect(both.gateway.port)
  client.send(flat)
  const peer = await both.upstream.peer(0)
  t.match(await peer.json(0), { type: 'session.update', session: { type: 'realtime', audio: { input: { format: { type: 'audio/pcm', rate: 24_000 } }, output: { voice: 'marin' } } } })
})

t.test('what a key says of its clients counts over what they prove', async t => {
  const both = await gatewayTo(t, { keys: [{ key: goodKey, dialect: 'openai' }] })
  t.equal(await heardAfter(both, [{ type: 'session.update', session: { input_audio_format: 'pcm16' } }]), delta)
})

t.test('where silent clients are said to speak beta, one that proves GA hears GA', async t => {
  const both = await gatewayTo(t, { dialects: { client: 'beta' } })
  t.equal(await heardAfter(both, [nested]), delta)
})

for (const headers of [{}, { 'OpenAI-Beta': 'assistants=v2' }, { 'OpenAI-Beta': 'realtime=v10' }] as Array<Record<string, string>>) {
  t.test(`a client with ${JSON.stringify(headers)} speaks GA, and nothing is touched`, async t => {
    t.equal(await heard(await gatewayTo(t), { headers }), delta)
  })
}

t.test('the option says what silent clients speak, and the others say it themselves', async t => {
  const both = await gatewayTo(t, { dialects: { client: 'beta' } })
  t.equal(await heard(both), named(delta, 'response.audio.delta'))
  const xai = await connect(both.gateway.port, { key: null, protocols: [`xai-client-secret.${goodKey}`] })
  t.match((await xai.json(0)), { type: 'session.created', session: { modalities: ['audio'] } })
  t.match((await xai.json(1)), { type: 'conversation.created' })
})

t.test('what a key says of its clients counts over what they say', async t => {
  const keys = [{ key: goodKey, dialect: 'openai' as const }, { key: 'sk-old-clients-0001', dialect: 'beta' as const }]
  const both = await gatewayTo(t, { keys })
  t.equal(await heard(both, { headers: { 'OpenAI-Beta': 'realtime=v1' } }), delta)
  t.equal(await heard(both, { key: 'sk-old-clients-0001' }), named(delta, 'response.audio.delta'))
})

t.test('a principal of the host\'s may say it too', async t => {
  const both = await gatewayTo(t, { authenticate: () => ({ id: 'ann', dialect: 'beta' }) })
  t.equal(await heard(both), named(delta, 'response.audio.delta'))
})

t.test('a native deployment is not translated for anybody', async t => {
  const both = await gatewayTo(t, {}, { target: 'xai/grok', dialect: 'native' })
  const client = await connect(both.gateway.port, { headers: { 'OpenAI-Beta': 'realtime=v1' } })
  t.equal((await client.message(0)).payload.toString(), JSON.stringify(sessionCreated))
  ;(await both.upstream.peer(0)).send('{"type":"ping"}')
  t.equal((await client.message(1)).payload.toString(), '{"type":"ping"}')
  client.send('{"type":"session.update", "session":{}}')
  t.equal((await (await both.upstream.peer(0)).message(0)).payload.toString(), '{"type":"session.update", "session":{}}')
})

t.test('xAI speaks as OpenAI does unless its deployment is native', async t => {
  const both = await gatewayTo(t, {}, { target: 'xai/grok' })
  const client = await connect(both.gateway.port)
  const upstream = await both.upstream.peer(0)
  upstream.send('{"type":"ping"}')
  upstream.send('{"type":"other"}')
  t.match(await client.json(0), { type: 'session.created', session: { type: 'realtime' } })
  t.match(await client.json(1), { type: 'other' })
})

t.test('an adapter that throws when asked for its dialect costs no session', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, {
    adapters: [{ provider: 'acme', request: () => ({ url: upstream.url, headers: {} }), dialect () { throw new Error('no dialect today') } }],
    deployments: [{ model: 'voice', target: 'acme/x' }]
  })
  t.equal(await heard({ gateway, upstream }), delta)
  t.match(gateway.log(), /adapter\.dialect threw/)
})

t.test('a dialect that cannot begin ends its session and leaves nothing behind', async t => {
  const upstream = await startUpstream(t)
  const broken: Dialect = { name: 'acme', start () { throw new Error('no state today') }, clientToUpstream: {}, upstreamToClient: { x: 'y' } }
  const gateway = await startGateway(t, {
    adapters: [{ provider: 'acme', request: () => ({ url: upstream.url, headers: {} }), dialect: () => broken }],
    deployments: [{ model: 'voice', target: 'acme/x', maxSessions: 1 }],
    maxSessions: 1
  })
  for (let i = 0; i < 3; i++) {
    const client = await connect(gateway.port)
    t.match(await client.json(0), { type: 'error', error: { code: 'internal_error' } })
    t.match(await client.closed, { code: 1011 })
  }
  t.match(gateway.fastify.realtime.router.status(), [{ sessions: 0 }])
  t.match(gateway.log(), /could not begin/)
})

t.test('a dialect that throws where it is only asked costs nothing but its word', async t => {
  const upstream = await startUpstream(t)
  const odd: Dialect = {
    name: 'acme',
    start: () => ({}),
    opening () { throw new Error('no opening') },
    passes () { throw new Error('passes not') },
    clientToUpstream: { ask: 'acme.ask' },
    upstreamToClient: { 'acme.say': 'say' }
  }
  const gateway = await startGateway(t, { adapters: [{ provider: 'acme', request: () => ({ url: upstream.url, headers: {} }), dialect: () => odd }], deployments: [{ model: 'voice', target: 'acme/x' }] })
  const client = await connect(gateway.port)
  const peer = await upstream.peer(0)
  client.send({ type: 'ask' })
  t.match(await peer.json(0), { type: 'acme.ask' })
  peer.send({ type: 'acme.say' })
  t.match(await client.json(1), { type: 'say' })
})

t.test('a field that was changed to what comes nearest is told in the log, once a session', async t => {
  const both = await gatewayTo(t, {}, { target: 'xai/grok' })
  const client = await connect(both.gateway.port)
  const update = { type: 'session.update', session: { type: 'realtime', audio: { output: { speed: 9 } } } }
  client.send(update)
  client.send(update)
  const upstream = await both.upstream.peer(0)
  t.match(await upstream.json(1), { session: { audio: { output: { speed: 1.5 } } } })
  t.equal(both.gateway.log().match(/"field":"session\.audio\.output\.speed"/g)?.length, 1)
})

t.test('strict refuses what has no equal, and the session goes on', async t => {
  const both = await gatewayTo(t, { dialects: { strict: true } }, { target: 'xai/grok' })
  const client = await connect(both.gateway.port)
  client.send({ type: 'session.update', event_id: 'mine', session: { type: 'realtime', audio: { output: { speed: 9 } } } })
  t.match(await client.json(1), { type: 'error', error: { type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.audio.output.speed', event_id: 'mine' } })
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'marin' } } } })
  t.match(await (await both.upstream.peer(0)).json(0), { type: 'session.update', session: { voice: 'ara' } })
})

t.test('the host\'s table of voices counts over the built-in one', async t => {
  const both = await gatewayTo(t, { dialects: { xaiVoices: { marin: 'leo', ours: 'custom-7' } } }, { target: 'xai/grok' })
  const client = await connect(both.gateway.port)
  const upstream = await both.upstream.peer(0)
  for (const [i, [asked, spoken]] of [['marin', 'leo'], ['ours', 'custom-7'], ['cedar', 'rex']].entries()) {
    client.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: asked } } } })
    t.match(await upstream.json(i), { session: { voice: spoken } })
  }
})

t.test('a retired model is served by its successor where the option says so, with a warning', async t => {
  const both = await gatewayTo(t, { dialects: { successors: true } }, { model: 'gpt-realtime-2.1', target: 'openai/gpt-realtime-2.1' })
  for (const model of ['gpt-4o-realtime-preview', 'gpt-4o-realtime-preview-2024-12-17', 'openai/gpt-4o-realtime-preview']) {
    const { status } = await request(both.gateway.port, { model, headers: { 'OpenAI-Beta': 'realtime=v1' } })
    t.equal(status, model.startsWith('openai/') ? 404 : 101, model)
  }
  t.equal(both.upstream.calls[0]!.url.searchParams.get('model'), 'gpt-realtime-2.1')
  t.match(both.gateway.log(), /"asked":"gpt-4o-realtime-preview-2024-12-17","model":"gpt-realtime-2\.1".*retired/)
  t.equal((await request(both.gateway.port, { model: 'gpt-4o-mini-realtime-preview' })).status, 404, 'whose successor nobody serves')
})

t.test('without the option a retired model is what nobody serves', async t => {
  const both = await gatewayTo(t, {}, { model: 'gpt-realtime-2.1' })
  t.equal((await request(both.gateway.port, { model: 'gpt-4o-realtime-preview' })).error?.code, 'model_not_found')
})

t.test('a deployment under a retired model\'s own name goes to the successor at its provider', async t => {
  const retired = { model: 'gpt-4o-realtime-preview', target: 'openai/gpt-4o-realtime-preview-2024-10-01' }
  const both = await gatewayTo(t, { dialects: { successors: true } }, retired)
  await connect(both.gateway.port, { model: retired.model })
  t.equal(both.upstream.calls[0]!.url.searchParams.get('model'), 'gpt-realtime-2.1')
  t.match(both.gateway.log(), /was shut down by its provider on 2026-05-07; use openai\/gpt-realtime-2\.1, as is done here/)
})

t.test('a key that may use the retired model or its successor may use it by either name', async t => {
  const upstream = await startUpstream(t)
  const key = (name: string, models: string[]): { key: string, models: string[] } => ({ key: `sk-${name}-0000000001`, models })
  const gateway = await startGateway(t, {
    dialects: { successors: true },
    deployments: [deploymentAt(upstream, { model: 'gpt-realtime-2.1' })],
    keys: [key('old', ['gpt-4o-realtime-preview']), key('new', ['gpt-realtime-2.1']), key('other', ['something-else'])]
  })
  const status = async (name: string): Promise<number> => (await request(gateway.port, { model: 'gpt-4o-realtime-preview', key: `sk-${name}-0000000001` })).status
  t.strictSame([await status('old'), await status('new'), await status('other')], [101, 101, 403])
})

for (const model of ['gpt-live-1', 'gpt-live-1.1']) {
  t.test(`${model} is refused with a word about its protocol, dialled or not`, async t => {
    const both = await gatewayTo(t, {}, { model: 'gpt-*', target: 'openai/gpt-*' })
    const { status, error } = await request(both.gateway.port, { model })
    t.equal(status, 400)
    t.match(error, { type: 'invalid_request_error', code: 'unsupported_protocol', message: /GPT-Live/, param: 'model' })
    t.equal(both.upstream.counts.opened, 0)
    const browser = await refusedByEvent(both.gateway.port, { model, key: null, protocols: ['realtime', `openai-insecure-api-key.${goodKey}`] })
    t.match(browser, { error: { code: 'unsupported_protocol' }, code: 4000, reason: 'unsupported_protocol' })
    const none = await gatewayTo(t)
    t.equal((await request(none.gateway.port, { model })).error?.code, 'unsupported_protocol')
  })
}

t.test('gpt-live-transcribe is a model of transcription sessions, and passes', async t => {
  const both = await gatewayTo(t, {}, { model: 'gpt-*', target: 'openai/gpt-*' })
  t.equal((await request(both.gateway.port, { model: 'gpt-live-transcribe' })).status, 101)
})

t.test('a transcription session of a beta client gets its own events', async t => {
  const both = await gatewayTo(t, { defaultModel: 'voice' })
  const client = await connect(both.gateway.port, { model: null, query: 'intent=transcription', headers: { 'OpenAI-Beta': 'realtime=v1' } })
  const upstream = await both.upstream.peer(0)
  t.equal(both.upstream.calls[0]!.url.search, '?intent=transcription')
  client.send({ type: 'transcription_session.update', session: { input_audio_format: 'pcm16', input_audio_transcription: { model: 'gpt-4o-transcribe' } } })
  t.match(await upstream.json(0), { type: 'session.update', session: { type: 'transcription', audio: { input: { format: { type: 'audio/pcm', rate: 24_000 }, transcription: { model: 'gpt-4o-transcribe' } } } } })
  upstream.send({ type: 'session.updated', event_id: 'e', session: { type: 'transcription', object: 'realtime.transcription_session', id: 's', audio: { input: { format: { type: 'audio/pcm', rate: 24_000 } } } } })
  t.match(await client.json(1), { type: 'transcription_session.updated', session: { input_audio_format: 'pcm16' } })
})

t.test('a transcription session is for those of a group who have them, however many others stand before', async t => {
  const upstream = await startUpstream(t)
  const ours = (target: string, order: number) => deploymentAt(upstream, { target, order })
  const gateway = await startGateway(t, { defaultModel: 'voice', deployments: [...[1, 2, 3, 4, 5].map(n => ours(`xai/grok-${n}`, 0)), ours('openai/gpt-realtime', 1)] })
  const client = await connect(gateway.port, { model: null, query: 'intent=transcription' })
  t.match(await client.json(0), { type: 'session.created' })
  t.strictSame(upstream.calls.map(({ url }) => url.search), ['?intent=transcription'])
  const alone = await startGateway(t, { defaultModel: 'voice', deployments: [ours('xai/grok-1', 0), ours('xai/grok-2', 0)] })
  t.match(await request(alone.port, { model: null, query: 'intent=transcription' }), { status: 400, error: { code: 'unsupported_feature', param: 'intent' } })
})

t.test('a call that a client attaches to keeps the turn detection that it has', async t => {
  const upstream = await startUpstream(t, call => { call.accept() })
  const gateway = await startGateway(t, { defaultModel: 'voice', deployments: [deploymentAt(upstream, { target: 'xai/grok' })] })
  const client = await connect(gateway.port, { model: null, query: 'call_id=rtc_1' })
  client.send({ type: 'response.create' })
  client.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } })
  const peer = await upstream.peer(0)
  t.strictSame(await peer.json(0), { type: 'response.create' })
  t.match(await peer.json(1), { type: 'session.update', session: { instructions: 'Be brief.', turn_detection: undefined } })
})

t.test('a beta client attached to a call is translated without a session.created', async t => {
  const upstream = await startUpstream(t, call => { call.accept() })
  const gateway = await startGateway(t, { defaultModel: 'voice', deployments: [deploymentAt(upstream)] })
  const client = await connect(gateway.port, { model: null, query: 'call_id=rtc_1' })
  const peer = await upstream.peer(0)
  client.send({ type: 'session.update', session: { voice: 'marin', modalities: ['audio', 'text'] } })
  t.match(await peer.json(0), { type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'marin' } } } })
  peer.send(delta)
  t.equal((await client.message(0)).payload.toString(), named(delta, 'response.audio.delta'))
})
