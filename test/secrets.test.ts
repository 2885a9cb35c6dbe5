import t from 'tap'
import { once } from 'node:events'
import type { UpstreamAdapter } from '../types/index.ts'
import { connect, request, requestText } from './fixtures/client.ts'
import type { ClientRequest } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import type { TestGateway } from './fixtures/gateway.ts'
import { ready, startUpstream } from './fixtures/upstream.ts'
import type { FakeUpstream, Script } from './fixtures/upstream.ts'
import { dial } from './fixtures/wire/raw-http.ts'
import { within } from './fixtures/wire/within.ts'

// Each is unlike the others in form, and none has a shape that a filter could know.
const canaries = {
  provider: 'pr0vider5ecret9QX7',
  client: 'cl1ent5ecret3ZK8',
  other: 'oth3r5ecret6WJ2',
  master: 'mast3r5ecret1VB4mast3r',
  query: 'qu3ry5ecret5TN9',
  body: 'b0dy5ecret7RM3',
  reason: 'sk-r3ason5ecret2LP6',
  header: 'h3ader5ecret8YC1',
  cookie: 'c00kie5ecret4GD7',
  thrown: 'thr0wn5ecret0FH5'
} as const
type Canary = keyof typeof canaries

/** Everything that a client hears, up to the end of its connection. */
async function everythingHeard (port: number, options: ClientRequest): Promise<string> {
  const socket = await dial(port)
  let heard = ''
  socket.on('error', () => {})
  socket.on('data', chunk => { heard += chunk.toString('latin1') })
  socket.write(requestText(options))
  await within(once(socket, 'close'), 5_000, 'the end of the connection')
  return heard
}

function everythingAtUpstream ({ calls }: FakeUpstream): string {
  return calls.map(({ head, peer }) => [head.line, ...[...head.headers].flat(), ...peer?.messages.map(({ payload }) => payload.toString('latin1')) ?? []].join('\n')).join('\n')
}

/** Which canaries a text holds, plain or in base64. */
function found (text: string): Canary[] {
  return (Object.keys(canaries) as Canary[]).filter(name => [canaries[name], Buffer.from(canaries[name]).toString('base64').replace(/=+$/, '').slice(0, -1)].some(form => text.includes(form)))
}

const deployment = { apiKey: canaries.provider, headers: { 'X-Team': canaries.header } }
const keys = [{ key: canaries.client, name: 'tester' }, { key: canaries.other, name: 'blocked', blocked: true }]
const own: ClientRequest = {
  key: canaries.client,
  headers: { Cookie: `session=${canaries.cookie}`, 'OpenAI-Beta': 'realtime=v1' },
  query: `note=${canaries.query}`
}

async function settled (gateway: TestGateway, upstream: FakeUpstream): Promise<void> {
  await gateway.idle()
  await upstream.idle()
}

t.test('a session that goes well shows the provider its own key, and nobody anything else', async t => {
  const upstream = await startUpstream(t)
  const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], keys, masterKey: canaries.master })
  const client = await connect(gateway.port, own)
  const provider = await upstream.peer(0)
  client.send({ type: 'session.update' })
  await provider.message(0)
  t.strictSame(found(JSON.stringify(gateway.fastify.realtime.sessions.list())), [])
  provider.close(4000, `Incorrect API key provided: ${canaries.reason}. Bearer ${canaries.client}`)
  const { reason } = await client.closed
  t.strictSame(found(reason), [])
  await settled(gateway, upstream)
  t.strictSame(found(everythingAtUpstream(upstream)), ['provider', 'query', 'header'], 'its key, its header, and the query that is meant for it')
  t.strictSame(found(gateway.log()), [])
  t.strictSame(found(JSON.stringify(gateway.ended)), [])
})

const refusedBy: ReadonlyArray<readonly [string, Script]> = [
  ['a body and headers full of secrets', call => { call.answer(401, { 'WWW-Authenticate': canaries.body, Location: `https://${canaries.body}.example` }, `Incorrect API key ${canaries.provider} ${canaries.body}`) }],
  ['a rate limit that names the account', call => { call.answer(429, { 'Retry-After': '3', 'X-Organization': canaries.body }, canaries.body) }],
  ['an error event that repeats the key', call => { call.accept().send({ type: 'error', error: { type: canaries.body, code: canaries.body, message: `${canaries.provider} ${canaries.body}`, param: canaries.body } }) }],
  ['a close reason that repeats the key', call => { call.accept().close(3000, canaries.reason) }],
  ['a status line with a secret', call => { call.socket.end(`HTTP/1.1 599 ${canaries.body}\r\nContent-Length: 0\r\n\r\n`) }],
  ['no HTTP at all', call => { call.socket.end(`${canaries.body}\r\n\r\n`) }],
  ['an accept header of its own', call => { call.accept(undefined, { 'Sec-WebSocket-Accept': canaries.body }) }]
]

