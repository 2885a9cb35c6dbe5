import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openClient } from './client.ts'
import type { ClientLink } from './client.ts'
import { machine } from './machine.ts'
import { median, percentile } from './stats.ts'

// How long a session takes to open with an upstream 80 ms away: from the start of the client's connect to the whole first event.
// Three processes: the load (this one), the upstream behind its distance, the gateway. `npx tsx bench/setup.ts --help`.
//
// The distance is a TCP proxy on the loopback, 40 ms each way. A loopback connect takes no time, so the proxy holds the first bytes
// back for the round trip that a connect would take (80 ms): connect 80 + handshake 80, the first event right behind the 101. No TLS,
// which would cost a direct dial one more round trip, and would make the gateway's warm sockets look better still.

const { values: args } = parseArgs({
  options: {
    role: { type: 'string' },
    url: { type: 'string' },
    deployments: { type: 'string' },
    sessions: { type: 'string', default: '500' },
    rate: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    warm: { type: 'string', default: '16' },
    help: { type: 'boolean' }
  }
})

const oneWayMs = 40
const clientKey = 'sk-bench-set-up-0001'
const providerKey = 'sk-bench-provider-0001'

/** Holds what comes back for the distance, and the first of it for a connect besides. Bytes keep their order. */
function delayed (from: Socket, to: Socket, firstMs: number): void {
  const startedAt = performance.now()
  from.on('data', (chunk: Buffer) => {
    const wait = Math.max(0, startedAt + firstMs - performance.now()) + oneWayMs
    setTimeout(() => { if (to.writable) to.write(chunk) }, wait)
  })
  from.on('end', () => setTimeout(() => to.end(), oneWayMs))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), oneWayMs + 5))
}

async function listening (accept: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, accept).listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** The upstream: one that works, one that resets as where nobody listens, one that answers 503; all 80 ms away. */
async function upstream (): Promise<void> {
  const { createSimulator } = await import('../lib/testing/index.ts')
  const far = async (port: number): Promise<number> => await listening(client => {
    const server = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    delayed(client, server, 2 * oneWayMs)
    delayed(server, client, 0)
  })
  const good = await createSimulator({ keepFrames: 1 })
  const busy = await createSimulator({ keepFrames: 1, faults: [{ type: 'refuse', status: 503 }] })
  const reset = await listening(socket => {
    socket.on('error', () => {})
    setTimeout(() => socket.resetAndDestroy(), 2 * oneWayMs)
  })
  process.send!({ good: await far(good.port), busy: await far(busy.port), reset })
}

/** The gateway, as a host would run it. */
async function gateway (): Promise<void> {
  const [{ default: Fastify }, { default: realtimeGateway }] = await Promise.all([import('fastify'), import('../lib/index.ts')])
  const app = Fastify({ logger: false })
  await app.register(realtimeGateway, {
    deployments: JSON.parse(args.deployments!),
    keys: [{ key: clientKey, name: 'bench' }]
  })
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  process.send!({ port: (app.server.address() as AddressInfo).port })
}

async function child<Answer> (role: string, more: readonly string[] = []): Promise<{ process: ChildProcess, answer: Answer }> {
  const started = fork(fileURLToPath(import.meta.url), ['--role', role, ...more])
  const [answer] = await once(started, 'message') as [Answer]
  return { process: started, answer }
}

interface Ports { readonly good: number, readonly busy: number, readonly reset: number }

interface Target { readonly url: string, readonly headers: Record<string, string> }

/** Runs a gateway while `use` lasts. */
async function withGateway<T> (deployments: readonly object[], use: (target: Target) => Promise<T>): Promise<T> {
  const { process: running, answer } = await child<{ port: number }>('gateway', ['--deployments', JSON.stringify(deployments)])
  try {
    return await use({ url: `ws://127.0.0.1:${answer.port}/v1/realtime?model=voice`, headers: { Authorization: `Bearer ${clientKey}` } })
  } finally {
    running.kill('SIGKILL')
    await once(running, 'exit')
  }
}

