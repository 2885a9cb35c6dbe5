// The compiled plugin in a bare host, as a user would register it.
import fastify from 'fastify'
import { report } from './report.mjs'

const [baseUrl, key, entry] = process.argv.slice(2)
const { default: realtimeGateway } = await import(entry)
const options = {
  deployments: ['openai', 'xai'].map(provider => ({
    model: provider === 'openai' ? 'bench' : `bench-${provider}`, target: `${provider}/bench`, baseUrl, apiKey: 'sk-upstream-bench'
  })),
  keys: [{ key, models: ['bench', 'bench-xai'] }]
}

async function start (options) {
  const app = fastify({ logger: false })
  app.register(realtimeGateway, options)
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  return app
}

// One key opens sessions as fast as it can, which the rate of opens is there to refuse. A checkout from before that rate does not know the option.
const app = await start({ ...options, openRate: 1e6, openBurst: 1e6 }).catch(() => start(options))
report(app.server.address().port)
