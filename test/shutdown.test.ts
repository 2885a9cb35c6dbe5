import t from 'tap'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import realtimeGateway from '../lib/index.ts'
import type { RealtimeGatewayOptions } from '../types/index.ts'
import { connect, goodKey, refusedByEvent, request, requestText } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import type { Setting, TestGateway } from './fixtures/gateway.ts'
import type { Peer } from './fixtures/peer.ts'
import { ready, startUpstream } from './fixtures/upstream.ts'
import type { Owner } from './fixtures/upstream.ts'
import { dial, readHead } from './fixtures/wire/raw-http.ts'

const upstream = await startUpstream(t)
const hostFirst: Setting = { before: async fastify => { await fastify.register(websocket) } }
const hosts: ReadonlyArray<readonly [string, Setting]> = [['the host has no @fastify/websocket', {}], ['the host has registered @fastify/websocket', hostFirst]]

interface Ends { readonly client: Peer, readonly provider: Peer }

async function start (t: Owner, options: RealtimeGatewayOptions = {}, setting: Setting = {}): Promise<TestGateway & { session: TestGateway['session'], open (): Promise<Ends> }> {
  const gateway = await startGateway(t, { deployments: [deploymentAt(upstream)], ...options }, setting)
  return {
    ...gateway,
    async open () {
      const n = upstream.calls.length
      const client = await connect(gateway.port)
      const provider = await upstream.peer(n)
      await client.message(0)
      return { client, provider }
    }
  }
}

/** Milliseconds that it took. */
async function timed (work: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}

const draining = { type: 'error', error: { type: 'server_error', code: 'draining' } }

for (const [host, setting] of hosts) {
  t.test(`closing the server where ${host} tells idle clients why and closes with 1012, the upstreams with 1000`, async t => {
    const { fastify, open, ended } = await start(t, {}, setting)
    const ends = await Promise.all([0, 1, 2].map(async () => await open()))
    const took = await timed(fastify.close())
    t.ok(took < 2_000, `closed after ${took} ms`)
    for (const { client, provider } of ends) {
      t.strictSame(await client.closed, { code: 1012, reason: 'draining' })
      t.match(JSON.parse(client.messages.at(-1)!.payload.toString()), draining)
      t.equal((await provider.closed).code, 1000)
    }
    t.match(ended, [{ endedBy: 'gateway', closeCode: 1012, error: 'draining' }, {}, {}])
  })

  t.test(`a running turn is let finish where ${host}`, async t => {
    const { fastify, open } = await start(t, { drainTimeout: 5_000 }, setting)
    const running = await open()
    const idle = await open()
    running.provider.send({ type: 'response.created' })
    await running.client.message(1)
    const closing = fastify.close()
    await idle.client.closed
    t.equal(fastify.realtime.sessions.list()[0]?.state, 'draining')
    running.provider.send({ type: 'response.output_audio.delta', delta: 'AAAA' })
    t.equal((await running.client.json(2)).type, 'response.output_audio.delta')
    running.client.send({ type: 'input_audio_buffer.append' })
    await running.provider.message(0)
    running.provider.send({ type: 'response.done' })
    await closing
    t.equal((await running.client.json(3)).type, 'response.done')
    t.match(await running.client.json(4), draining)
    t.strictSame(await running.client.closed, { code: 1012, reason: 'draining' })
  })

  t.test(`a turn that goes on past drainTimeout is ended where ${host}`, async t => {
    const { fastify, open } = await start(t, { drainTimeout: 100, closeTimeout: 100 }, setting)
    const { client, provider } = await open()
    provider.send({ type: 'response.created' })
    await client.message(1)
    const took = await timed(fastify.close())
    t.ok(took >= 95 && took < 2_000, `closed after ${took} ms`)
    t.strictSame(await client.closed, { code: 1012, reason: 'draining' })
    await provider.closed
  })

  t.test(`clients and upstreams that answer nothing do not hold the server where ${host}`, async t => {
    const { fastify, open } = await start(t, { drainTimeout: 100, closeTimeout: 150 }, setting)
    const frozen = await open()
    const stubborn = await open()
    frozen.client.socket.pause()
    for (const end of [stubborn.client, stubborn.provider, frozen.provider]) {
      end.unresponsive = true
      end.socket.allowHalfOpen = true
    }
    const took = await timed(fastify.close())
    t.ok(took >= 145 && took < 2_000, `closed after ${took} ms`)
    for (const { client, provider } of [frozen, stubborn]) {
      client.socket.destroy()
      provider.socket.destroy()
    }
    t.equal(fastify.realtime.sessions.size, 0)
  })

  t.test(`an upgrade during the shutdown is 503 where ${host}`, async t => {
    const { fastify, open, port } = await start(t, { drainTimeout: 5_000 }, setting)
    const { client, provider } = await open()
    provider.send({ type: 'response.created' })
    await client.message(1)
    // Connected before the server stops listening; the request comes after.
    const late = await dial(port)
    const closing = fastify.close()
    while (fastify.realtime.sessions.list()[0]?.state !== 'draining') await nextTurn()
    late.write(requestText())
    const head = await readHead(late, 5_000)
    t.match(head.line, / 503 /)
    t.equal(head.headers.get('retry-after'), '1')
    t.match(JSON.parse(head.rest.toString()), { error: { type: 'server_error', code: 'draining' } })
    late.destroy()
    provider.send({ type: 'response.done' })
    await closing
  })

  t.test(`a client whose dial is under way when the server closes hears 503 where ${host}`, async t => {
    upstream.script = () => {}
    t.teardown(() => { upstream.script = ready })
    const { fastify, port } = await start(t, {}, setting)
    const n = upstream.calls.length
    const http = request(port)
    const event = refusedByEvent(port, { headers: { Origin: 'https://app.example' } })
    await upstream.call(n + 1)
    const took = await timed(fastify.close())
    t.ok(took < 2_000, `closed after ${took} ms`)
    const refused = await http
    t.equal(refused.status, 503)
    t.match(refused.error, { code: 'draining' })
    t.equal(refused.headers.get('retry-after'), '1')
    t.match(await event, { code: 1012, error: { code: 'draining' } })
    await upstream.idle()
  })
}

