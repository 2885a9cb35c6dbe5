import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Router, UpstreamAdapter } from '../types/index.ts'
import { createRouter } from '../lib/default-router.ts'
import { builtPackage } from './fixtures/built-package.ts'
import { connect, request, requestText } from './fixtures/client.ts'
import type { ClientRequest } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import { startProgram } from './fixtures/program.ts'
import { ready, sessionCreated, startUpstream } from './fixtures/upstream.ts'
import type { FakeUpstream, Script } from './fixtures/upstream.ts'
import { dial } from './fixtures/wire/raw-http.ts'
import { within } from './fixtures/wire/within.ts'

// One secret for each place that can hold one; test/secrets.test.ts looks at single rules. `*Shaped` look like keys, the others like nothing.
const canaries = {
  apiKey: 'pr0vider5ecretAPIK1',
  token: 't0ken5ecretFUNC2',
  deploymentHeader: 'd3ploymentH3ader5ecret3',
  master: 'mast3rK3y5ecret4mast3r',
  virtual: 'v1rtualK3y5ecret5',
  blocked: 'bl0ckedK3y5ecret6',
  stranger: 'str4ngerK3y5ecret7',
  cookie: 'c00kie5ecret8',
  forwarded: 'f0rwarded5ecret9',
  basic: 'b4sic5ecret10',
  hookShaped: 'sk-h00k5ecret11aaaaaa',
  bodyShaped: 'sk-b0dy5ecret12aaaaaa',
  bodyText: 'b0dyT3xt5ecret13',
  reasonShaped: 'sk-r3ason5ecret14aaaaaa',
  eventShaped: 'sk-ev3nt5ecret15aaaaaa',
  bearer: 'eyJhbGciOiJub25lIn0.b34rer5ecret16.x',
  file: 'f1le5ecretAPIK17',
  variable: 'vari4ble5ecret18'
} as const
type Canary = keyof typeof canaries

/** Which canaries a text holds: plain, in base64, in the escapes of a URL. */
function found (text: string): Canary[] {
  return (Object.keys(canaries) as Canary[]).filter(name => {
    const secret = canaries[name]
    return [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1), encodeURIComponent(secret)].some(form => text.includes(form))
  })
}

/** Everything that a client hears; `act` says more once it is in. */
async function heard (port: number, options: ClientRequest): Promise<string> {
  const socket = await dial(port)
  let text = ''
  socket.on('error', () => {})
  socket.on('data', chunk => { text += chunk.toString('latin1') })
  socket.write(requestText(options))
  await within(once(socket, 'close'), 5_000, 'the end of the connection')
  return text
}

/** What the provider saw, request line, headers and messages. */
function seen ({ calls }: FakeUpstream): string {
  return calls.map(({ head, peer }) => [head.line, ...[...head.headers].flat(), ...peer?.messages.map(({ payload }) => payload.toString('latin1')) ?? []].join('\n')).join('\n')
}

/** An error as the libraries of a host throw them, with the request that failed. */
function hostError (): Error {
  return Object.assign(new Error('the host failed'), { config: { headers: { authorization: `Bearer ${canaries.hookShaped}` } }, cause: new Error(canaries.hookShaped) })
}
const throws = (): never => { throw hostError() }
const rejects = (): Promise<never> => Promise.reject(hostError())

const keys = [{ key: canaries.virtual, name: 'tester' }, { key: canaries.blocked, name: 'gone', blocked: true }]
const deployment = { apiKey: canaries.apiKey, headers: { 'X-Project': canaries.deploymentHeader } }
const carried = {
  Cookie: `session=${canaries.cookie}`,
  'X-Forwarded-For': canaries.forwarded,
  'X-Forwarded-Host': `${canaries.forwarded}.example`,
  'X-Amz-Security-Token': canaries.forwarded,
  'Proxy-Authorization': `Basic ${Buffer.from(canaries.basic).toString('base64')}`,
  'X-Litellm-Tags': canaries.forwarded
}

