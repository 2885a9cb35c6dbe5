import neostandard, { resolveIgnoresFromGitignore } from 'neostandard'

// What an import does not show; who may import whom is in .dependency-cruiser.js.
const ofProcess = ['env', 'stdout', 'stderr', 'exit'].map(property => ({ object: 'process', property, message: 'Only cli and env know the process.' }))
const chance = { object: 'Math', property: 'random', message: 'What is pure is told its chance.' }
const sockets = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map(name => ({ name, message: 'Only upstream/dial opens client sockets.' }))
const clocks = ['Date', 'performance', 'process', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(name => ({ name, message: 'What is pure is told the time.' }))
const only = (name, ...names) => ({ name, allowImportNames: names, allowTypeImports: true, message: 'Only upstream/dial opens client sockets.' })

export default [
  ...neostandard({ ts: true, ignores: [...resolveIgnoresFromGitignore()] }),
  {
    files: ['**/*.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'error' }
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/cli/main.ts', 'lib/env.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', ...ofProcess]
    }
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/testing/**', 'lib/upstream/dial.ts'],
    rules: { 'no-restricted-globals': ['error', ...sockets] }
  },
  {
    files: ['lib/http/**/*.ts', 'lib/cli/**/*.ts', 'lib/wire/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: [only('node:http', 'STATUS_CODES', 'ServerResponse'), only('node:net', 'Socket'), only('node:tls', 'createSecureContext', 'TLSSocket')] }] }
  },
  {
    files: ['lib/{router,dialect,providers,metering}/**/*.ts', 'lib/{sliding-count,wildcard,catalogue,errors}.ts', 'lib/session/{close,phase}.ts', 'lib/session/pipeline/{model-rule,dialect}.ts', 'lib/wire/{header,mask,frame,close-frame,handshake}.ts', 'lib/wire/json/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...ofProcess, chance],
      'no-restricted-globals': ['error', ...sockets, ...clocks]
    }
  }
]
