// A router of one's own: each key has a home region, whose provider is tried first; the other one is the fallback,
// and a provider that has just refused waits at the end of the queue for half a minute.
//
//   XAI_API_KEY=… OPENAI_API_KEY=… EU_KEY=sk-for-europe US_KEY=sk-for-america npx tsx examples/custom-router.ts
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import realtimeGateway from 'fastify-realtime-gateway'
import type { Deployment, Router } from 'fastify-realtime-gateway'

const { XAI_API_KEY, XAI_API_BASE, OPENAI_API_KEY, OPENAI_BASE_URL, EU_KEY, US_KEY, PORT = '3000' } = process.env

const deployments: readonly (Deployment & { readonly region: string })[] = [
  { region: 'eu', id: 'eu', model: 'voice', target: 'openai/gpt-realtime-2.1', apiKey: OPENAI_API_KEY, baseUrl: OPENAI_BASE_URL },
  { region: 'us', id: 'us', model: 'voice', target: 'xai/grok-voice-latest', apiKey: XAI_API_KEY, baseUrl: XAI_API_BASE }
]

function createRegionRouter (restMs: number): Router {
  const restingUntil = new Map<string, number>()
  return {
    candidates ({ model, principal }) {
      if (model !== 'voice') return []
      const now = performance.now()
      const distance = ({ region, id }: typeof deployments[number]): number =>
        (region === principal.metadata?.region ? 0 : 1) + ((restingUntil.get(id) ?? 0) > now ? 2 : 0)
      return deployments.toSorted((a, b) => distance(a) - distance(b))
    },
    report (outcome) {
      if (outcome.type === 'refused') restingUntil.set(outcome.deployment.id, performance.now() + restMs)
    }
  }
}

const app = Fastify({ logger: true })

await app.register(realtimeGateway, {
  router: createRegionRouter(30_000),
  keys: [
    { name: 'europe', key: EU_KEY, metadata: { region: 'eu' } },
    { name: 'america', key: US_KEY, metadata: { region: 'us' } }
  ]
})

closeWithGrace({ delay: 30_000 }, async () => { await app.close() })

await app.listen({ port: Number(PORT) })