for (const [title, script] of refusedBy) {
  t.test(`a provider that refuses with ${title} leaks nothing to the client or the log`, async t => {
    const upstream = await startUpstream(t, script)
    for (const refusal of ['http', 'event'] as const) {
      const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], keys, refusal })
      const heard = await everythingHeard(gateway.port, own)
      t.match(heard, /"code":"upstream_/)
      t.notMatch(heard, new RegExp(`${upstream.port}|x-organization|www-authenticate`, 'i'))
      await settled(gateway, upstream)
      t.strictSame(found(heard), [])
      t.strictSame(found(gateway.log()), [])
    }
  })
}

t.test('a refused client leaves no key in what it hears, nor in the log, nor at the provider', async t => {
  const upstream = await startUpstream(t)
  const clients: readonly ClientRequest[] = [
    { ...own, key: canaries.master + 'x' },
    { ...own, key: canaries.other },
    { ...own, headers: { 'api-key': canaries.other } },
    { ...own, key: null, query: `api_key=${canaries.query}` },
    { ...own, key: null, query: `token=${canaries.query}&client_secret=${canaries.client}` },
    { ...own, key: null, protocols: [`openai-insecure-api-key.${canaries.other}`] },
    { ...own, key: null, protocols: [`openai-insecure-api-key.${canaries.other}`, `xai-client-secret.${canaries.client}`] },
    { ...own, key: null, protocols: ['realtime', `xai-client-secret.${canaries.other}`] },
    { ...own, key: null, headers: { Authorization: `Basic ${canaries.other}` } },
    { ...own, model: canaries.query },
    { ...own, model: null },
    { ...own, headers: { Origin: `https://${canaries.cookie}.example` } },
    { ...own, headers: { 'Sec-WebSocket-Version': '8' } },
    { ...own, headers: { 'Sec-WebSocket-Protocol': `a b,${canaries.client}` } }
  ]
  for (const refusal of ['http', 'event'] as const) {
    const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], keys, masterKey: canaries.master, refusal, allowedOrigins: ['https://app.example'] })
    for (const client of clients) {
      const heard = await everythingHeard(gateway.port, client)
      t.match(heard, /"error":\{/)
      t.strictSame(found(heard), [], JSON.stringify(client))
    }
    t.strictSame(found(gateway.log()), [])
  }
  t.equal(upstream.counts.opened, 0)
})

t.test('what the code of the host throws reaches no client', async t => {
  const upstream = await startUpstream(t)
  const throws = (): never => { throw new Error(`postgres://me:${canaries.thrown}@db`) }
  const broken: UpstreamAdapter = { provider: 'own', request: throws }
  const gateways = [
    await startGateway(t, { deployments: [deploymentAt(upstream)], keys, authenticate: throws }),
    await startGateway(t, { deployments: [deploymentAt(upstream)], keyStore: { findByHash: throws } }),
    await startGateway(t, { router: { candidates: throws }, keys }),
    await startGateway(t, { deployments: [{ model: 'voice', target: 'own/x' }], adapters: [broken], keys })
  ]
  for (const { port } of gateways) {
    for (const key of [canaries.client, 'unknown-key-0001']) {
      for (const origin of [undefined, 'https://app.example']) {
        const heard = await everythingHeard(port, { key, headers: origin === undefined ? {} : { Origin: origin } })
        t.match(heard, /"error":\{/)
        t.strictSame(found(heard), [])
      }
    }
  }
})

t.test('a provider whose address cannot be reached is not named to the client', async t => {
  const upstream = await startUpstream(t)
  await upstream.close()
  const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, { ...deployment, baseUrl: `http://127.0.0.1:${upstream.port}/${canaries.query}/v1` })], keys })
  const refused = await request(gateway.port, { ...own, query: '' })
  t.equal(refused.error?.code, 'upstream_unavailable')
  t.notMatch(refused.body, new RegExp(`127|${upstream.port}|ECONN|${canaries.query}`))
  t.strictSame(found(gateway.log()), [])
})

t.test('the only key that is ever echoed is the sole offer of an xAI client', async t => {
  const upstream = await startUpstream(t, ready)
  const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], keys })
  const offers: ReadonlyArray<readonly [readonly string[], Canary[]]> = [
    [[`xai-client-secret.${canaries.client}`], ['client']],
    [[`xai-client-secret.${canaries.client}`, 'realtime'], []],
    [[`openai-insecure-api-key.${canaries.client}`], []],
    [['realtime', `openai-insecure-api-key.${canaries.client}`], []]
  ]
  for (const [protocols, echoed] of offers) {
    const { headers, peer } = await request(gateway.port, { key: null, protocols })
    t.strictSame(found([...headers].flat().join('\n')), echoed)
    t.equal((await peer!.json(0)).type, 'session.created')
    peer!.close(1000)
    await peer!.closed
  }
  t.strictSame(found(gateway.log()), [])
  await settled(gateway, upstream)
  t.strictSame(found(everythingAtUpstream(upstream)), ['provider', 'header'])
})
