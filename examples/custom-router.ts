// A router of one's own, by region and time of day: each key has a home region, which is tried first with the model of the hour
// there, a lighter one by night. The other region is the fallback, and one that has just refused waits at the end for half a minute.
//
//   XAI_API_KEY=… OPENAI_API_KEY=… EU_KEY=sk-for-europe US_KEY=sk-for-america npx tsx examples/custom-router.ts
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import realtimeGateway from 'fastify-realtime-gateway'
import type { Deployment, Router } from 'fastify-realtime-gateway'

const { XAI_API_KEY, XAI_API_BASE, OPENAI_API_KEY, OPENAI_BASE_URL, EU_KEY, US_KEY, PORT = '3000' } = process.env

interface Region {
  readonly name: string
  readonly timeZone: string
  readonly byDay: Deployment
  readonly byNight: Deployment
}

const europe = { model: 'voice', apiKey: OPENAI_API_KEY, baseUrl: OPENAI_BASE_URL }
const america = { model: 'voice', apiKey: XAI_API_KEY, baseUrl: XAI_API_BASE }

const regions: readonly Region[] = [
  {
    name: 'eu',
    timeZone: 'Europe/Berlin',
    byDay: { ...europe, id: 'eu-day', target: 'openai/gpt-realtime-2.1' },
    byNight: { ...europe, id: 'eu-night', target: 'openai/gpt-realtime-2.1-mini' }
  },
  {
    name: 'us',
    timeZone: 'America/New_York',
    byDay: { ...america, id: 'us-day', target: 'xai/grok-voice-think-fast-2.0' },
    byNight: { ...america, id: 'us-night', target: 'xai/grok-voice-think-fast-1.0' }
  }
]

function createRegionRouter (cooldownMs: number): Router {
  const cooldownUntil = new Map<Region, number>()
  return {
    candidates ({ model, principal }) {
      if (model !== 'voice') return []
      const now = performance.now()
      const distance = (region: Region): number =>
        (region.name === principal.metadata?.region ? 0 : 1) + ((cooldownUntil.get(region) ?? 0) > now ? 2 : 0)
      return regions.toSorted((a, b) => distance(a) - distance(b)).map(region => isDay(region.timeZone) ? region.byDay : region.byNight)
    },
    report (outcome) {
      const region = regions.find(({ byDay, byNight }) => [byDay.id, byNight.id].includes(outcome.deployment.id))
      if (outcome.type === 'refused' && region !== undefined) cooldownUntil.set(region, performance.now() + cooldownMs)
    }
  }
}

function isDay (timeZone: string): boolean {
  const hour = Number(new Intl.DateTimeFormat('en-GB', { timeZone, hour: 'numeric', hourCycle: 'h23' }).format())
  return hour >= 7 && hour < 22
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
