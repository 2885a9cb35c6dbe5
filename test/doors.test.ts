import t from 'tap'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')

interface Import {
  /** From the root of the repository, with slashes: `lib/plugin.ts`. */
  readonly from: string
  /** The same for a file of ours, else the package as written. */
  readonly to: string
  readonly ours: boolean
  /** Gone after compilation. */
  readonly typeOnly: boolean
  readonly names: readonly string[]
}

function sources (folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.endsWith('.tst.ts'))
    .map(file => `${folder}/${file.split(sep).join('/')}`)
}

function importsOf (file: string): Import[] {
  const found: Import[] = []
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const add = (specifier: string, typeOnly: boolean, names: string[]): void => {
    const ours = specifier.startsWith('.')
    found.push({ from: file, to: ours ? posix.join(posix.dirname(file), specifier) : specifier, ours, typeOnly, names })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause
      const bindings = clause?.namedBindings
      const names = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text) : []
      add(node.moduleSpecifier.text, clause?.isTypeOnly ?? false, [...clause?.name ? ['default'] : [], ...names])
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, node.isTypeOnly, [])
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteral(node.arguments[0]!)) {
      add(node.arguments[0].text, false, [])
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** The text of a file without its comments. */
function codeOf (file: string): string {
  return readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
}

const files = [...sources('lib'), ...sources('types')]
const imports = files.flatMap(importsOf)
const ours = imports.filter(each => each.ours)

/** The room of a file: `http`, `session`; a file right under lib is a room of its own: `plugin`. */
function room (file: string): string {
  const [top, first, second] = file.split('/')
  if (top === 'types') return 'types'
  return second === undefined ? first!.replace(/\.ts$/, '') : first!
}

const told = ({ from, to }: Import): string => `${from} -> ${to}`

t.test('every import leads to a file that is there', async t => {
  t.ok(ours.length > 100)
  t.strictSame(ours.filter(({ to }) => !files.includes(to)).map(told), [])
})

// Who may know whom, beside errors and types, which everybody may.
const doors: Readonly<Record<string, readonly string[]>> = {
  index: ['plugin', 'options', 'config', 'catalogue', 'default-router', 'upstream'],
  cli: ['index', 'config', 'env', 'options'],
  env: ['config'],
  testing: ['wire'],
  config: ['options', 'upstream', 'wildcard'],
  plugin: ['http', 'session', 'auth', 'dialect', 'keys', 'limits', 'default-router', 'upstream', 'options', 'catalogue'],
  'default-router': ['router'],
  http: ['auth', 'catalogue', 'dialect', 'limits', 'router', 'upstream', 'session', 'wire', 'options', 'wildcard'],
  auth: ['keys'],
  options: ['catalogue', 'keys', 'upstream', 'router'],
  router: ['wildcard', 'sliding-count'],
  upstream: ['limits', 'parse-json', 'wire'],
  session: ['dialect', 'parse-json', 'wire'],
  dialect: ['parse-json'],
  limits: ['wire', 'sliding-count'],
  keys: [],
  wire: [],
  wildcard: [],
  'sliding-count': [],
  'parse-json': [],
  catalogue: [],
  errors: [],
  types: []
}

t.test('every room knows only the rooms that it may', async t => {
  const wrong = ours.filter(({ from, to }) => {
    const [here, there] = [room(from), room(to)]
    return here !== there && there !== 'types' && there !== 'errors' && !doors[here]?.includes(there)
  })
  t.strictSame(wrong.map(told), [])
})

t.test('each room has its doors written down', async t => {
  const rooms = new Set(files.map(room))
  t.strictSame([...rooms].filter(name => doors[name] === undefined), [])
})

t.test('types import nothing of lib', async t => {
  t.strictSame(ours.filter(({ from, to }) => from.startsWith('types/') && !to.startsWith('types/')).map(told), [])
  t.ok(imports.filter(({ from }) => from.startsWith('types/')).every(({ typeOnly, to }) => typeOnly || to === './fastify.ts' || to === 'types/fastify.ts'))
})

t.test('only plugin, http, auth/authenticate and the command know Fastify', async t => {
  const allowed = (from: string): boolean => /^lib\/(plugin|auth\/authenticate|cli\/host)\.ts$|^lib\/http\/|^types\/(options|fastify)\.ts$/.test(from)
  t.strictSame(imports.filter(({ from, to }) => to === 'fastify' && !allowed(from)).map(told), [])
  const packages: Readonly<Record<string, RegExp>> = {
    'fastify-plugin': /^lib\/index\.ts$/,
    '@fastify/websocket': /^lib\/plugin\.ts$/,
    '@fastify/error': /^lib\/errors\.ts$/,
    ws: /^lib\/testing\//,
    yaml: /^lib\/config\//,
    'env-schema': /^lib\/env\.ts$/,
    typebox: /^lib\/env\.ts$/,
    'close-with-grace': /^lib\/cli\.ts$/
  }
  const foreign = imports.filter(({ to, ours }) => !ours && !to.startsWith('node:') && to !== 'fastify')
  t.strictSame(foreign.filter(({ from, to }) => !packages[to]?.test(from)).map(told), [])
})

t.test('only upstream/dial opens a client socket', async t => {
  const network = new Set(['node:http', 'node:https', 'node:net', 'node:tls', 'node:http2', 'node:dgram', 'http', 'https', 'net', 'tls', 'undici', 'ws'])
  const users = imports.filter(({ from, to, typeOnly }) => network.has(to) && !typeOnly && !from.startsWith('lib/testing/'))
  const harmless = ({ to, names }: Import): boolean => names.length > 0 && names.every(name => ['STATUS_CODES', 'createSecureContext', ...to === 'node:net' ? ['Socket'] : []].includes(name))
  t.strictSame(users.filter(each => !harmless(each)).map(told), ['lib/upstream/dial.ts -> node:http', 'lib/upstream/dial.ts -> node:https'])
  for (const file of files.filter(file => !file.startsWith('lib/testing/') && file !== 'lib/upstream/dial.ts')) {
    t.notMatch(codeOf(file), /\bfetch ?\(|new WebSocket\b|\bnew Socket\b/, file)
  }
})

t.test('nothing but the front doors knows plugin and index', async t => {
  const knows = (name: string): string[] => ours.filter(({ to }) => to === `lib/${name}.ts`).map(({ from }) => from)
  t.strictSame(knows('plugin'), ['lib/index.ts'])
  t.ok(knows('index').every(from => /^lib\/(cli|cli\/.*|env|testing\/.*)\.ts$/.test(from)))
})

t.test('the pure rooms have no input or output, no clock and no chance', async t => {
  const pure = /^lib\/(router\/|dialect\/|sliding-count|wildcard|upstream\/(openai|xai|azure|bearer|url|refusal)|session\/(peek|close|model-rule)|wire\/(header|mask|close-frame|handshake)|catalogue)/
  const found = files.filter(file => pure.test(file))
  t.ok(found.length >= 12)
  for (const file of found) {
    const foreign = importsOf(file).filter(({ ours, typeOnly, to }) => !ours && !typeOnly && !['node:crypto', 'node:buffer'].includes(to))
    t.strictSame(foreign.map(told), [])
    t.notMatch(codeOf(file), /\bDate\b|performance\.|process\.|setTimeout|setInterval|\bconsole\.\w+ ?\(/, file)
  }
})

t.test('only the command and env read the environment, and nobody else writes to the console', async t => {
  for (const file of files.filter(file => !/^lib\/(cli|env)/.test(file))) {
    t.notMatch(codeOf(file), /\bprocess\.(?:env|stdout|stderr|exit)|\bconsole\.\w+ ?\(/, file)
  }
})

t.test('there are no circles', async t => {
  const next = new Map(files.map(file => [file, ours.filter(({ from, typeOnly }) => from === file && !typeOnly).map(({ to }) => to)]))
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      t.fail([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const to of next.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  t.equal(done.size, files.length)
})

t.test('the package names no path of a machine', async t => {
  for (const file of files) t.notMatch(codeOf(file), /["'`]\/(?:home|work|tmp|root|Users)\//, relative(dirname(root), file))
})
