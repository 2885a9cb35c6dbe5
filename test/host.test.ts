import t from 'tap'
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import { converse, echoed, echoRoute } from './fixtures/beside.ts'
import { connect, goodKey, request, requestText } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import type { Setting } from './fixtures/gateway.ts'
import { encodeAs } from './fixtures/peer.ts'
import { sessionCreated, startUpstream } from './fixtures/upstream.ts'
import { dial } from './fixtures/wire/raw-http.ts'

const upstream = await startUpstream(t)
const options = { deployments: [deploymentAt(upstream)] }

const hosts: ReadonlyArray<readonly [string, Setting]> = [
  ['registered @fastify/websocket before and has WebSocket routes before and after', {
    before: async fastify => {
      await fastify.register(websocket)
      await fastify.register(echoRoute('/echo'))
    },
    after: async fastify => { await fastify.register(echoRoute('/later')) }
  }],
  ['registered @fastify/websocket after the gateway', {
    after: async fastify => {
      await fastify.register(websocket)
      await fastify.register(echoRoute('/echo'))
      await fastify.register(echoRoute('/later'))
    }
  }],
  ['compresses its own WebSocket routes', {
    before: async fastify => {
      await fastify.register(websocket, { options: { perMessageDeflate: true, maxPayload: 1024 } })
      await fastify.register(echoRoute('/echo'))
    },
    after: async fastify => { await fastify.register(echoRoute('/later')) }
  }]
]

for (const [host, setting] of hosts) {
  t.test(`a host that ${host} keeps them beside the gateway`, async t => {
    const { port, session, log } = await startGateway(t, options, setting)
    t.equal(await converse(upstream, port), 'pong')
    t.equal(await echoed(port, '/echo'), 'echo hello')
    t.equal(await echoed(port, '/later'), 'echo hello')
    t.equal(await converse(upstream, port), 'pong')
    t.match(await session(1), { endedBy: 'client', closeCode: 1000 })
    t.notMatch(log(), /"level":[456]0/)
  })
}

t.test('a host route answers errors in its own shape', async t => {
  const { fastify } = await startGateway(t, options, {
    before: fastify => { fastify.get('/before', () => { throw new Error('mine') }) },
    after: fastify => { fastify.get('/after', () => { throw new Error('mine') }) }
  })
  for (const path of ['/before', '/after']) {
    t.strictSame((await fastify.inject(path)).json(), { statusCode: 500, error: 'Internal Server Error', message: 'mine' })
  }
  t.strictSame((await fastify.inject('/nowhere')).json(), { statusCode: 404, error: 'Not Found', message: 'Route GET:/nowhere not found' })
})

t.test("the gateway's error handler and hooks stay with its own route", async t => {
  let hooked = 0
  const { fastify, port } = await startGateway(t, options, {
    before: fastify => { fastify.setErrorHandler((_error, _request, reply) => reply.code(418).send({ mine: true })) },
    after: fastify => {
      fastify.get('/mine', () => { throw new Error('mine') })
      fastify.addHook('onRoute', () => { hooked++ })
    }
  })
  t.equal((await fastify.inject('/mine')).statusCode, 418)
  const refused = await request(port, { key: null })
  t.equal(refused.status, 401)
  t.equal(refused.error?.code, 'missing_api_key')
  t.equal(hooked, 0)
})

t.test("a host's hook that refuses answers on the gateway's route, in the host's shape, before anything is dialled", async t => {
  const dialled = upstream.counts.opened
  for (const name of ['onRequest', 'preHandler'] as const) {
    const { port } = await startGateway(t, options, {
      before: fastify => {
        fastify.addHook(name, async (_request, reply) => {
          reply.header('retry-after', '7')
          throw Object.assign(new Error('Rate limit exceeded'), { statusCode: 429 })
        })
      }
    })
    const answer = await request(port)
    t.equal(answer.status, 429)
    t.equal(answer.headers.get('retry-after'), '7')
    t.strictSame(JSON.parse(answer.body), { statusCode: 429, error: 'Too Many Requests', message: 'Rate limit exceeded' })
  }
  t.equal(upstream.counts.opened, dialled)
})

t.test("a host's hook that answers by itself ends it", async t => {
  const { port } = await startGateway(t, options, {
    before: fastify => { fastify.addHook('onRequest', async (_request, reply) => reply.code(403).send('no')) }
  })
  const answer = await request(port)
  t.equal(answer.status, 403)
  t.equal(answer.body, 'no')
})

t.test("a host's asynchronous hook loses nothing that the client sent early", async t => {
  const n = upstream.calls.length
  const { port } = await startGateway(t, options, {
    before: fastify => { fastify.addHook('onRequest', () => new Promise(resolve => setTimeout(resolve, 30))) }
  })
  const socket = await dial(port)
  socket.write(Buffer.concat([Buffer.from(requestText()), encodeAs('client', 1, Buffer.from('early'))]))
  t.equal((await (await upstream.peer(n)).message(0)).payload.toString(), 'early')
  socket.destroy()
})

