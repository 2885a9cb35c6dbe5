// The package is ESM; a CommonJS host loads it by require() all the same (Node 20.19 and up).
// It loads the built package, so in this repository run `npm run build` first.
//
//   XAI_API_KEY=… GATEWAY_KEY=sk-choose-one node examples/commonjs.cjs
'use strict'

const closeWithGrace = require('close-with-grace')
const Fastify = require('fastify')
const { realtimeGateway } = require('fastify-realtime-gateway')

const { XAI_API_KEY, XAI_API_BASE, GATEWAY_KEY, PORT = '3000' } = process.env

const app = Fastify({ logger: true })

app.register(realtimeGateway, {
  deployments: [{ model: 'voice', target: 'xai/grok-voice-latest', apiKey: XAI_API_KEY, baseUrl: XAI_API_BASE }],
  keys: [{ name: 'my-app', key: GATEWAY_KEY }]
})

closeWithGrace({ delay: 30_000 }, async () => { await app.close() })

app.listen({ port: Number(PORT) }, error => {
  if (error) throw error
})
