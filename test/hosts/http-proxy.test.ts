import t from 'tap'
import websocket from '@fastify/websocket'
import proxy from '@fastify/http-proxy'
import type { FastifyInstance } from 'fastify'
import { converse, echoed, orders, startEcho } from '../fixtures/beside.ts'
import { request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'

const upstream = await startUpstream(t)
const echoPort = await startEcho(t)
const options = { deployments: [deploymentAt(upstream)] }

const proxyAt = (prefix: string, rewritePrefix = '/there') => async (fastify: FastifyInstance): Promise<void> => {
  await fastify.register(proxy, { prefix, upstream: `http://127.0.0.1:${echoPort}`, rewritePrefix, websocket: true })
}

for (const [order, setting] of orders(proxyAt('/proxied'))) {
  t.test(`@fastify/http-proxy on another prefix, registered ${order}, proxies its own WebSockets and leaves ours alone`, async t => {
    const { port, session, log } = await startGateway(t, options, setting)
    t.equal(await echoed(port, '/proxied/room'), 'echo hello at /there/room')
    t.equal(await converse(upstream, port), 'pong')
    t.equal(await echoed(port, '/proxied/room'), 'echo hello at /there/room')
    t.match(await session(0), { endedBy: 'client', closeCode: 1000 })
    t.notMatch(log(), /"level":[56]0/)
  })

  t.test(`an upgrade of neither, where @fastify/http-proxy was registered ${order}, is answered 404`, async t => {
    const { port } = await startGateway(t, options, setting)
    t.equal((await request(port, { path: '/nowhere' })).status, 404)
  })
}

for (const [order, setting] of orders(proxyAt('/', '/'))) {
  t.test(`@fastify/http-proxy on a prefix that holds our path, registered ${order}, gets everything but ours`, async t => {
    const { port, session } = await startGateway(t, options, setting)
    t.equal(await converse(upstream, port), 'pong')
    t.equal(await echoed(port, '/room'), 'echo hello at /room')
    t.match(await session(0), { endedBy: 'client', closeCode: 1000 })
  })
}

for (const [order, setting] of orders(async fastify => {
  await fastify.register(proxyAt('/proxied'))
  await fastify.register(websocket)
})) {
  t.test(`our path stays ours where the host registered @fastify/http-proxy and @fastify/websocket ${order}`, async t => {
    const { port, session } = await startGateway(t, options, setting)
    t.equal(await converse(upstream, port), 'pong')
    t.match(await session(0), { endedBy: 'client', closeCode: 1000 })
  })
}

t.test('no client ends the process where the host registered @fastify/http-proxy after @fastify/websocket, and the log has the remedy', async t => {
  const { port, log } = await startGateway(t, options, {
    before: async fastify => {
      await fastify.register(websocket)
      await fastify.register(proxyAt('/proxied'))
    }
  })
  await request(port, { path: '/proxied/room' })
  t.match(log(), /"level":50.*register @fastify\/http-proxy before @fastify\/websocket/)
  t.equal(await converse(upstream, port), 'pong')
})
