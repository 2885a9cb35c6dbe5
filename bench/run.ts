import { alone, withField, type FieldOptions, type Runner } from './field.ts'
import type { Part, Plan } from './plan.ts'
import { stalls, type Results } from './results.ts'
import { freshRounds, pairedRounds, type Series } from './rounds.ts'
import { churn } from './scenarios/churn.ts'
import { crowd, tooMany } from './scenarios/crowd.ts'
import { memory } from './scenarios/memory.ts'
import { opening } from './scenarios/opening.ts'
import { paced } from './scenarios/paced.ts'
import { saturated } from './scenarios/saturated.ts'
import { setUpTime } from './scenarios/set-up.ts'
import type { Slice } from './scenarios/slice.ts'
import { stall, type StallOptions } from './scenarios/stall.ts'
import { verify } from './scenarios/verify.ts'
import { atWork } from './scenarios/work.ts'
import { closePairs, openPairs, type Pair } from './session.ts'
import type { Subject } from './subjects/subject.ts'

// Memory, stalls and crowds say nothing new about the variants of the plain relay.
const comparedInFull = ['plain-ws', 'gateway', 'before', 'nginx', 'haproxy']
// The others do not translate.
const translating = ['gateway', 'before']

/** Runs one part and adds what it found to `results`. */
export async function runPart (
  part: Part, plan: Plan, subjects: readonly Subject[], plain: FieldOptions, secure: FieldOptions, results: Results
): Promise<void> {
  const relays = subjects.filter(({ name }) => name !== 'direct')
  const few = relays.filter(({ name }) => comparedInFull.includes(name))
  switch (part) {
    case 'ws':
      results.cost.ws = await withField(relays, plain, (runners) => cost(runners, plan, (pairs, pids) => saturated(pairs, pids, plan.saturated)))
      break
    case 'wss':
      results.cost.wss = await withField(relays, secure, (runners) => cost(runners, plan, (pairs, pids) => saturated(pairs, pids, plan.saturated)))
      break
    case 'paced':
      results.cost.paced = await withField(subjects, plain, (runners) => cost(runners, plan, (pairs, pids) => paced(pairs, pids, plan.paced)))
      break
    case 'translated':
      results.cost.translated = await withField(relays.filter(({ name }) => translating.includes(name)), plain,
        (runners) => cost(runners.map(onXai), plan, (pairs, pids) => saturated(pairs, pids, plan.saturated)))
      break
    case 'work':
      results.work = await freshRounds(few, plain, plan.workRounds, ({ world, running }) => atWork(world, running, plan.sessions, plan.work))
      break
    case 'opening':
      results.opening = await withField(few, plain, (runners) => measured(runners, plan.rounds, ({ world, running }) => opening(world, running, plan.openingMs)))
      break
    case 'set-up': {
      const times = (options: FieldOptions) => withField(subjects, options, (runners) => measured(runners, plan.setUps, ({ world }) => setUpTime(world)))
      results.setUp = { ws: await times(plain), wss: await times(secure) }
      break
    }
    case 'memory':
      results.memory = await alone(few, plain, ({ world, running }) => memory(world, running, plan.memorySessions))
      break
    case 'stall':
      results.stall = await stallAll(plan, few, plain)
      break
    case 'crowd': {
      const reason = tooMany(plan.crowdSessions)
      if (reason !== undefined) console.log(`crowd is skipped: ${reason}`)
      else results.crowd = await alone(few, plain, ({ world, running }) => crowd(world, running, plan.crowdSessions))
      for (const [name, { errors }] of Object.entries(results.crowd ?? {})) {
        if (errors.length > 0) console.log(`${name}: ${errors.length} errors, the first: ${errors[0]}`)
      }
    }
  }
}

/** The same gateway, asked for the model that an xAI deployment serves: its sessions are translated. */
function onXai ({ subject, running, world }: Runner): Runner {
  const target = { ...running, url: `${running.url}-xai` }
  return { subject, running: target, world: { ...world, target } }
}

/** Opens the sessions of all subjects, and gives each slice those of its subject: opening is measured elsewhere. */
async function cost (
  runners: readonly Runner[], plan: Plan, slice: (pairs: readonly Pair[], pids: readonly number[]) => Promise<Slice>
): Promise<Series<Slice>> {
  const pairs = new Map<Runner, Pair[]>()
  for (const runner of runners) {
    await verify(runner.world)
    pairs.set(runner, await openPairs(runner.world, plan.sessions))
  }
  const series = await measured(runners, plan.rounds, (runner) => slice(pairs.get(runner)!, runner.running.pids()))
  for (const [{ world }, open] of pairs) await closePairs(world, open)
  return series
}

/** One round to warm up, which does not count, and then the rounds. */
async function measured<Figures> (
  runners: readonly Runner[], rounds: number, slice: (runner: Runner) => Promise<Figures>
): Promise<Series<Figures>> {
  await pairedRounds(runners, 1, slice)
  return await pairedRounds(runners, rounds, slice)
}

async function stallAll (plan: Plan, relays: readonly Subject[], plain: FieldOptions) {
  const one = { sessions: 1, bytesEach: plan.stallBytes }
  const many = { sessions: plan.stalledSessions, bytesEach: plan.stalledBytesEach }
  const cases: StallOptions[] = [{ stalled: 'client', ...one }, { stalled: 'upstream', ...one }, { stalled: 'client', ...many }]
  const found: NonNullable<Results['stall']> = {}
  for (const [i, options] of cases.entries()) {
    found[stalls[i]!] = await alone(relays, plain, ({ world, running }) => stall(world, running, options))
  }
  return found
}

/** @returns whether every subject's memory stayed within a tenth and no session was lost. */
export async function runChurn (subjects: readonly Subject[], plain: FieldOptions, minutes: number): Promise<boolean> {
  const gateway = subjects.filter(({ name }) => name === 'gateway')
  if (gateway.length === 0) throw new Error('--churn is about the gateway, and it cannot run')
  const seed = Date.now() % 1e6
  console.log(`Churn for ${minutes} minutes, seed ${seed}`)
  const { gateway: result } = await alone(gateway, plain, ({ world, running }) => churn(world, running, { minutes, sessions: 100, seed }))
  const flat = result!.growth <= 1.1
  console.log(`${result!.sessionsServed} sessions, ${result!.errors.length} errors${result!.errors.length > 0 ? `, the first: ${result!.errors[0]}` : ''}`)
  console.log(`Memory of the last third against the first: x ${result!.growth.toFixed(3)}, ${flat ? 'flat within 10 %' : 'NOT flat within 10 %'}`)
  return flat && result!.errors.length === 0
}
