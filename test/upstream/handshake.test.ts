import t from 'tap'
import type { DeploymentOptions, RealtimeGatewayOptions, UpstreamAdapter } from '../../types/index.ts'
import { connect, goodKey, request } from '../fixtures/client.ts'
import type { ClientRequest } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import type { Call, Owner } from '../fixtures/upstream.ts'

const upstream = await startUpstream(t)

/** What arrives at the upstream when a client connects. */
async function arriving (t: Owner, deployment: Partial<DeploymentOptions>, client: ClientRequest = {}, options: RealtimeGatewayOptions = {}): Promise<Call> {
  const n = upstream.calls.length
  const { port } = await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], ...options })
  const peer = await connect(port, client)
  peer.close(1000)
  await peer.closed
  return await upstream.call(n)
}

const handshakeHeaders = ['connection', 'host', 'sec-websocket-key', 'sec-websocket-version', 'upgrade']

t.test('xAI hears the model, the key of the deployment, and nothing of what the client sent along', async t => {
  const { url, head } = await arriving(t, { target: 'xai/grok-voice-latest' }, {
    key: null,
    protocols: ['realtime', `openai-insecure-api-key.${goodKey}`, 'openai-beta.realtime-v1', 'openai-organization.org-1'],
    headers: {
      'OpenAI-Beta': 'realtime=v1',
      'OpenAI-Organization': 'org-1',
      'OpenAI-Safety-Identifier': 'user-1',
      'X-Custom': 'yes',
      Cookie: 'session=1',
      'X-Forwarded-For': '1.2.3.4',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
      Connection: 'Upgrade, Authorization'
    }
  })
  t.equal(head.line, 'GET /v1/realtime?model=grok-voice-latest HTTP/1.1')
  t.strictSame([...head.headers.keys()].sort(), ['authorization', ...handshakeHeaders])
  t.equal(head.headers.get('authorization'), 'Bearer sk-provider-0001')
  t.equal(head.headers.get('host'), `127.0.0.1:${upstream.port}`)
  t.equal(head.headers.get('connection'), 'Upgrade')
  t.match(head.headers.get('sec-websocket-key'), /^[+/\w]{22}==$/)
  t.equal(url.pathname, '/v1/realtime')
})

t.test('OpenAI hears the safety identifier besides, if it is a legal one', async t => {
  const { head } = await arriving(t, {}, { headers: { 'OpenAI-Safety-Identifier': 'user-1' } })
  t.strictSame([...head.headers.keys()].sort(), ['authorization', 'connection', 'host', 'openai-safety-identifier', 'sec-websocket-key', 'sec-websocket-version', 'upgrade'])
  t.equal(head.headers.get('openai-safety-identifier'), 'user-1')
  const long = await arriving(t, {}, { headers: { 'OpenAI-Safety-Identifier': 'x'.repeat(257) } })
  t.notOk(long.head.headers.has('openai-safety-identifier'))
})

t.test("each handshake has a key of its own, not the client's", async t => {
  const keys = new Set<string | undefined>()
  for (let i = 0; i < 3; i++) keys.add((await arriving(t, {})).head.headers.get('sec-websocket-key'))
  t.equal(keys.size, 3)
  t.notOk(keys.has('dGhlIHNhbXBsZSBub25jZQ=='))
})

t.test("the client's query passes, its model is replaced, and the operator's query stays", async t => {
  const client = { query: 'conversation_id=c%201&reasoning.effort=high&region=us&tag=1&tag=2' }
  const { url } = await arriving(t, { baseUrl: `http://127.0.0.1:${upstream.port}/openai/v1/realtime?region=eu` }, client)
  t.equal(url.pathname, '/openai/v1/realtime')
  t.strictSame([...url.searchParams], [['region', 'eu'], ['model', 'gpt-test'], ['conversation_id', 'c 1'], ['reasoning.effort', 'high'], ['tag', '1'], ['tag', '2']])
})

t.test('a client cannot bring a model in twice, nor one in other letters past its key', async t => {
  const { url } = await arriving(t, {}, { query: 'model=other' })
  t.strictSame(url.searchParams.getAll('model'), ['gpt-test'])
})

t.test('where the client names no model the upstream gets none', async t => {
  const options = { defaultModel: 'voice' }
  const attached = await arriving(t, {}, { model: null, query: 'call_id=rtc_1' }, options)
  t.equal(attached.url.search, '?call_id=rtc_1')
  const transcription = await arriving(t, {}, { model: null, query: 'intent=transcription' }, options)
  t.equal(transcription.url.search, '?intent=transcription')
})

