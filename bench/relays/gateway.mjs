// The compiled plugin in a bare host, as a user would register it.
import fastify from 'fastify'
import { report } from './report.mjs'

const [baseUrl, key, entry] = process.argv.slice(2)
const { default: realtimeGateway } = await import(entry)
const app = fastify({ logger: false })
app.register(realtimeGateway, {
  deployments: ['openai', 'xai'].map(provider => ({
    model: provider === 'openai' ? 'bench' : `bench-${provider}`, target: `${provider}/bench`, baseUrl, apiKey: 'sk-upstream-bench'
  })),
  keys: [{ key, models: ['bench', 'bench-xai'] }]
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
report(app.server.address().port)
