// The least that serves: one model, one key.
//
//   XAI_API_KEY=… GATEWAY_KEY=sk-choose-one npx tsx examples/basic.ts
//
// Then connect any OpenAI Realtime client to ws://127.0.0.1:3000/v1/realtime?model=voice with that key.
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import realtimeGateway from 'fastify-realtime-gateway'

const { XAI_API_KEY, XAI_API_BASE, GATEWAY_KEY, PORT = '3000' } = process.env

const app = Fastify({ logger: true })

await app.register(realtimeGateway, {
  deployments: [{ model: 'voice', target: 'xai/grok-voice-latest', apiKey: XAI_API_KEY, baseUrl: XAI_API_BASE }],
  keys: [{ name: 'my-app', key: GATEWAY_KEY }]
})

// SIGTERM and SIGINT: running turns may end (drainTimeout, 10 s), then every session is closed with 1012.
closeWithGrace({ delay: 30_000 }, async () => { await app.close() })

await app.listen({ port: Number(PORT) })
