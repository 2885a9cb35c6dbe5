import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRouter } from '../lib/default-router.ts'
import type { Deployment, RoutePlan, RouteRequest, Router, StrategyName } from '../types/index.ts'
import { machine } from './machine.ts'
import { median } from './stats.ts'

// What choosing a deployment costs, what it leaves on the heap, and whether the shares are what was asked for.
// One process, no sockets: `npx tsx bench/router.ts [--rounds 15]`.

const { values: args } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } })
const rounds = Number(args.rounds)
const strategies: StrategyName[] = ['simple-shuffle', 'round-robin', 'least-busy', 'latency', 'cost', 'usage']
const bars: Readonly<Record<number, number>> = { 10: 2, 1_000: 50 }
const request: RouteRequest = { model: 'm', principal: { id: 'bench' }, query: new URLSearchParams(), tags: [] }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Every deployment has limits, a price and a history, so that no strategy gets off lightly. */
function deploymentsOf (count: number): Deployment[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `d${i}`,
    model: 'm',
    target: 'openai/gpt-realtime',
    weight: 1 + i % 5,
    rpm: 1e9,
    tpm: 1e9,
    maxSessions: 1e6,
    price: { inputPerMinute: 1 + i % 7, outputPerMinute: 2 }
  }))
}

function routerOf (deployments: readonly Deployment[], strategy: StrategyName): Router {
  const router = createRouter(deployments, { strategy })
  for (const [i, deployment] of deployments.entries()) {
    router.report!({ type: 'dial', deployment })
    router.report!({ type: 'ready', deployment, ms: 100 + i % 50 })
    router.report!({ type: 'first_audio', deployment, ms: 300 + i % 20 })
    router.report!({ type: 'turn', deployment, tokens: i })
  }
  return router
}

/** Microseconds of a choice: median of rounds, and the slowest round. */
function timeOf (router: Router, picks: number): { median: number, worst: number } {
  const times: number[] = []
  for (let round = -2; round < rounds; round++) {
    // Processor time, collection of garbage included: waiting for a processor that others use is no cost of ours.
    const before = process.cpuUsage()
    for (let i = 0; i < picks; i++) router.candidates(request)
    const { user, system } = process.cpuUsage(before)
    // The first two rounds warm the compiler up.
    if (round >= 0) times.push((user + system) / picks)
  }
  return { median: median(times), worst: Math.max(...times) }
}

function firstOf (router: Router): Deployment {
  return (router.candidates(request) as RoutePlan).candidates[0]!
}

let failed = 0
function judged (value: number, bar: number, unit: string): string {
  if (value <= bar) return `within ${bar} ${unit}`
  failed++
  return `OVER ${bar} ${unit}`
}

console.log(`Processor time of one choice, median of ${rounds} rounds (slowest round)`)
for (const strategy of strategies) {
  const cells = [10, 1_000].map(count => {
    const { median, worst } = timeOf(routerOf(deploymentsOf(count), strategy), count === 10 ? 50_000 : 1_000)
    return `${count} deployments ${median.toFixed(2).padStart(6)} µs (${worst.toFixed(2)}), ${judged(median, bars[count]!, 'µs')}`
  })
  console.log(`  ${strategy.padEnd(15)} ${cells.join('   ')}`)
}

console.log('Heap after 1,000,000 choices with their reports, against after 100,000')
for (const strategy of strategies) {
  const router = routerOf(deploymentsOf(10), strategy)
  const session = (): void => {
    const deployment = firstOf(router)
    router.report!({ type: 'dial', deployment })
    router.report!({ type: 'ready', deployment, ms: 100 })
    router.report!({ type: 'turn', deployment, tokens: 500 })
    router.report!({ type: 'ended', deployment, ms: 1_000, closeCode: 1000, unresponsive: false })
  }
  for (let i = 0; i < 100_000; i++) session()
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 900_000; i++) session()
  collect()
  const grown = (process.memoryUsage().heapUsed - before) / 1024
  console.log(`  ${strategy.padEnd(15)} ${grown.toFixed(0).padStart(6)} KiB, ${judged(grown, 64, 'KiB')}`)
}

console.log('Shares of weighted deployments over 100,000 choices')
{
  const weights = [1, 2, 3, 4]
  const router = createRouter(weights.map((weight, i) => ({ id: `d${i}`, model: 'm', target: 'openai/gpt-realtime', weight })))
  const counts = new Map<string, number>()
  for (let i = 0; i < 100_000; i++) {
    const { id } = firstOf(router)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const off = weights.map((weight, i) => Math.abs(counts.get(`d${i}`)! / 100_000 - weight / 10) * 100)
  console.log(`  weights ${weights.join(':')}: ${weights.map((_, i) => `${(counts.get(`d${i}`)! / 1_000).toFixed(2)} %`).join(' ')}, off by ${Math.max(...off).toFixed(2)} points at most, ${judged(Math.max(...off), 1, 'points')}`)
}

console.log('Sessions apart on ten equal deployments, least-busy, 10,000 sessions that come and go')
{
  const deployments = Array.from({ length: 10 }, (_, i): Deployment => ({ id: `d${i}`, model: 'm', target: 'openai/gpt-realtime' }))
  const router = createRouter(deployments, { strategy: 'least-busy' })
  const live = new Map(deployments.map(({ id }) => [id, 0]))
  let apart = 0
  for (let i = 0; i < 10_000; i++) {
    const deployment = firstOf(router)
    router.report!({ type: 'dial', deployment })
    router.report!({ type: 'ready', deployment, ms: 100 })
    live.set(deployment.id, live.get(deployment.id)! + 1)
    // Only the busiest end, as equal sessions do: a random end may leave any gap.
    if (i % 2 === 1) {
      const busiest = deployments.reduce((most, each) => live.get(each.id)! > live.get(most.id)! ? each : most)
      router.report!({ type: 'ended', deployment: busiest, ms: 1_000, closeCode: 1000, unresponsive: false })
      live.set(busiest.id, live.get(busiest.id)! - 1)
    }
    apart = Math.max(apart, Math.max(...live.values()) - Math.min(...live.values()))
  }
  console.log(`  ${apart}, ${judged(apart, 1, 'session')}`)
}

const { processor, processors, system, versions } = await machine()
console.log(`${processors} x ${processor}, ${system}, Node.js ${versions['node']}`)
if (failed > 0) {
  console.log(`${failed} bars missed`)
  process.exitCode = 1
}
