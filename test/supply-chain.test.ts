import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}

const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
const installed = Object.entries(packages).filter(([path]) => path !== '').map(([path, locked]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), path, ...locked }))

// The first version of each package without the holes that are known of it, and what they were.
const floors: Readonly<Record<string, string>> = {
  // Ping floods; before: endless fragments, pinned buffers, memory shown in close reasons.
  ws: '8.23.0',
  // X-Forwarded-* of anybody; before: bodies that pass unvalidated.
  fastify: '5.12.2',
  // Sockets without a listener for errors while hooks run.
  '@fastify/websocket': '11.3.2',
  // Endless regular expressions in schemas with $data.
  ajv: '8.18.0',
  // Hosts and paths read otherwise than by others. Behind ajv and Fastify's serializers.
  'fast-uri': '3.1.7',
  // Endless matching of routes with two parameters in a segment.
  'find-my-way': '9.0.1',
  // Deep nesting ends the process.
  yaml: '2.8.3',
  // For development and tests only: headers that Connection names.
  '@fastify/reply-from': '12.6.2',
  '@fastify/http-proxy': '11.4.4'
}
// Two major versions are kept up.
const undiciFloors: Readonly<Record<number, string>> = { 6: '6.24.0', 7: '7.24.0' }

/** Whether `version` is at least `floor`. A version before its release, as 8.23.0-beta, is not. */
function atLeast (version: string, floor: string): boolean {
  if (version.includes('-')) return false
  const [a, b] = [version, floor].map(text => text.split('.').map(Number))
  const different = a!.findIndex((part, i) => part !== b![i])
  return different === -1 || a![different]! > b![different]!
}

t.test('no version with a known hole is in the lock file', async t => {
  for (const [name, floor] of Object.entries(floors)) {
    // At run time however deep. What a tool for development brings for itself (socket.io its ws, eslint its ajv 6) never meets a stranger.
    const found = installed.filter(({ name: one, path, dev }) => one === name && (dev !== true || path === `node_modules/${name}`))
    t.ok(found.length > 0, name)
    for (const { path, version } of found) t.ok(atLeast(version!, floor), `${path} ${version}, ${floor} is the least`)
  }
  for (const { path, version } of installed.filter(({ name }) => name === 'undici')) {
    t.ok(atLeast(version!, undiciFloors[Number.parseInt(version!)] ?? '8.0.0'), `${path} ${version}`)
  }
  for (const [version, floor, enough] of [['8.22.9', '8.23.0', false], ['7.99.9', '8.23.0', false], ['8.23.0-beta', '8.23.0', false], ['8.23.0', '8.23.0', true], ['10.0.0', '8.23.0', true]] as const) {
    t.equal(atLeast(version, floor), enough, `${version} for ${floor}`)
  }
})

t.test('what is installed here is what the lock file says', async t => {
  for (const name of Object.keys(floors)) {
    t.equal((JSON.parse(read(`node_modules/${name}/package.json`)) as { version: string }).version, packages[`node_modules/${name}`]!.version, name)
  }
})

t.test('the lock file holds no registry\'s address', async t => {
  t.strictSame(installed.filter(({ resolved }) => resolved !== undefined).map(({ path }) => path), [])
})

t.test('every dependency at run time has a floor, or nothing is known against it', async t => {
  const { dependencies, peerDependencies } = JSON.parse(read('package.json')) as Record<'dependencies' | 'peerDependencies', Record<string, string>>
  const harmless = ['@fastify/error', 'close-with-grace', 'env-schema', 'fastify-plugin', 'ioredis', 'libsql', 'pg']
  t.strictSame(Object.keys({ ...dependencies, ...peerDependencies }).filter(name => floors[name] === undefined).sort(), harmless)
  // A user's installation may take the least that a range allows.
  for (const [name, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
    t.match(range, /^\^\d+\.\d+\.\d+( \|\| \^\d+\.\d+\.\d+)*$/, name)
    t.ok(floors[name] === undefined || atLeast(range.slice(1), floors[name]), `${name} ${range} is asked for, ${floors[name]} is the least`)
  }
})

t.test('what is installed is known by its checksum, and needs no script of its own', async t => {
  t.ok(installed.length > 100)
  t.strictSame(installed.filter(({ integrity }) => !/^sha512-/.test(integrity ?? '')).map(({ path }) => path), [])
  // It only makes the start of its command faster; `npm ci --ignore-scripts` is enough for it too.
  t.strictSame(installed.filter(({ hasInstallScript }) => hasInstallScript).map(({ name, dev }) => `${name}, ${dev === true ? 'development' : 'run time'}`), ['esbuild, development'])
})

interface Workflow {
  readonly permissions: unknown
  readonly jobs: Record<string, { readonly permissions?: Record<string, string>, readonly steps: ReadonlyArray<{ readonly uses?: string, readonly run?: string, readonly with?: Record<string, unknown> }> }>
}

const workflows = readdirSync(join(root, '.github', 'workflows')).map(file => ({ file, text: read(`.github/workflows/${file}`), workflow: parse(read(`.github/workflows/${file}`)) as Workflow }))

t.test('every action is pinned by the hash of its commit, with its version behind it', async t => {
  t.strictSame(workflows.map(({ file }) => file), ['ci.yml', 'release.yml'])
  for (const { file, text, workflow } of workflows) {
    const lines = text.split('\n').filter(line => /^\s*(- )?uses:/.test(line))
    t.equal(lines.length, Object.values(workflow.jobs).flatMap(({ steps }) => steps).filter(({ uses }) => uses !== undefined).length, `${file}: no action in another spelling`)
    t.ok(lines.length > 0)
    for (const line of lines) t.match(line, /^\s*(- )?uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file)
  }
  const pins = new Set(workflows.flatMap(({ text }) => [...text.matchAll(/uses: (.*)/g)].map(([, pin]) => pin!)))
  t.equal(new Set([...pins].map(pin => pin.split('@')[0])).size, pins.size, 'one version of each action')
})

t.test('a workflow may read and no more, but for the one job that publishes and runs no code of others', async t => {
  for (const { file, workflow } of workflows) {
    t.strictSame(workflow.permissions, { contents: 'read' }, file)
    for (const [name, { permissions, steps }] of Object.entries(workflow.jobs)) {
      for (const { uses, with: inputs } of steps) if (uses?.startsWith('actions/checkout@')) t.equal(inputs?.['persist-credentials'], false, `${file} ${name} leaves no token in the working copy`)
      for (const { run } of steps) if (run !== undefined) t.notMatch(run, /npm (ci|install)(?!.*--ignore-scripts)/, `${file} ${name}`)
      if (permissions === undefined) continue
      t.strictSame([file, name, permissions], ['release.yml', 'publish', { contents: 'write', 'id-token': 'write' }])
      t.notMatch(steps.map(({ run }) => run).join('\n'), /npm (ci|install|run|test)|npx|\.ci\//)
    }
  }
})

t.test('a release has provenance and a list of its parts, and no secret to publish with', async t => {
  const { text } = workflows.find(({ file }) => file === 'release.yml')!
  t.match(text, /npm publish .*--provenance/)
  t.match(text, /npm sbom --sbom-format cyclonedx/)
  t.notMatch(text, /secrets\.|NODE_AUTH_TOKEN/)
})
