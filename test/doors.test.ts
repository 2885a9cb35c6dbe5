import t from 'tap'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { cruise } from 'dependency-cruiser'
import type { ICruiseResult } from 'dependency-cruiser'
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'

const root = join(import.meta.dirname, '..')
const doors = await extractOptions(join(root, '.dependency-cruiser.js'))
const tsConfig = extractTSConfig(join(root, 'tsconfig.json'))

/** What dependency-cruiser finds in the folders lib and types of `baseDir`, by the doors of the project. */
async function cruised (baseDir: string): Promise<ICruiseResult> {
  const { output } = await cruise(['lib', 'types'], { ...doors, validate: true, baseDir }, undefined, { tsConfig })
  return output as ICruiseResult
}

const files = ['lib', 'types'].flatMap(folder => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => `${folder}/${file.split(sep).join('/')}`))

t.test('every room knows only the rooms and packages that it may, and there are no circles', async t => {
  const { modules, summary } = await cruised(root)
  t.strictSame(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`), [])
  // Nothing was looked over: every file, and the imports of types in them.
  const sources = modules.map(({ source }) => source)
  t.strictSame(files.filter(file => !sources.includes(file)), [])
  const dial = modules.find(({ source }) => source === 'lib/upstream/dial.ts')
  t.ok(dial?.dependencies.some(({ resolved, dependencyTypes }) => resolved === 'types/index.ts' && dependencyTypes.includes('type-only')))
})

t.test('a door that is broken is found out, by a type as well', async t => {
  const broken: Record<string, [file: string, text: string]> = {
    'door-of-router': ['lib/router/router.ts', "import type { A } from '../http/open.ts'\nexport type B = A\n"],
    'no-circle': ['lib/http/open.ts', "import type { B } from '../session/gate.ts'\nexport type A = B\n"],
    'nobody-knows-plugin': ['lib/http/plug.ts', "import { plugin } from '../plugin.ts'\nexport const a = plugin\n"],
    'package-fastify': ['lib/session/session.ts', "import type { FastifyInstance } from 'fastify'\nexport type A = FastifyInstance\n"],
    'package-without-door': ['lib/session/left.ts', "import leftPad from 'fast-check'\nexport const a = leftPad\n"],
    'client-sockets': ['lib/upstream/pool.ts', "import { connect } from 'node:net'\nexport const a = connect\n"],
    pure: ['lib/router/clock.ts', "import { performance } from 'node:perf_hooks'\nexport const a = performance\n"],
    'room-without-doors': ['lib/attic/box.ts', "import { plugin } from '../plugin.ts'\nexport const a = plugin\n"],
    'dialect-reads-json': ['lib/dialect/xai.ts', "import type { A } from '../wire/leg.ts'\nexport type B = A\n"],
    unresolved: ['lib/wire/leg.ts', "import { a } from './nowhere.ts'\nexport type A = typeof a\n"]
  }
  const dir = t.testdir()
  for (const [file, text] of [...Object.values(broken), ['lib/plugin.ts', 'export const plugin = 1\n'], ['lib/session/gate.ts', "import type { A } from '../http/open.ts'\nexport type B = A\n"], ['types/index.ts', '']] as const) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  const found = new Set((await cruised(dir)).summary.violations.map(({ rule, from }) => `${rule.name} ${from}`))
  for (const [rule, [file]] of Object.entries(broken)) t.ok(found.has(`${rule} ${file}`), `${rule} in ${file}`)
})

t.test('the package names no path of a machine', async t => {
  const code = (file: string): string => readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
  for (const file of files) t.notMatch(code(file), /["'`]\/(?:home|work|tmp|root|Users)\//, relative(dirname(root), file))
})