const everyCarrier = (secret: string): ClientRequest[] => [
  { key: secret },
  { key: null, headers: { 'api-key': secret } },
  { key: null, headers: { Authorization: `Basic ${Buffer.from(`me:${secret}`).toString('base64')}` } },
  { key: null, headers: { Authorization: secret } },
  { key: null, protocols: ['realtime', `openai-insecure-api-key.${secret}`] },
  { key: null, protocols: ['realtime', `xai-client-secret.${secret}`] },
  { key: null, query: `api_key=${secret}` },
  { key: null, query: `access_token=${secret}&note=${secret}` },
  { key: null, query: `anything=${secret}`, model: secret },
  { key: null, headers: { Origin: `https://${secret}.example` } },
  { key: null, headers: { 'Sec-WebSocket-Key': secret } }
]

// A path that no route serves is answered and logged by the host, which is ours only where it is the bin.
const everyPath = (secret: string): ClientRequest[] => [`/${secret}/v1/realtime`, `/v1/realtime/${secret}`, `/v1/${secret}`].map(path => ({ key: null, path }))

// A query of the client's goes to its provider: where it holds a key under any name, the request is refused and nobody is dialled.
for (const secret of [canaries.blocked, canaries.stranger]) {
  t.test(`a key that is refused appears nowhere, however it is brought (${secret === canaries.blocked ? 'blocked' : 'unknown'})`, async t => {
    const upstream = await startUpstream(t)
    for (const refusal of ['http', 'event'] as const) {
      const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, deployment)], keys, masterKey: canaries.master, refusal })
      for (const client of everyCarrier(secret)) {
        const text = await heard(gateway.port, { ...client, headers: { ...carried, ...client.headers } })
        t.match(text, /^HTTP\/1\.1 (?:4\d\d|101)[^]*"error":/, JSON.stringify(client))
        t.strictSame(found(text.replace(/^.*?\r\n\r\n/s, '')), [], JSON.stringify(client))
      }
      t.strictSame(found(gateway.log()), [])
    }
    t.equal(upstream.counts.opened, 0)
  })
}

const goodCarriers: ReadonlyArray<readonly [ClientRequest, string | undefined]> = [
  [{ key: canaries.virtual }, undefined],
  [{ key: null, headers: { 'api-key': canaries.virtual } }, undefined],
  [{ key: null, protocols: ['realtime', `openai-insecure-api-key.${canaries.virtual}`] }, 'realtime'],
  [{ key: null, protocols: [`openai-insecure-api-key.${canaries.virtual}`] }, undefined],
  // Its client takes no other answer than its own offer.
  [{ key: null, protocols: [`xai-client-secret.${canaries.virtual}`] }, `xai-client-secret.${canaries.virtual}`]
]

t.test('a key that is good goes no further than the gateway, and each provider sees its own credential alone', async t => {
  const upstream = await startUpstream(t)
  const azure = await startUpstream(t)
  const gateway = await startGateway(t, {
    keys,
    masterKey: canaries.master,
    deployments: [deploymentAt(upstream, deployment), { ...deploymentAt(azure), apiKey: undefined, model: 'other', target: 'azure/voice', token: async () => canaries.token }]
  })
  for (const model of ['voice', 'other']) {
    for (const [client, protocol] of [...goodCarriers, [{ key: canaries.master }, undefined] as const]) {
      const { status, headers, peer } = await request(gateway.port, { ...client, model, headers: { ...carried, ...client.headers } })
      t.equal(status, 101)
      t.equal(headers.get('sec-websocket-protocol'), protocol)
      const echoed = protocol?.startsWith('xai-') ? ['virtual'] : []
      t.strictSame(found([...headers].flat().join('\n')), echoed)
      await peer!.json(0)
      t.strictSame(found(JSON.stringify(gateway.fastify.realtime.sessions.list())), [])
      peer!.close(1000)
      await peer!.closed
      t.strictSame(found(peer!.messages.join('\n')), [])
    }
  }
  await gateway.idle()
  t.strictSame(found(seen(upstream)), ['apiKey', 'deploymentHeader'])
  t.strictSame(found(seen(azure)), ['token'])
  t.strictSame(found(gateway.log() + JSON.stringify(gateway.ended) + JSON.stringify(gateway.fastify.realtime.router.status?.())), [])
})