t.test('a session that attaches to a call is open before its upstream speaks', async t => {
  const silent = await startUpstream(t, call => { call.accept() })
  const { port } = await startGateway(t, { deployments: [deploymentAt(silent)] })
  const client = await connect(port, { query: 'call_id=rtc_1' })
  const provider = await silent.peer(0)
  client.send('hello')
  t.equal((await provider.message(0)).payload.toString(), 'hello')
  provider.send('later')
  t.equal((await client.message(0)).payload.toString(), 'later')
  client.close(1000)
  await client.closed
})

t.test('a wildcard deployment asks for the model that was matched', async t => {
  const { url } = await arriving(t, { model: 'mine/*', target: 'openai/*' }, { model: 'mine/gpt-realtime-2.1' })
  t.equal(url.searchParams.get('model'), 'gpt-realtime-2.1')
})

t.test("a deployment's own headers arrive, its key wins over one among them", async t => {
  const { head } = await arriving(t, { headers: { 'X-Team': 'blue', authorization: 'Bearer other', 'OpenAI-Organization': 'org-9' } })
  t.equal(head.headers.get('x-team'), 'blue')
  t.equal(head.headers.get('openai-organization'), 'org-9')
  t.equal(head.headers.get('authorization'), 'Bearer sk-provider-0001')
})

t.test("an adapter of the host's decides on address, headers and subprotocol", async t => {
  const n = upstream.calls.length
  upstream.script = call => { call.accept(undefined, { 'Sec-WebSocket-Protocol': 'own.v2' }).send({ type: 'hello' }) }
  t.teardown(() => { upstream.script = call => { call.accept().send({ type: 'session.created' }) } })
  const heard: unknown[] = []
  const own: UpstreamAdapter = {
    provider: 'own',
    request (deployment, handshake) {
      heard.push([deployment.target, handshake.model, [...handshake.query], handshake.safetyIdentifier])
      return { url: `ws://127.0.0.1:${upstream.port}/chat?who=me`, headers: { 'X-Own': '1' }, protocols: ['own.v1', 'own.v2'] }
    }
  }
  const { port } = await startGateway(t, { adapters: [own], deployments: [{ model: 'voice', target: 'own/parrot' }] })
  const client = await connect(port, { query: 'mood=calm', headers: { 'OpenAI-Safety-Identifier': 'u' } })
  t.equal((await client.json(0)).type, 'hello')
  client.close(1000)
  await client.closed
  const { head } = await upstream.call(n)
  t.equal(head.line, 'GET /chat?who=me HTTP/1.1')
  t.equal(head.headers.get('x-own'), '1')
  t.equal(head.headers.get('sec-websocket-protocol'), 'own.v1, own.v2')
  t.strictSame(heard, [['own/parrot', 'parrot', [['mood', 'calm']], 'u']])
})

t.test('an adapter of the same name replaces the built-in one', async t => {
  const n = upstream.calls.length
  const openai: UpstreamAdapter = { provider: 'openai', request: () => ({ url: `ws://127.0.0.1:${upstream.port}/mine`, headers: {} }) }
  const { port } = await startGateway(t, { adapters: [openai], deployments: [{ model: 'voice', target: 'openai/x' }] })
  await connect(port)
  t.equal((await upstream.call(n)).head.line, 'GET /mine HTTP/1.1')
})

t.test("an adapter's mistake costs its candidate, never the process", async t => {
  const url = `ws://127.0.0.1:${upstream.port}/`
  const broken: ReadonlyArray<readonly [string, Partial<UpstreamAdapter>]> = [
    ['request throws', { request () { throw new Error('canary') } }],
    ['request gives no URL', { request: () => ({ url: 'nowhere', headers: {} }) }],
    ['request gives an illegal header', { request: () => ({ url, headers: { 'X-A': 'b\r\nX-C: d' } }) }],
    ['request gives nothing', { request: () => undefined as unknown as ReturnType<UpstreamAdapter['request']> }],
    ['readyAt throws', { readyAt () { throw new Error('canary') } }],
    ['classify throws', { classify () { throw new Error('canary') } }]
  ]
  for (const [title, part] of broken) {
    const adapter: UpstreamAdapter = { provider: 'own', request: () => ({ url, headers: {} }), ...part }
    const { port } = await startGateway(t, { adapters: [adapter], deployments: [{ model: 'voice', target: 'own/x', order: 0 }, deploymentAt(upstream, { model: 'voice', order: 1 })] })
    const client = await connect(port)
    t.equal((await client.json(0)).type, 'session.created', title)
    client.close(1000)
    await client.closed

    const alone = await startGateway(t, { adapters: [adapter], deployments: [{ model: 'voice', target: 'own/x' }] })
    const refused = await request(alone.port)
    t.equal(refused.error?.code, 'upstream_unavailable', title)
    t.notMatch(refused.body, /canary/)
  }
})