t.test('a client that leaves while a hook of the host runs costs nothing', async t => {
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const dialled = upstream.counts.opened
    let arrived = (): void => {}
    const inHook = new Promise<void>(resolve => { arrived = resolve })
    let goOn = (): void => {}
    const gate = new Promise<void>(resolve => { goOn = resolve })
    let left = (): void => {}
    const serverSaw = new Promise<void>(resolve => { left = resolve })
    const { fastify, port, idle } = await startGateway(t, options, {
      before: fastify => {
        fastify.addHook('onRequest', async request => {
          request.raw.socket.once('end', left).once('close', left)
          arrived()
          await gate
        })
      }
    })
    const socket = await dial(port)
    socket.on('error', () => {})
    socket.write(requestText())
    await inHook
    socket[leave]()
    await serverSaw
    goOn()
    if (!socket.closed) await once(socket.resume(), 'close')
    await idle()
    t.equal(fastify.realtime.sessions.size, 0, leave)
    t.equal(upstream.counts.opened, dialled, `${leave}: nothing was dialled`)
    await new Promise<void>((resolve, reject) => fastify.server.getConnections((error, count) => {
      if (error !== null) return reject(error)
      t.equal(count, 0, `${leave}: the socket is gone`)
      resolve()
    }))
  }
})

t.test('a plain GET and HEAD are told to upgrade', async t => {
  const { fastify } = await startGateway(t, options)
  const get = await fastify.inject({ url: '/v1/realtime?model=voice', headers: { authorization: `Bearer ${goodKey}` } })
  t.equal(get.statusCode, 426)
  t.equal(get.headers.upgrade, 'websocket')
  t.equal(get.headers['sec-websocket-version'], '13')
  t.match(get.json(), { error: { type: 'invalid_request_error', code: 'upgrade_required', param: null, event_id: null } })
  t.equal((await fastify.inject({ method: 'HEAD', url: '/v1/realtime' })).statusCode, 426)
  t.equal((await fastify.inject({ method: 'POST', url: '/v1/realtime' })).statusCode, 404)
})

t.test("timeouts of the host's server do not end a session", async t => {
  const { fastify, port } = await startGateway(t, options, { fastify: { handlerTimeout: 40, connectionTimeout: 40, requestTimeout: 40 } })
  const n = upstream.calls.length
  const client = await connect(port)
  const provider = await upstream.peer(n)
  await client.message(0)
  await new Promise(resolve => setTimeout(resolve, 120))
  provider.send('still here')
  t.equal((await client.message(1)).payload.toString(), 'still here')
  t.equal(fastify.realtime.sessions.size, 1)
  client.close(1000)
  await client.closed
})

t.test("the host's own timeout answers where an upstream hangs", async t => {
  const hanging = await startUpstream(t, () => {})
  const { fastify, port } = await startGateway(t, { deployments: [deploymentAt(hanging)] }, { fastify: { handlerTimeout: 40 } })
  const answer = await request(port)
  t.equal(answer.status, 503)
  await hanging.call(0)
  await fastify.close()
  await hanging.idle()
})

t.test('the log names the route and never the query', async t => {
  const { port, log } = await startGateway(t, options)
  await request(port, { model: null, query: 'api_key=sk-canary-0001' })
  t.match(log(), /"url":"\/v1\/realtime"/)
  t.notMatch(log(), /canary/)
})

t.test('the session list tells what is open, and close ends it', async t => {
  const { fastify, port, session } = await startGateway(t, options)
  const n = upstream.calls.length
  const client = await connect(port)
  const provider = await upstream.peer(n)
  await client.message(0)
  const [info] = fastify.realtime.sessions.list()
  t.match(info, {
    id: /^sess_[0-9a-f]{32}$/,
    principal: 'tester',
    keyHash: /^[0-9a-f]{64}$/,
    model: 'voice',
    deployment: 'voice#0',
    state: 'open',
    messages: { client: 0, upstream: 1 },
    turns: 0
  })
  t.ok(info!.ageMs >= 0 && info!.bytes.upstream >= JSON.stringify(sessionCreated).length)
  t.throws(() => fastify.realtime.sessions.close(info!.id, { code: 1006 }), RangeError)
  t.equal(fastify.realtime.sessions.close(info!.id, { code: 4001, reason: 'enough' }), true)
  t.strictSame(await client.closed, { code: 4001, reason: 'enough' })
  await provider.closed
  t.match(await session(0), { id: info!.id, endedBy: 'gateway', closeCode: 4001 })
  t.equal(fastify.realtime.sessions.size, 0)
})