const talk = (...texts: string[]): string => texts.join(' ')
const everySecret = talk(canaries.apiKey, canaries.bodyShaped, `Bearer ${canaries.bearer}`)
const failures: ReadonlyArray<readonly [string, Script]> = [
  ['401 with a body', call => { call.answer(401, { 'X-Debug': canaries.bodyText }, talk(everySecret, canaries.bodyText)) }],
  ['400 with a body that is read', call => { call.answer(400, {}, talk('Incorrect API key provided:', everySecret, canaries.bodyText)) }],
  ['429', call => { call.answer(429, { 'Retry-After': canaries.bodyText, 'X-Organization': canaries.bodyText }, everySecret) }],
  ['500', call => { call.answer(500, {}, talk(everySecret, canaries.bodyText)) }],
  ['a redirect', call => { call.answer(302, { Location: `https://${canaries.bodyText}.example/?key=${canaries.apiKey}` }) }],
  ['a status line', call => { call.socket.end(`HTTP/1.1 418 ${canaries.bodyText} ${canaries.apiKey}\r\n\r\n`) }],
  ['no HTTP', call => { call.socket.end(talk(everySecret, canaries.bodyText, '\r\n\r\n')) }],
  ['a header without end', call => { call.socket.end(`HTTP/1.1 101 Switching\r\n${canaries.bodyText}`) }],
  ['an error as first event', call => { call.accept().send({ type: 'error', error: { type: 'x', code: canaries.bodyText, message: everySecret, param: canaries.bodyText } }) }],
  ['a close before the first event', call => { call.accept().close(4001, canaries.reasonShaped) }],
  ['a reset', call => { call.socket.resetAndDestroy() }]
]

