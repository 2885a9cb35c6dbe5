import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeCertificate } from './certificate.ts'
import { chart } from './chart.ts'
import type { FieldOptions } from './field.ts'
import { machine } from './machine.ts'
import { full, parts, quick, type Part, type Plan } from './plan.ts'
import { chooseCores, pinSelf } from './process.ts'
import type { Results } from './results.ts'
import { runChurn, runPart } from './run.ts'
import { build, gatewayBefore, root } from './subjects/gateway.ts'
import { subjects as usual } from './subjects/index.ts'
import type { Subject } from './subjects/subject.ts'
import { tables } from './tables.ts'

const usage = `npm run bench -- [options]

  --quick             under a minute: cost and set-up only, fewer and shorter rounds
  --only <parts>      some of ${parts.join(', ')}
  --subjects <names>  some of ${usual.map(({ name }) => name).join(', ')}
  --rounds <n>        paired rounds
  --against <folder>  another checkout of this library, built and measured in the same rounds, as "before"
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
    against: { type: 'string' },
    churn: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

const before = args.against === undefined ? undefined : resolve(args.against)
const allSubjects: readonly Subject[] = before === undefined ? usual : [...usual, gatewayBefore(before)]
// Only a complete run may replace the figures that the README shows.
const complete = !args.quick && args.only === undefined && args.subjects === undefined && args.rounds === undefined && before === undefined

async function main (): Promise<void> {
  const plan = planned()
  if (!args['no-build']) for (const checkout of before === undefined ? [root] : [root, before]) build(checkout)

  const skipped: Record<string, string> = {}
  const subjects: Subject[] = []
  const names = [...picked(usual.map(({ name }) => name), args.subjects), ...before === undefined ? [] : ['before']]
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
