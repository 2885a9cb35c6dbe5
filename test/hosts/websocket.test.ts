import t from 'tap'
import { once } from 'node:events'
import { createServer, ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import realtimeGateway from '../../lib/index.ts'
import { converse, echoed, echoRoute } from '../fixtures/beside.ts'
import { goodKey, request, requestText } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import { ask } from '../fixtures/wire/raw-http.ts'

const upstream = await startUpstream(t)
const options = { deployments: [deploymentAt(upstream)] }

/** A scope of the host's with a @fastify/websocket of its own. */
const scopeWith = (path: string) => async (fastify: FastifyInstance): Promise<void> => {
  await fastify.register(async scope => {
    await scope.register(websocket)
    await scope.register(echoRoute(path))
  })
}

t.test('a @fastify/websocket in a scope beside the gateway keeps its routes and gets none of ours', async t => {
  for (const setting of [{ before: scopeWith('/echo') }, { after: scopeWith('/echo') }]) {
    const { port, session, log } = await startGateway(t, options, setting)
    t.equal(await converse(upstream, port), 'pong')
    t.equal(await echoed(port, '/echo'), 'echo hello')
    await session(0)
    t.notMatch(log(), /"level":[456]0/)
  }
})

t.test('two @fastify/websocket in scopes beside each other give one upgrade of ours one session', async t => {
  const { port, session, ended, log } = await startGateway(t, options, {
    before: async fastify => {
      await scopeWith('/a')(fastify)
      await scopeWith('/b')(fastify)
    }
  })
  const dialled = upstream.calls.length
  t.equal(await converse(upstream, port), 'pong')
  await session(0)
  t.equal(upstream.calls.length, dialled + 1)
  t.equal(ended.length, 1)
  t.notMatch(log(), /realtime upgrade refused|websocket upgrade failed/)
})

t.test('an upgrade that is routed twice gets one session, and the log names the cause', async t => {
  const twice = new WeakSet<IncomingMessage>()
  const { port, log, session } = await startGateway(t, options, {
    before: fastify => {
      fastify.addHook('onRequest', async ({ raw }) => {
        if (twice.has(raw)) return
        twice.add(raw)
        setImmediate(() => fastify.routing(raw, new ServerResponse(raw)))
      })
    }
  })
  const dialled = upstream.calls.length
  t.equal(await converse(upstream, port), 'pong')
  await session(0)
  t.equal(upstream.calls.length, dialled + 1)
  t.match(log(), /"level":50.*did not come from fastify.server, or was routed twice/)
})

t.test('an upgrade that another server brings is refused by HTTP, and the log names the cause', async t => {
  const other = createServer()
  t.teardown(() => other.close())
  const { log } = await startGateway(t, options, { before: async fastify => { await fastify.register(websocket, { options: { server: other } }) } })
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const refused = await request((other.address() as AddressInfo).port)
  t.equal(refused.status, 500)
  t.equal(refused.error?.code, 'internal_error')
  t.match(log(), /"level":50.*did not come from fastify.server/)
})

t.test('a WebSocket route of the host that nothing would serve is refused at registration, with the line that mends it', async t => {
  const fastify = Fastify()
  await fastify.register(realtimeGateway, { ...options, masterKey: 'sk-master-key-000001' })
  t.throws(() => fastify.get('/echo', { websocket: true }, () => {}), {
    code: 'RTG_ERR_WEBSOCKET_ROUTE',
    message: /GET \/echo.*await fastify\.register\(import\('@fastify\/websocket'\)\)/
  })
  await fastify.close()
})

t.test('a handshake at a route that is none of ours is answered as if nobody spoke WebSocket', async t => {
  const { port } = await startGateway(t, options, {
    before: fastify => { fastify.get('/before', async () => ({ mine: true })) },
    after: fastify => { fastify.get('/health', async () => ({ mine: true })) }
  })
  for (const path of ['/before', '/health']) {
    const answer = await request(port, { path })
    t.equal(answer.status, 200, path)
    t.strictSame(JSON.parse(answer.body), { mine: true })
    t.equal(answer.headers.get('connection'), 'close')
  }
  t.equal((await request(port, { path: '/nowhere' })).status, 404)
})

t.test('a request that offers another protocol than WebSocket goes its normal way, body and all', async t => {
  const { port } = await startGateway(t, options, { after: fastify => { fastify.post('/echo', async ({ body }) => ({ got: body })) } })
  const post = ['POST /echo HTTP/1.1', 'Host: a', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Content-Type: application/json', 'Content-Length: 13', '', '{"hello":"w"}'].join('\r\n')
  const answer = await ask(port, post)
  t.equal(answer.status, 200)
  t.strictSame(JSON.parse(answer.body), { got: { hello: 'w' } })
  // In two pieces: the head first, and the body when it has been read.
  const pieces = await ask(port, post.replace('Upgrade: h2c', 'Upgrade: h2c\r\nX-Long: ' + 'x'.repeat(8_000)))
  t.strictSame(JSON.parse(pieces.body), { got: { hello: 'w' } })
})

t.test('a path is ours as the router of the host finds it', async t => {
  const { port } = await startGateway(t, { ...options, prefix: '/:tenant', aliases: ['/seen'] }, {
    fastify: { routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true }, rewriteUrl: ({ url = '' }) => url.replace('/rewritten', '/acme/seen') }
  })
  for (const path of ['/acme/v1/realtime', '/ACME//V1/realtime/', '/acme/v1/realt%69me', '/rewritten']) {
    t.equal(await converse(upstream, port, { path }), 'pong', path)
  }
})

t.test('an upgrade behind a request that is not answered yet is cut', async t => {
  let answer = (): void => {}
  const held = new Promise<void>(resolve => { answer = resolve })
  const { port, idle } = await startGateway(t, options, { after: fastify => { fastify.get('/slow', async () => { await held }) } })
  const dialled = upstream.calls.length
  await t.rejects(ask(port, `GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${requestText()}`), /ended inside the HTTP head/)
  answer()
  await idle()
  t.equal(upstream.calls.length, dialled)
})

t.test('injectWS of the host reaches the gateway wherever it is registered', async t => {
  for (const setting of [{}, { before: async (fastify: FastifyInstance) => { await fastify.register(websocket) } }, { after: async (fastify: FastifyInstance) => { await fastify.register(websocket) } }]) {
    const { fastify, idle } = await startGateway(t, options, setting)
    const ws = await fastify.injectWS('/v1/realtime?model=voice', { headers: { authorization: `Bearer ${goodKey}` } })
    const [data] = await once(ws, 'message') as [Buffer]
    t.match(JSON.parse(data.toString()), { type: 'session.created' })
    ws.terminate()
    await idle()
  }
})