t.test('whatever a provider refuses with reaches neither client nor log', async t => {
  for (const [title, script] of failures) {
    for (const target of ['openai/x', 'xai/x', 'azure/x']) {
      const upstream = await startUpstream(t, script)
      const gateway = await startGateway(t, { connectTimeout: 100, deployments: [deploymentAt(upstream, { ...deployment, target })], keys, masterKey: canaries.master })
      for (const headers of [carried, { ...carried, Origin: 'http://127.0.0.1' }]) {
        const text = await heard(gateway.port, { key: canaries.virtual, headers })
        t.match(text, /"code":"(?:upstream_|invalid_request)/, `${target}: ${title}`)
        t.strictSame(found(text), [], `${target}: ${title}`)
      }
      await upstream.idle()
      t.strictSame(found(gateway.log() + JSON.stringify(gateway.fastify.realtime.router.status?.())), [], `${target}: ${title}`)
    }
  }
})

const endings: ReadonlyArray<readonly [string, (peer: Awaited<ReturnType<FakeUpstream['peer']>>) => void]> = [
  ['a close reason', peer => peer.close(4000, `Bearer ${canaries.apiKey} ${canaries.reasonShaped}`)],
  ['a close reason that is cut', peer => peer.close(1011, `${'x'.repeat(70)} ${canaries.apiKey} ${canaries.reasonShaped}`.slice(0, 122))],
  ['an error event, and a close', peer => {
    peer.send({ type: 'error', event_id: 'e1', error: { type: 'server_error', code: 'x', message: `Incorrect API key ${canaries.apiKey}: ${canaries.eventShaped}, Bearer ${canaries.bearer}`, param: null } })
    peer.close(1008, canaries.apiKey)
  }],
  ['an error event with the key in escapes', peer => {
    const escaped = [...canaries.apiKey].map(one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    peer.send(`{"type":"error","error":{"type":"server_error","message":"key ${escaped}"}}`)
    peer.close(1000)
  }],
  ['a failed response', peer => {
    peer.send({ type: 'response.created', response: { id: 'r1', status: 'in_progress' } })
    peer.reset()
  }],
  ['bytes that are no frame', peer => { peer.socket.write(Buffer.from(`\xff\xff${canaries.apiKey}`, 'latin1')) }],
  ['a frame in the clear that is too long', peer => { peer.frame(9, Buffer.from(canaries.apiKey.repeat(10))) }]
]

t.test('whatever a session ends with reaches neither client nor log', async t => {
  const upstream = await startUpstream(t)
  for (const target of ['openai/x', 'xai/x']) {
    const gateway = await startGateway(t, { deployments: [deploymentAt(upstream, { ...deployment, target })], keys, masterKey: canaries.master })
    for (const [title, end] of endings) {
      const n = upstream.calls.length
      const client = await connect(gateway.port, { key: canaries.virtual, headers: carried })
      const provider = await upstream.peer(n)
      await client.message(0)
      end(provider)
      const { reason } = await client.closed
      const heard = client.messages.map(({ payload }) => payload.toString()).join('\n')
      // Escapes are read before they are searched: a client's parser does the same.
      t.strictSame(found([reason, heard, ...client.messages.map(({ payload }) => JSON.stringify(JSON.parse(payload.toString())))].join('\n')), [], `${target}: ${title}`)
    }
    await gateway.idle()
    t.equal(gateway.ended.length, endings.length)
    t.strictSame(found(gateway.log() + JSON.stringify(gateway.ended)), [])
  }
})

t.test("what the host's own code throws, and what hangs on it, reaches neither client nor log", async t => {
  const upstream = await startUpstream(t, call => {
    const peer = call.accept()
    peer.send(sessionCreated)
    peer.send({ type: 'response.created', response: { id: 'r1', status: 'in_progress' } })
    peer.send({ type: 'response.done', response: { id: 'r1', status: 'completed', usage: { total_tokens: 1 } } })
    peer.close(1000)
  })
  const at = deploymentAt(upstream, deployment)
  const router = (): Router => createRouter([{ id: 'd', ...at }])
  const adapter: UpstreamAdapter = { provider: 'own', request: throws }
  const gateways = [
    await startGateway(t, { closeTimeout: 100, deployments: [at], keys, authenticate: throws }),
    await startGateway(t, { closeTimeout: 100, deployments: [at], keys, authenticate: rejects }),
    await startGateway(t, { closeTimeout: 100, deployments: [at], keyStore: { findByHash: throws } }),
    await startGateway(t, { closeTimeout: 100, deployments: [at], keyStore: { findByHash: rejects } }),
    await startGateway(t, { closeTimeout: 100, keys, router: { candidates: throws } }),
    await startGateway(t, { closeTimeout: 100, keys, router: { candidates: rejects } }),
    await startGateway(t, { closeTimeout: 100, keys, router: { ...router(), candidates: request => router().candidates(request), report: throws } }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [{ model: 'voice', target: 'own/x' }], adapters: [adapter] }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [{ ...at, apiKey: undefined, token: throws }] }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [{ ...at, apiKey: undefined, token: rejects }] }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [at], onSessionOpen: throws }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [at], onSessionOpen: rejects }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [at], onTurn: throws }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [at], onTurn: rejects }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [at], onSessionClose: throws }),
    await startGateway(t, { closeTimeout: 100, keys, deployments: [at], onSessionClose: rejects })
  ]
  for (const [i, gateway] of gateways.entries()) {
    const text = await heard(gateway.port, { key: canaries.virtual, headers: carried })
    t.match(text, /"error":\{|session\.created/, `host ${i}`)
    t.strictSame(found(text), [], `host ${i}`)
    await gateway.idle()
    t.strictSame(found(gateway.log()), [], `host ${i}`)
  }
})

/** The bin with these variables and arguments, at trace level. */
async function bin (t: { teardown (end: () => unknown): void }, args: readonly string[], env: Readonly<Record<string, string>>): Promise<ReturnType<typeof startProgram>> {
  const main = join(await builtPackage(), 'dist', 'lib', 'cli', 'main.js')
  const cwd = mkdtempSync(join(tmpdir(), 'rtg-canaries-'))
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }))
  return startProgram(t, process.execPath, [main, ...args], { cwd, env: { PATH: process.env.PATH, LOG_LEVEL: 'trace', ...env } })
}

