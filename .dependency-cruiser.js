// Who may know whom in lib and types. `npm run check:doors` and test/doors.test.ts hold it; imports of types alone count like any other.
// What an import does not show (clocks, chance, the environment, global fetch) is forbidden in eslint.config.js.

// A room is a folder of lib, or a file right under it. Beside these, every room may know `errors` and `types`.
const doors = {
  index: ['plugin', 'admission', 'keys', 'store', 'options', 'config', 'catalogue', 'default-router', 'providers'],
  cli: ['index', 'config', 'env', 'options', 'store', 'loggable', 'testing'],
  env: ['options'],
  testing: ['wire'],
  config: ['options', 'wildcard'],
  // It puts all of them together.
  plugin: ['diagnosis', 'http', 'auth', 'keys', 'admission', 'default-router', 'router', 'upstream', 'providers', 'dialect', 'session', 'wire', 'options', 'catalogue', 'guard', 'loggable'],
  'default-router': ['router'],
  http: ['diagnosis', 'auth', 'admission', 'keys', 'metering', 'providers', 'catalogue', 'dialect', 'router', 'upstream', 'session', 'wire', 'options', 'wildcard', 'abort', 'guard', 'loggable'],
  options: ['catalogue', 'keys', 'providers', 'router', 'wildcard'],
  auth: ['keys'],
  keys: ['store', 'abort', 'wildcard'],
  // Of drivers it alone knows.
  store: [],
  admission: ['store', 'token-bucket'],
  router: ['diagnosis', 'wildcard', 'sliding-count'],
  // Of leases it knows the type alone: whoever puts the gateway together gives it what makes them.
  upstream: ['catalogue', 'providers', 'wire', 'abort', 'loggable', 'sliding-count'],
  providers: ['catalogue', 'dialect'],
  session: ['token-bucket', 'dialect', 'redact', 'wire'],
  dialect: ['wire'],
  // Prices and cost: pure, and of usage they know the contract alone.
  metering: [],
  wire: [],
  catalogue: [],
  wildcard: [],
  'token-bucket': [],
  guard: [],
  'sliding-count': [],
  abort: [],
  diagnosis: [],
  loggable: [],
  redact: [],
  errors: [],
  types: []
}

// Files that may know a package.
const packages = {
  fastify: '^lib/(plugin|auth/authenticate|cli/host)\\.ts$|^lib/http/|^types/(options|fastify)\\.ts$',
  'fastify-plugin': '^lib/index\\.ts$',
  '@fastify/websocket': '^lib/http/inject\\.ts$',
  'find-my-way': '^lib/http/upgrades\\.ts$',
  '@fastify/error': '^lib/(errors|store/error)\\.ts$',
  libsql: '^lib/store/sqlite/engine\\.ts$',
  pg: '^lib/store/postgres\\.ts$',
  // In development alone.
  tsx: '^lib/store/sqlite/thread\\.ts$',
  ioredis: '^lib/cli/stores\\.ts$',
  ws: '^lib/testing/',
  yaml: '^lib/config/',
  'env-schema': '^lib/env\\.ts$',
  ajv: '^lib/(env|options/check|http/management/schemas)\\.ts$',
  // Types alone.
  typebox: '^lib/options/schema/builders\\.ts$',
  'close-with-grace': '^lib/cli/main\\.ts$'
}

const pathOf = room => room === 'types' ? '^types/' : `^lib/${room}(/|\\.ts$)`
const packagePath = name => `node_modules/${name}/`
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

export default {
  forbidden: [
    forbid('no-circle', 'two files that need each other are one, or have a third below them', {}, { circular: true }),
    forbid('unresolved', 'the import leads nowhere', {}, { couldNotResolve: true }),
    ...Object.entries(doors).map(([room, others]) => forbid(
      `door-of-${room}`,
      `${room} may know ${[...others, 'errors', 'types'].join(', ')}`,
      { path: pathOf(room) },
      { path: '^(lib|types)/', pathNot: [room, ...others, 'errors', 'types'].map(pathOf) }
    )),
    forbid('room-without-doors', 'each room has its doors written down here', { path: '^lib/', pathNot: Object.keys(doors).map(pathOf) }, {}),
    forbid('nobody-knows-plugin', 'plugin is known by the front door alone', { pathNot: '^lib/index\\.ts$' }, { path: pathOf('plugin') }),
    forbid('dialect-reads-json', 'of the wire a dialect knows how JSON is read', { path: pathOf('dialect') }, { path: '^lib/wire/', pathNot: '^lib/wire/json/' }),
    ...Object.entries(packages).map(([name, users]) => forbid(
      `package-${name}`,
      `${name} is known by ${users} alone`,
      { path: '^(lib|types)/', pathNot: users },
      { path: packagePath(name) }
    )),
    forbid('package-without-door', 'each package has its users written down here', { path: '^(lib|types)/' }, {
      path: 'node_modules/', pathNot: Object.keys(packages).map(packagePath)
    }),
    forbid(
      'client-sockets',
      'upstream/dial opens client sockets, nobody else; what the others import of these modules eslint limits to names',
      { path: '^lib/', pathNot: ['^lib/upstream/dial\\.ts$', '^lib/testing/', '^lib/http/(answer|upgrades)\\.ts$', '^lib/wire/socket-kind\\.ts$', '^lib/cli/host\\.ts$'] },
      { path: '^(node:)?(https?|http2|net|tls|dgram|undici)$', dependencyTypesNot: ['type-only'] }
    ),
    forbid(
      'pure',
      'no input or output: all that they know of Node is how to hash and to hold bytes',
      { path: '^lib/(router|dialect|providers|metering)/|^lib/(sliding-count|wildcard|catalogue|errors)\\.ts$|^lib/session/(close|phase|pipeline/(model-rule|dialect))\\.ts$|^lib/wire/(header|mask|frame|close-frame|handshake|json/[^/]+)\\.ts$' },
      { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'], pathNot: '^(node:)?(crypto|buffer)$' }
    )
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Imports of types, which are gone after compilation.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] }
  }
}