/** Opens `count` sessions at a steady rate, however long each takes, and keeps all open to the end. */
async function open (target: Target, count: number, rate: number): Promise<number[]> {
  const links: Array<Promise<ClientLink>> = []
  const startedAt = performance.now()
  for (let n = 0; n < count; n++) {
    const wait = startedAt + n * 1_000 / rate - performance.now()
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
    const link = openClient(target)
    // Heard of below; a rejection meanwhile is not an unhandled one.
    link.catch(() => {})
    links.push(link)
  }
  const opened = await Promise.all(links)
  const times = opened.map(({ setUp }) => setUp)
  await Promise.all(opened.map(link => link.close()))
  return times
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

function judge (name: string, value: number, bar: number): void {
  console.log(`  ${name.padEnd(62)} ${value.toFixed(3).padStart(6)}   bar ${bar}   ${value <= bar ? 'met' : 'MISSED'}`)
  if (value > bar) process.exitCode = 1
}

async function main (): Promise<void> {
  const [sessions, rate, rounds, size] = [args.sessions, args.rate, args.rounds, args.warm].map(Number) as [number, number, number, number]
  const { process: far, answer: ports } = await child<Ports>('upstream')
  const at = (port: number, more: object = {}): object => ({ id: `d${port}`, model: 'voice', target: 'openai/gpt-realtime', apiKey: providerKey, baseUrl: `ws://127.0.0.1:${port}`, ...more })
  const direct: Target = { url: `ws://127.0.0.1:${ports.good}/v1/realtime?model=gpt-realtime`, headers: { Authorization: `Bearer ${providerKey}` } }
  const runs: Record<string, () => Promise<number[]>> = {
    direct: () => open(direct, sessions, rate),
    cold: () => withGateway([at(ports.good)], target => open(target, sessions, rate)),
    warm: () => withGateway([at(ports.good, { warm: { size } })], async target => {
      await pause(1_000)
      return open(target, sessions, rate)
    })
  }
  const names = { direct: 'direct', cold: 'gateway, no warm pool', warm: `gateway, warm pool of ${size}` }
  const results: Record<string, Array<{ median: number, p99: number }>> = { direct: [], cold: [], warm: [] }
  console.log(`${sessions} sessions at ${rate} a second, upstream ${2 * oneWayMs} ms away; milliseconds from connect to first event`)
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const times = await run()
      const figures = { median: median(times), p99: percentile(times, 0.99) }
      results[name]!.push(figures)
      console.log(`  round ${round + 1}  ${names[name as keyof typeof names].padEnd(28)} median ${figures.median.toFixed(1).padStart(6)}   p99 ${figures.p99.toFixed(1).padStart(6)}   slowest ${Math.max(...times).toFixed(1)}`)
    }
  }

  // The first session of a gateway that does not know yet, again and again; then those after its third failure.
  const down: Record<string, { first: number[], after: number[] }> = {}
  const healthy: { first: number[], after: number[] } = { first: [], after: [] }
  const series = async (deployments: readonly object[], into: { first: number[], after: number[] }): Promise<void> => {
    await withGateway(deployments, async target => {
      // A process's very first session pays for compiling; that is no matter of routing.
      await open({ ...target, url: target.url.replace('=voice', '=other') }, 5, 5)
      into.first.push(...await open(target, 1, 1))
      await open(target, 2, 4)
      into.after.push(...await open(target, 100, rate))
    })
  }
  const other = at(ports.good, { id: 'other', model: 'other' })
  for (let round = 0; round < Math.max(3, rounds); round++) {
    await series([other, at(ports.good)], healthy)
    for (const [name, port] of [['connection reset', ports.reset], ['503', ports.busy]] as const) {
      await series([other, at(port), at(ports.good, { order: 1 })], down[name] ??= { first: [], after: [] })
    }
  }
  console.log('First candidate down')
  console.log(`  ${'healthy'.padEnd(20)} first session ${median(healthy.first).toFixed(1)}   later ones ${median(healthy.after).toFixed(1)}`)
  for (const [name, { first, after }] of Object.entries(down)) {
    console.log(`  ${name.padEnd(20)} first session ${median(first).toFixed(1)}   after three failures ${median(after).toFixed(1)}`)
  }

  const ratio = (name: string, figure: 'median' | 'p99'): number => median(results[name]!.map((figures, round) => figures[figure] / results['direct']![round]![figure]))
  console.log('Ratios, median of the rounds')
  judge('warm pool: median against direct', ratio('warm', 'median'), 0.1)
  judge('warm pool: p99 against direct', ratio('warm', 'p99'), 1)
  judge('no warm pool: median against direct', ratio('cold', 'median'), 1.02)
  for (const [name, { first, after }] of Object.entries(down)) {
    const ratio = median(first) / median(healthy.first)
    // An upstream that says no by an answer of its own takes as long to say it as a healthy one to say yes: two dials are two dials.
    if (name === '503') console.log(`  ${'first candidate down (503): first session against healthy'.padEnd(62)} ${ratio.toFixed(3).padStart(6)}   two whole dials`)
    else judge(`first candidate down (${name}): first session against healthy`, ratio, 2)
    judge(`first candidate down (${name}): after three failures`, median(after) / median(healthy.after), 1.1)
  }
  const { processor, processors, system, versions } = await machine()
  console.log(`${processors} x ${processor}, ${system}, Node.js ${versions['node']}`)
  far.kill('SIGKILL')
}

const usage = `npx tsx bench/setup.ts [options]
  --sessions <n>  sessions a run, default 500
  --rate <n>      sessions opened a second, default 50
  --rounds <n>    runs of each, default 3
  --warm <n>      sockets kept warm, default 16`

if (args.help) console.log(usage)
else if (args.role === 'upstream') await upstream()
else if (args.role === 'gateway') await gateway()
else await main()
