// A provider that the gateway does not know: "acme" speaks the OpenAI Realtime protocol, but has its own address, takes
// its key in its own header, names the model in the path, and says 420 when it wants to be left alone for a while.
//
//   ACME_API_KEY=… ACME_API_BASE=wss://voice.acme.example GATEWAY_KEY=sk-choose-one npx tsx examples/custom-adapter.ts
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import realtimeGateway, { classifyAnswer } from 'fastify-realtime-gateway'
import type { UpstreamAdapter } from 'fastify-realtime-gateway'

const { ACME_API_KEY, ACME_API_BASE, GATEWAY_KEY, PORT = '3000' } = process.env

const acme: UpstreamAdapter = {
  provider: 'acme',
  request ({ baseUrl = 'wss://voice.acme.example', apiKey = '', headers }, { model = '', query }) {
    const url = new URL(`/talk/${encodeURIComponent(model)}`, baseUrl)
    for (const [name, value] of query) url.searchParams.append(name, value)
    return { url: url.href, headers: { ...headers, 'X-Acme-Key': apiKey } }
  },
  classify (answer) {
    if (answer.type === 'status' && answer.status === 420) return { kind: 'rate_limit', retryAfterMs: 60_000 }
    return classifyAnswer(answer)
  }
}

const app = Fastify({ logger: true })

await app.register(realtimeGateway, {
  adapters: [acme],
  deployments: [{ model: 'voice', target: 'acme/parrot-2', apiKey: ACME_API_KEY, baseUrl: ACME_API_BASE }],
  keys: [{ name: 'my-app', key: GATEWAY_KEY }]
})

closeWithGrace({ delay: 30_000 }, async () => { await app.close() })

await app.listen({ port: Number(PORT) })