/** An app with two gateways, `/a` and `/b`, and a running turn in each. */
async function startTwo (t: Owner, options: RealtimeGatewayOptions, host: Setting['fastify'] = {}): Promise<{ fastify: FastifyInstance, turns: Array<Ends & { gateway: FastifyInstance }>, finish (): void }> {
  const fastify: FastifyInstance = Fastify(host)
  const gateways: FastifyInstance[] = []
  for (const prefix of ['/a', '/b']) {
    await fastify.register(async scope => {
      gateways.push(scope)
      await scope.register(realtimeGateway, { deployments: [deploymentAt(upstream)], keys: [{ key: goodKey }], prefix, ...options })
    })
  }
  t.teardown(() => fastify.close())
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const turns: Array<Ends & { gateway: FastifyInstance }> = []
  for (const [i, path] of ['/a/v1/realtime', '/b/v1/realtime'].entries()) {
    const n = upstream.calls.length
    const client = await connect((fastify.server.address() as AddressInfo).port, { path })
    const provider = await upstream.peer(n)
    provider.send({ type: 'response.created' })
    await client.message(1)
    turns.push({ client, provider, gateway: gateways[i]! })
  }
  return { fastify, turns, finish: () => { for (const { provider } of turns) provider.send({ type: 'response.done' }) } }
}

t.test('several gateways of an app drain side by side', async t => {
  const { fastify, turns, finish } = await startTwo(t, { drainTimeout: 5_000 })
  const closing = fastify.close()
  for (const { gateway } of turns) {
    while (gateway.realtime.sessions.list()[0]?.state !== 'draining') await nextTurn()
  }
  finish()
  await closing
  for (const { client } of turns) t.strictSame(await client.closed, { code: 1012, reason: 'draining' })
})

