import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { orders } from '../fixtures/beside.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'

const options = { deployments: [deploymentAt({ url: 'http://127.0.0.1:1/v1' })] }

for (const [what, headers, payload] of [
  ['client_secrets', { 'content-type': 'application/json' }, '{"session":{"type":"realtime"}}'],
  ['client_secrets', { 'content-type': 'application/json' }, 'no JSON'],
  ['calls', { 'content-type': 'application/sdp' }, 'v=0'],
  ['calls', { 'content-type': 'multipart/form-data; boundary=a' }, '--a--']
] as const) {
  t.test(`POST ${what} with ${headers['content-type']} ${payload.slice(0, 7)} is told in OpenAI's shape that there is only the WebSocket`, async t => {
    const { fastify } = await startGateway(t, { ...options, prefix: '/ai', aliases: ['/realtime/'] })
    for (const path of ['/ai/v1/realtime', '/ai/realtime']) {
      const answer = await fastify.inject({ method: 'POST', url: `${path}/${what}`, headers, payload })
      t.equal(answer.statusCode, 404)
      t.match(answer.json(), { error: { type: 'invalid_request_error', code: 'websocket_only', message: /WebSocket only/, param: null, event_id: null } })
    }
  })
}

for (const [order, setting] of orders((fastify: FastifyInstance) => { fastify.post('/v1/realtime/client_secrets', async () => ({ mine: true })) })) {
  t.test(`a host that serves client secrets itself, its route being registered ${order}, goes on to`, async t => {
    const { fastify } = await startGateway(t, options, setting)
    t.strictSame((await fastify.inject({ method: 'POST', url: '/v1/realtime/client_secrets' })).json(), { mine: true })
    t.match((await fastify.inject({ method: 'POST', url: '/v1/realtime/calls' })).json(), { error: { code: 'websocket_only' } })
  })
}

t.test('other calls below the path are not there', async t => {
  const { fastify } = await startGateway(t, options)
  t.strictSame((await fastify.inject({ method: 'POST', url: '/v1/realtime/other' })).json(), { statusCode: 404, error: 'Not Found', message: 'Route POST:/v1/realtime/other not found' })
})
