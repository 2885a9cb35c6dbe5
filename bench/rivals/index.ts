import { mkdtemp } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withField, type FieldOptions, type Runner } from '../field.ts'
import { machine } from '../machine.ts'
import { chooseCores, pinSelf } from '../process.ts'
import { medians, paired, pairedRounds, type Series } from '../rounds.ts'
import { memory } from '../scenarios/memory.ts'
import { paced } from '../scenarios/paced.ts'
import { saturated } from '../scenarios/saturated.ts'
import type { Slice } from '../scenarios/slice.ts'
import { verify } from '../scenarios/verify.ts'
import { closePairs, openPairs, type Pair } from '../session.ts'
import { direct } from '../subjects/direct.ts'
import { build, gateway } from '../subjects/gateway.ts'
import { haproxy } from '../subjects/haproxy.ts'
import { nginx } from '../subjects/nginx.ts'
import type { Subject } from '../subjects/subject.ts'
import { httpProxy } from './http-proxy.ts'
import { litellm } from './litellm.ts'

const usage = `npm run bench:rivals -- [options]

  --litellm <folder>  a virtual environment with litellm[proxy]; without it LiteLLM is left out
  --sessions <n>      at a time, default 50
  --rounds <n>        paired rounds, default 5
  --without <names>   leaves some out: nginx,haproxy,http-proxy
  --help`

const { values: args } = parseArgs({
  options: { litellm: { type: 'string' }, sessions: { type: 'string', default: '50' }, rounds: { type: 'string', default: '5' }, without: { type: 'string', default: '' }, help: { type: 'boolean', default: false } }
})

const sessions = Number(args.sessions)
const rounds = Number(args.rounds)
const memorySessions = 300

async function main (): Promise<void> {
  build()
  const rivals: Subject[] = []
  for (const subject of [gateway, nginx, haproxy, httpProxy, litellm(args.litellm)]) {
    if (args.without.split(',').includes(subject.name)) continue
    const reason = await subject.missing()
    if (reason === undefined) rivals.push(subject)
    else console.log(`${subject.name} is skipped: ${reason}`)
  }
  const cores = chooseCores()
  if (typeof cores === 'string') console.log(`Nothing is pinned: ${cores}. The figures are worth little.`)
  else pinSelf(cores.load)
  const directory = await mkdtemp(join(tmpdir(), 'realtime-gateway-rivals-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const options: FieldOptions = { core: typeof cores === 'string' ? undefined : cores.subject, directory }
  const load = loadavg()[0]!.toFixed(2)

  const full = await withField(rivals, options, (runners) => series(runners, (pairs, pids) => saturated(pairs, pids, { warmUpMs: 300, measureMs: 2_000 })))
  const voice = await withField([direct, ...rivals], options, (runners) => series(runners, (pairs, pids) => paced(pairs, pids, { warmUpMs: 500, measureMs: 3_000 })))
  const idle: Record<string, number> = {}
  for (const subject of rivals) idle[subject.name] = await withField([subject], options, async ([runner]) => (await memory(runner!.world, runner!.running, memorySessions)).idleKiB)

  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${JSON.stringify(await machine())}, load before the run ${load}\n`)
  console.log('| | CPU per round trip (us) | x the gateway | added p50 (ms) | added p99 (ms) | idle session (KiB) |\n|---|---|---|---|---|---|')
  for (const { name, label } of rivals) {
    const ratio = paired(full, name, 'gateway', (own, ours) => own.cpuMicros / ours.cpuMicros)!
    const added = (figure: 'p50Ms' | 'p99Ms'): string => paired(voice, name, 'direct', (own, none) => own[figure] - none[figure])!.toFixed(2)
    const { cpuMicros } = medians(full[name]!)
    console.log(`| ${label} | ${cpuMicros.toFixed(1)} | ${ratio.toFixed(2)} | ${added('p50Ms')} | ${added('p99Ms')} | ${idle[name]!.toFixed(1)} |`)
  }
}

/** One slice of each subject a round, after one that does not count; all sessions of a subject stay open. */
async function series (runners: readonly Runner[], slice: (pairs: readonly Pair[], pids: readonly number[]) => Promise<Slice>): Promise<Series<Slice>> {
  const open = new Map<Runner, Pair[]>()
  for (const runner of runners) {
    if (runner.subject !== direct) await verify(runner.world)
    open.set(runner, await openPairs(runner.world, sessions))
  }
  const once = (runner: Runner): Promise<Slice> => slice(open.get(runner)!, runner.running.pids())
  await pairedRounds(runners, 1, once)
  const measured = await pairedRounds(runners, rounds, once)
  for (const [{ world }, pairs] of open) await closePairs(world, pairs)
  return measured
}

if (args.help) console.log(usage)
else await main()
