// Compiles library, tests and their fixtures to `.compiled`, once for `npm test`. A loader would do so in each of the hundred processes of
// the tests, and takes more processor time there than the tests themselves.
import { transform } from 'esbuild'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { groups } from './groups.mjs'

const root = join(import.meta.dirname, '..')
const out = join(root, '.compiled')

rmSync(out, { recursive: true, force: true })
for (const folder of ['lib', 'types', 'test', 'examples']) {
  for (const file of readdirSync(join(root, folder), { recursive: true })) {
    if (file.endsWith('.ts') && !file.endsWith('.tst.ts')) await compile(join(folder, file))
  }
}
for (const [name, files] of groups(join(root, 'test'))) {
  const target = join(out, 'groups', `${name}.test.js`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, files.map(file => `import '../test/${file.replace(/\.ts$/, '.js')}'\n`).join(''))
}

async function compile (file) {
  const source = join(root, file)
  const { code } = await transform(readFileSync(source, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcefile: source,
    sourcemap: 'inline',
    sourcesContent: false,
    // What a test reads beside it (documents, recordings) lies beside its source.
    define: { 'import.meta.dirname': JSON.stringify(dirname(source)) }
  })
  const target = join(out, file.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, code.replace(/\b(from |import\(|import )"(\.[^"\n]*)\.ts"/g, '$1"$2.js"'))
}
