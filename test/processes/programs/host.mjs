// A host with the gateway: node host.mjs <entry of the package> <options as JSON>. GET /state tells of sessions and deployments.
import fastify from 'fastify'

const [entry, options] = process.argv.slice(2)
const { default: realtimeGateway } = await import(entry)
const app = fastify({ logger: true })
Object.assign(app.server, { headersTimeout: 10_000, requestTimeout: 10_000, timeout: 10_000 })
await app.register(realtimeGateway, JSON.parse(options))
app.get('/state', () => ({ sessions: app.realtime.sessions.size, deployments: app.realtime.router.status(), time: Date.now() }))
await app.listen({ port: 0, host: '0.0.0.0' })
console.log(`port ${app.server.address().port}`)
