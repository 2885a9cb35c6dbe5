// A node with an upstream of its own: `gateway <database URL> <Redis socket>`. Prints its port.
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import realtimeGateway, { createRedisLimitStore, createSqlKeyAdmin, createSqlLimitStore, openPostgres } from '../../../lib/index.ts'
import { deploymentAt } from '../../fixtures/gateway.ts'
import { startUpstream } from '../../fixtures/upstream.ts'

const [url, path] = process.argv.slice(2)
const upstream = await startUpstream({ teardown () {} })
const database = await openPostgres(url!)
const limitStore = path === undefined ? createSqlLimitStore(database) : createRedisLimitStore(new Redis({ path }))
const app = Fastify()
await app.register(realtimeGateway, { deployments: [deploymentAt(upstream)], keyStore: createSqlKeyAdmin(database), masterKey: 'sk-master-key-000001', management: {}, limitStore })
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
console.log(`port ${(app.server.address() as { port: number }).port} `)
