import t from 'tap'
import { connect as connectHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { generate } from 'selfsigned'
import { WebSocket } from 'ws'
import realtimeGateway from '../../lib/index.ts'
import { goodKey } from '../fixtures/client.ts'
import { deploymentAt } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'

const upstream = await startUpstream(t)
const options = { deployments: [deploymentAt(upstream)], keys: [{ key: goodKey }] }
const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' })

for (const [server, host] of [
  ['in the clear', Fastify({ http2: true })],
  ['with TLS', Fastify({ http2: true, https: { key, cert } })]
] as const) {
  t.test(`a server of HTTP/2 alone, ${server}, is refused at registration, with the line that mends it`, async t => {
    const fastify = host as unknown as FastifyInstance
    await t.rejects(async () => { await fastify.register(realtimeGateway, options) }, { code: 'RTG_ERR_HTTP2_ONLY', message: /https: \{ allowHTTP1: true \}/ })
    await fastify.close()
  })
}

t.test('a server of HTTP/2 that takes HTTP/1.1 too holds sessions, and answers HTTP/2 beside them', async t => {
  const fastify = Fastify({ http2: true, https: { key, cert, allowHTTP1: true } }) as unknown as FastifyInstance
  await fastify.register(realtimeGateway, options)
  fastify.get('/health', async () => ({ ok: true }))
  t.teardown(() => fastify.close())
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo

  const ws = new WebSocket(`wss://127.0.0.1:${port}/v1/realtime?model=voice`, { headers: { authorization: `Bearer ${goodKey}` }, rejectUnauthorized: false })
  const [data] = await once(ws, 'message') as [Buffer]
  t.match(JSON.parse(data.toString()), { type: 'session.created' })

  const http2 = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  const call = http2.request({ ':path': '/health' }).resume()
  const [headers] = await once(call, 'response')
  t.equal(headers[':status'], 200)
  await once(call, 'close')
  http2.close()
  ws.close()
  await once(ws, 'close')
})

for (const [server, host] of [
  ['of HTTPS', Fastify({ https: { key, cert } })],
  ['of HTTP/2 that takes HTTP/1.1 too', Fastify({ http2: true, https: { key, cert, allowHTTP1: true } })]
] as const) {
  t.test(`a server ${server} gets the body of a request that offers another protocol than WebSocket`, async t => {
    const fastify = host as unknown as FastifyInstance
    await fastify.register(realtimeGateway, options)
    fastify.post('/echo', async ({ body }) => ({ got: body }))
    t.teardown(() => fastify.close())
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const socket = connectTls({ port: (fastify.server.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false })
    const chunks: Buffer[] = []
    socket.on('data', chunk => { chunks.push(chunk) })
    socket.write('POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: TLS/1.0\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}')
    await once(socket, 'close')
    t.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 OK\r\n[^]*\{"got":\{"a":1\}\}$/)
  })
}
