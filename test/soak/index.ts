import { setTimeout as sleep } from 'node:timers/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { createAccounts } from './accounts.ts'
import { createField } from './field.ts'
import type { Field } from './field.ts'
import { probeDrain, probeSlots, probeUnfinished } from './probes.ts'
import { startRemote } from './remote.ts'
import type { Remote } from './remote.ts'
import { judgeCoverage, judgeMemory, judgeRest, mib } from './verdict.ts'
import type { Finding, Rest } from './verdict.ts'

const usage = `npm run soak -- [options]

  Sessions with faults drawn at random on every side. Passes when nothing leaks, nothing hangs, and every session is accounted for.

  --minutes <n>   how long clients come, default 10; a warm-up and the probes afterwards take about a minute more
  --seed <n>      draws all of a run's faults and scripts; default: by the clock, and printed
  --sessions <n>  clients at a time, default 100
  --help`

const { values: args } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    sessions: { type: 'string', default: '100' },
    help: { type: 'boolean', default: false }
  }
})

const warmUpMs = 15_000
const sampleMs = 2_000
const lineMs = 30_000
const shownEnds = 60

async function main (): Promise<void> {
  const minutes = positive('minutes', args.minutes)
  const sessions = Math.ceil(positive('sessions', args.sessions))
  const seed = args.seed === undefined ? Date.now() % 2 ** 31 : Math.floor(positive('seed', args.seed))
  console.log(`seed ${seed}, ${minutes} min, ${sessions} clients at a time, Node.js ${process.version}`)

  const accounts = createAccounts()
  const field = await createField(seed, accounts)
  // Some more than the clients: what ends takes its time, and a storm comes on top. A slot that leaks shows soon.
  const gateway = await startRemote({ upstreamPort: field.upstreamPort, maxSessions: 3 * sessions + 50 }, accounts.hear)
  const findings: Finding[] = []
  try {
    await field.run(gateway.port, sessions, warmUpMs)
    const before = await atRest(gateway)
    console.log(`warm: ${accounts.counts.attempts} clients, RSS ${mib(gateway.rss())}, heap ${mib(before.heapBytes)}, ${before.fds ?? '?'} fds`)

    const rss = await soak(gateway, field, accounts, () => field.run(gateway.port, sessions, minutes * 60_000))
    const after = await atRest(gateway)
    findings.push(...judgeRest(before, after), judgeMemory(rss))
    if (minutes >= 1) findings.push(judgeCoverage(accounts.errors))

    const probes = { port: gateway.port, accounts, nextId: field.nextId }
    findings.push(finding('slots of a deployment', await probeSlots(probes)))
    findings.push(finding('bytes of unfinished messages', await probeUnfinished(probes)))
    findings.push(finding('drain under load', await probeDrain(probes, gateway.drain)))
    const code = await gateway.end()
    findings.push({ ok: code === 0, text: `the gateway's process ended by itself with ${code}` })
    await sleep(500)
    findings.push({ ok: field.open().upstream === 0, text: `connections at the upstream in the end: ${field.open().upstream}` })
  } catch (error) {
    findings.push({ ok: false, text: String(error) })
  }
  await field.close()
  const stderr = gateway.stderr()
  findings.push({ ok: stderr === '', text: stderr === '' ? 'nothing on stderr' : `on stderr:\n${stderr}` })
  const { counts, violations } = accounts
  findings.push({ ok: counts.opened === counts.closed, text: `sessions: ${counts.opened} opened, ${counts.closed} closed` })
  findings.push({ ok: violations.length === 0, text: `clients: ${counts.attempts}, of which ${counts.flawless} without a fault; ${violations.length === 0 ? 'each ended as it had to' : `wrong:\n${violations.join('\n')}`}` })

  const ends = [...accounts.ends].sort(([, a], [, b]) => b - a).slice(0, shownEnds)
  console.log(`\nEnds as the clients saw them:\n${ends.map(([end, count]) => `${String(count).padStart(8)}  ${end}`).join('\n')}\n`)
  for (const { ok, text } of findings) console.log(`${ok ? 'ok   ' : 'WRONG'}  ${text}`)
  const passed = findings.every(({ ok }) => ok)
  console.log(`\nseed ${seed}: ${passed ? 'passed' : 'FAILED'}`)
  process.exit(passed ? 0 : 1)
}

/** Watches the gateway's process while `run` is on; gives its resident memory over time. */
async function soak (gateway: Remote, field: Field, { counts, violations }: ReturnType<typeof createAccounts>, run: () => Promise<void>): Promise<number[]> {
  const samples: number[] = []
  const own = monitorEventLoopDelay({ resolution: 10 })
  own.enable()
  let lagMs = 0
  const startedAt = performance.now()
  let lineAt = startedAt + lineMs
  const load = run().then(() => 'over')
  while (await Promise.race([load, sleep(sampleMs)]) !== 'over') {
    const state = await gateway.state()
    samples.push(gateway.rss())
    lagMs = Math.max(lagMs, state.lagMs)
    if (performance.now() < lineAt) continue
    lineAt += lineMs
    console.log([
      `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s`,
      `${counts.opened} sessions, ${state.sessions} of them open`,
      `RSS ${mib(samples.at(-1)!)}`,
      `heap ${mib(state.heapBytes)}`,
      `${gateway.fds() ?? '?'} fds`,
      `upstream ${field.open().upstream}`,
      `lag at most ${lagMs.toFixed(0)} ms (clients ${(own.max / 1e6).toFixed(0)} ms)`,
      `wrong ${violations.length}`
    ].join(', '))
    lagMs = 0
    own.reset()
  }
  own.disable()
  return samples
}

async function atRest (gateway: Remote): Promise<Rest> {
  // Sockets that were closed a moment ago are given back at the next turn.
  await sleep(500)
  const state = await gateway.state()
  return { ...state, fds: gateway.fds() }
}

function finding (what: string, faults: readonly string[]): Finding {
  return { ok: faults.length === 0, text: faults.length === 0 ? `${what}: as it must be` : `${what}: ${faults.join('; ')}` }
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`)
  return value
}

if (args.help) console.log(usage)
else await main()