t.test('several gateways of an app take no longer than one to give up running turns', async t => {
  const { fastify } = await startTwo(t, { drainTimeout: 400, closeTimeout: 100 })
  const took = await timed(fastify.close())
  t.ok(took >= 395 && took < 790, `closed after ${took} ms`)
})

t.test("a turn may run on for longer than Fastify's pluginTimeout, and the server closes without an error", async t => {
  const { fastify, turns } = await startTwo(t, { drainTimeout: 600, closeTimeout: 100 }, { pluginTimeout: 200 })
  const took = await timed(fastify.close())
  t.ok(took >= 595 && took < 3_000, `closed after ${took} ms`)
  for (const { client } of turns) t.strictSame(await client.closed, { code: 1012, reason: 'draining' })
})

t.test('a turn is let finish where the host closes connections by force', async t => {
  const { fastify, turns, finish } = await startTwo(t, { drainTimeout: 5_000 }, { forceCloseConnections: true })
  const closed = new Promise<void>(resolve => fastify.server.once('close', resolve))
  const closing = fastify.close()
  while (turns[0]!.gateway.realtime.sessions.list()[0]?.state !== 'draining' || fastify.server.listening) await nextTurn()
  finish()
  await closing
  await closed
  for (const { client } of turns) t.equal((await client.json(2)).type, 'response.done')
})

t.test('an app that could not start closes', async t => {
  const fastify: FastifyInstance = Fastify()
  await fastify.register(realtimeGateway, { deployments: [deploymentAt(upstream)], keys: [{ key: goodKey }] })
  fastify.register(async () => { throw new Error('not today') })
  await t.rejects(async () => { await fastify.ready() }, /not today/)
  await fastify.close()
})

t.test('the server is closed only after every onSessionClose hook is done', async t => {
  let done = 0
  const { fastify, open } = await start(t, {
    onSessionClose: async () => {
      await new Promise(resolve => setTimeout(resolve, 80))
      done++
    }
  })
  await Promise.all([open(), open()])
  await fastify.close()
  t.equal(done, 2)
})

t.test('a hook that throws does not hold the server', async t => {
  const { fastify, open, log } = await start(t, { onSessionClose: () => { throw new Error('oops') } })
  await open()
  await fastify.close()
  t.match(log(), /onSessionClose failed/)
})

t.test('drain refuses new sessions, lets turns end within its own deadline, and says why', async t => {
  const { fastify, open, port, ended } = await start(t, { drainTimeout: 60_000 })
  const { client, provider } = await open()
  provider.send({ type: 'response.created' })
  await client.message(1)
  const first = fastify.realtime.drain({ deadlineMs: 100, reason: 'We deploy a new version.' })
  const time = timed(first)
  t.equal((await request(port)).error?.code, 'draining')
  const took = await time
  t.ok(took >= 80 && took < 2_000, `drained after ${took} ms`)
  t.match(await client.json(2), { type: 'error', error: { code: 'draining', message: 'We deploy a new version.' } })
  t.equal((await client.closed).code, 1012)
  t.equal(ended.length, 1)
  t.equal(fastify.realtime.sessions.size, 0)
  await fastify.realtime.drain()
  await fastify.close()
})

t.test('a host route still answers while the gateway drains', async t => {
  const { fastify, open } = await start(t, {}, { after: fastify => { fastify.get('/health', async () => ({ ok: true })) } })
  const { client, provider } = await open()
  provider.send({ type: 'response.created' })
  await client.message(1)
  const drained = fastify.realtime.drain({ deadlineMs: 3_000 })
  t.strictSame((await fastify.inject('/health')).json(), { ok: true })
  provider.send({ type: 'response.done' })
  await drained
})

t.test('closing an idle server is immediate, and closing twice is harmless', async t => {
  const { fastify } = await start(t)
  t.ok(await timed(fastify.close()) < 1_000)
  await fastify.close()
})