t.test('the bin prints no secret of its file, its environment or its clients', async t => {
  const upstream = await startUpstream(t, ready)
  const away = await startUpstream(t, failures[0]![1])
  const dir = t.testdir({
    'config.yaml': `model_list:
  - { model_name: voice, litellm_params: { model: openai/x, api_key: ${canaries.file}, api_base: "${upstream.url}", extra_headers: { X-Team: ${canaries.deploymentHeader} } } }
  - { model_name: away, litellm_params: { model: openai/x, api_key: os.environ/PROVIDER_SECRET, api_base: "${away.url}" } }
  - { model_name: chat, litellm_params: { model: azure/chat, api_key: ${canaries.apiKey} }, model_info: { mode: chat } }
general_settings: { master_key: ${canaries.master} }
router_settings: { redis_url: "redis://me:${canaries.basic}@127.0.0.1:1" }
litellm_settings: { callbacks: ["${canaries.hookShaped}"] }
`
  })
  const gateway = await bin(t, ['-c', join(dir, 'config.yaml'), '--port', '0'], { PROVIDER_SECRET: canaries.variable, UNRELATED_SECRET: canaries.cookie })
  const [, port = ''] = await gateway.printed(/listening on ws:\/\/127\.0\.0\.1:(\d+)/)
  for (const client of [...everyCarrier(canaries.stranger), ...everyPath(canaries.stranger), ...everyPath(canaries.master), { key: canaries.master, model: 'away' }]) {
    const text = await heard(Number(port), { ...client, headers: { ...carried, ...client.headers } })
    t.strictSame(found(text.replace(/^.*?\r\n\r\n/s, '')), [], JSON.stringify(client))
  }
  const client = await connect(Number(port), { key: canaries.master, headers: carried })
  ;(await upstream.peer(0)).close(4000, `${canaries.file} ${canaries.reasonShaped}`)
  t.strictSame(found((await client.closed).reason), [])
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.exit, 0)
  t.match(gateway.output(), /realtime session closed/, 'it has logged')
  t.strictSame(gateway.output().split('\n').filter(line => found(line).length > 0), [])
  t.strictSame(found(seen(upstream)).filter(name => name !== 'deploymentHeader'), ['file'])
  t.strictSame(found(seen(away)), ['variable'])
})

t.test('the bin that does not start prints no secret either', async t => {
  const dir = t.testdir({ 'broken.yaml': `model_list: [ { model_name: voice, litellm_params: { model: openai/x, api_key: ${canaries.file}`, 'wrong.yaml': `model_list:\n  - { model_name: voice, litellm_params: { model: openai/x, api_key: [${canaries.file}] } }\ngeneral_settings: { master_key: { a: ${canaries.master} } }\n` })
  const runs: ReadonlyArray<readonly [readonly string[], Readonly<Record<string, string>>]> = [
    [['-c', join(dir, 'broken.yaml')], {}],
    [['-c', join(dir, 'wrong.yaml')], {}],
    [[], { XAI_API_KEY: `${canaries.variable}\n` }],
    [[], { XAI_API_KEY: canaries.variable, XAI_API_BASE: `ws://me:${canaries.basic}@host` }],
    [[], { OPENAI_API_KEY: canaries.variable, REALTIME_GATEWAY_CONNECT_TIMEOUT: canaries.stranger }],
    [[], { OPENAI_API_KEY: canaries.variable, DATABASE_URL: `postgres://me:${canaries.basic}@127.0.0.1:1/x` }],
    [[], { OPENAI_API_KEY: canaries.variable, REDIS_URL: canaries.basic }]
  ]
  await Promise.all(runs.map(async ([args, env]) => {
    const gateway = await bin(t, [...args, '--port', '0'], env)
    t.not(await gateway.exit, 0, `${args.length} ${Object.keys(env)}`)
    t.match(gateway.output(), /^realtime-gateway: /m)
    t.strictSame(found(gateway.output()), [], gateway.output())
  }))
})
