import t from 'tap'
import swagger from '@fastify/swagger'
import Fastify from 'fastify'
import realtimeGateway from '../../lib/index.ts'

t.test('no route of the gateway stands in the API description of the host', async t => {
  const fastify = Fastify()
  await fastify.register(swagger, { openapi: {} })
  await fastify.register(realtimeGateway, { deployments: [{ model: 'm', target: 'openai/m', apiKey: 'k' }], masterKey: 'sk-master-key-000001', aliases: ['/realtime'] })
  fastify.get('/mine', { schema: { response: { 200: { type: 'string' } } } }, async () => 'mine')
  await fastify.ready()
  t.strictSame(Object.keys(fastify.swagger().paths ?? {}), ['/mine'])
  await fastify.close()
})
