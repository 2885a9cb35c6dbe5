import t from 'tap'
import Fastify from 'fastify'
import type { FastifyHttpOptions, FastifyInstance } from 'fastify'
import type { Server } from 'node:http'
import realtimeGateway from '../../lib/index.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import type { Owner } from '../fixtures/upstream.ts'
import { deploymentAt } from '../fixtures/gateway.ts'

async function warningsOf (t: Owner & { strictSame (a: unknown, b: unknown, name: string): unknown }, options: FastifyHttpOptions<Server>): Promise<string> {
  const lines: string[] = []
  const fastify: FastifyInstance = Fastify({ logger: { level: 'warn', stream: { write: line => { lines.push(line) } } }, ...options })
  await fastify.register(realtimeGateway, { deployments: [deploymentAt(await startUpstream(t, () => {}))], keys: [{ key: 'sk-test-key-0000000001' }] })
  t.teardown(() => fastify.close())
  await fastify.ready()
  t.strictSame(lines, [], 'an app that does not listen has no such clients')
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return lines.join('')
}

t.test('a server that waits long for silent clients is warned of, with the line to add', async t => {
  const log = await warningsOf(t, {})
  t.match(log, /http\.headersTimeout, requestTimeout, connectionTimeout/)
  t.match(log, /Fastify\(\{ connectionTimeout: 10_000, requestTimeout: 10_000, http: \{ headersTimeout: 10_000, connectionsCheckingInterval: 1_000 \} \}\)/)
})

t.test('only the clocks that are open are named', async t => {
  t.match(await warningsOf(t, { connectionTimeout: 10_000, requestTimeout: 10_000 }), /\(http\.headersTimeout\)/)
})

t.test('a server whose clocks are set is not warned of', async t => {
  t.equal(await warningsOf(t, { connectionTimeout: 10_000, requestTimeout: 10_000, http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000 } }), '')
})
