import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeCertificate } from './certificate.ts'
import { chart } from './chart.ts'
import type { FieldOptions } from './field.ts'
import { machine } from './machine.ts'
import { full, parts, quick, type Part, type Plan } from './plan.ts'
import { chooseCores, pinSelf } from './process.ts'
import type { Results } from './results.ts'
import { runChurn, runPart } from './run.ts'
import { builtDirectory } from './subjects/gateway.ts'
import { subjects as allSubjects } from './subjects/index.ts'
import type { Subject } from './subjects/subject.ts'
import { tables } from './tables.ts'

const usage = `npm run bench -- [options]

  --quick             under a minute: cost and set-up only, fewer and shorter rounds
  --only <parts>      some of ${parts.join(', ')}
  --subjects <names>  some of ${allSubjects.map(({ name }) => name).join(', ')}
  --rounds <n>        paired rounds for the cost parts
  --churn             memory over minutes of sessions that come and go, instead of all else
  --minutes <n>       how long --churn runs, default 10
  --no-build          measure what the last run compiled
  --help`

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    subjects: { type: 'string' },
    rounds: { type: 'string' },
    churn: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

const root = fileURLToPath(new URL('..', import.meta.url))
// Only a complete run may replace the figures that the README shows.
const complete = !args.quick && args.only === undefined && args.subjects === undefined && args.rounds === undefined

async function main (): Promise<void> {
  const plan = planned()
  if (!args['no-build']) build()

  const skipped: Record<string, string> = {}
  const subjects: Subject[] = []
  const names = picked(allSubjects.map(({ name }) => name), args.subjects)
  for (const subject of allSubjects.filter(({ name }) => names.includes(name))) {
    // The floor is no rival, and a quick run has no time for it unasked.
    if (args.quick && args.subjects === undefined && subject.name === 'tunnel') continue
    const reason = await subject.missing()
    if (reason === undefined) subjects.push(subject)
    else skipped[subject.name] = reason
  }
  for (const [name, reason] of Object.entries(skipped)) console.log(`${name} is skipped: ${reason}`)

  const cores = chooseCores()
  if (typeof cores === 'string') console.log(`Nothing is pinned: ${cores}. The figures are worth little.`)
  else pinSelf(cores.load)
  const core = typeof cores === 'string' ? undefined : cores.subject

  const directory = await mkdtemp(join(tmpdir(), 'realtime-gateway-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const certificate = await makeCertificate(directory)
  const plain: FieldOptions = { core, directory }
  if (args.churn) {
    process.exitCode = await runChurn(subjects, plain, Number(args.minutes)) ? 0 : 1
    return
  }
  const results: Results = {
    date: new Date().toISOString(),
    machine: await machine(),
    quick: args.quick,
    pinned: core !== undefined,
    labels: Object.fromEntries(allSubjects.map(({ name, label }) => [name, label])),
    skipped,
    cost: {}
  }
  for (const part of plan.parts) {
    const start = performance.now()
    await runPart(part, plan, subjects, plain, { ...plain, certificate }, results)
    console.log(`${part}: ${((performance.now() - start) / 1e3).toFixed(0)} s`)
  }
  console.log(`\n${tables(results)}\n`)
  await save(results)
}

function planned (): Plan {
  const plan = args.quick ? quick : full
  const rounds = args.rounds === undefined ? plan.rounds : Number(args.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a number from 1 on')
  return { ...plan, rounds, parts: args.only === undefined ? plan.parts : picked(parts, args.only) as Part[] }
}

function picked (known: readonly string[], list: string | undefined): readonly string[] {
  if (list === undefined) return known
  const names = list.split(',')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`"${unknown}" is none of ${known.join(', ')}`)
  return known.filter((name) => names.includes(name))
}

/** What is measured is what is shipped: compiled JavaScript. It goes to a folder of its own, so that a build during the run does no harm. */
function build (): void {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.json'), '--outDir', builtDirectory], { stdio: 'inherit', cwd: root })
}

async function save (results: Results): Promise<void> {
  const stamp = results.date.replaceAll(':', '-').slice(0, 19)
  const folder = join(root, 'bench', ...complete ? [] : ['results'])
  await mkdir(folder, { recursive: true })
  const file = join(folder, complete ? 'latest.json' : `${stamp}.json`)
  await writeFile(file, JSON.stringify(results, (_, value: unknown) => typeof value === 'number' ? Number(value.toPrecision(5)) : value, 1) + '\n')
  if (Object.keys(results.cost).length > 0) {
    const picture = join(folder, complete ? 'chart.svg' : `${stamp}.svg`)
    await writeFile(picture, chart(results))
    console.log(`Written: ${relative(root, file)}, ${relative(root, picture)}`)
  } else {
    console.log(`Written: ${relative(root, file)}`)
  }
}

if (args.help) console.log(usage)
else await main()
