import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { GatewayError } from '../lib/errors.ts'
import type { GatewayErrorCode } from '../lib/errors.ts'
import { realtimeModels } from '../lib/index.ts'
import { builtPackage } from './fixtures/built-package.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const { dependencies, devDependencies, peerDependencies, exports: entries, bin } = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
  exports: Record<string, string | { types: string, default: string }>
  bin: Record<string, string>
}

t.test('every file of the library can be imported', async t => {
  // The command line runs when it is imported; its own test does that.
  const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts') && file !== join('cli', 'main.ts'))
  t.ok(files.length > 40)
  const library = join(await builtPackage(), 'dist', 'lib')
  for (const file of files) await t.resolves(import(pathToFileURL(join(library, file.replace(/\.ts$/, '.js'))).href), file)
})

t.test('every entry of the package has its source', async t => {
  const targets = [...Object.values(entries).map(entry => typeof entry === 'string' ? entry : entry.default), ...Object.values(bin)]
  for (const target of targets) {
    t.ok(existsSync(join(root, target.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '.ts'))), target)
  }
  t.match(read('lib/cli/main.ts'), /^#!\/usr\/bin\/env node\n/)
})

t.test('the public types need no types of ws', async t => {
  const files = ['lib/index.ts', 'lib/env.ts', 'lib/testing/index.ts', ...readdirSync(join(root, 'types')).filter(file => file.endsWith('.ts')).map(file => `types/${file}`)]
  for (const file of files) t.notMatch(read(file), /from '(?:ws|@types\/ws)'/, file)
})

t.test('docs/options.md has every error with its status and close code', async t => {
  const documented = new Map([...read('docs/options.md').matchAll(/^\| `(\w+)` \| (\d{3}|–) \| (\d{4}|–) \|/gm)].map(([, code, status, close]) => [code!, { status, close }]))
  const codes = [...read('lib/errors.ts').matchAll(/^ {2}(\w+): row\((\d+)/gm)]
  t.ok(codes.length > 25)
  t.strictSame([...documented.keys()].sort(), codes.map(([, code]) => code!).sort())
  for (const [, code = '', status] of codes) {
    const row = documented.get(code)
    t.equal(row?.status, status === '0' ? '–' : status, code)
    if (row?.close !== '–') t.equal(row?.close, String(new GatewayError(code as GatewayErrorCode).closeCode), code)
  }
})

t.test('the README names the current models and no other', async t => {
  const [section] = read('README.md').split('\n## Models\n')[1]!.split('\n## ')
  const named = [...section!.matchAll(/`((?:xai|openai)\/[^`]+)`/g)].map(([, name]) => name!)
  t.strictSame(named.sort(), realtimeModels.filter(({ status }) => status === 'current').map(({ target }) => target).sort())
})

t.test('every dependency has its reason, and none has a reason that is gone', async t => {
  const documented = [...read('docs/dependencies.md').matchAll(/^\| ((?:`[^`]+`(?:, )?)+)/gm)].flatMap(([, names]) => [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
  t.strictSame(documented.sort(), Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }).sort())
})

t.test('what the packed documents link to is packed, or an address', async t => {
  const { files } = JSON.parse(read('package.json')) as { files: string[] }
  const packed = (file: string): boolean => !files.includes(`!${file}`) && files.some(entry => file === entry || file.startsWith(`${entry}/`))
  const documents = ['README.md', 'SECURITY.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs')).map(file => `docs/${file}`)]
  // Of the documents only the one about the sources stays with them.
  t.strictSame(documents.filter(document => !packed(document)), ['docs/architecture.md'])
  for (const document of documents.filter(packed)) {
    for (const [, target] of read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) t.ok(packed(join(document, '..', target!)), `${document}: ${target}`)
  }
})

t.test('the repository that the documents link to is the one of package.json', async t => {
  const { repository } = JSON.parse(read('package.json')) as { repository: { url: string } }
  const [, name] = /github\.com\/(.+)\.git$/.exec(repository.url)!
  for (const document of ['README.md', ...readdirSync(join(root, 'docs')).map(file => `docs/${file}`)]) {
    for (const [, repo, path = ''] of read(document).matchAll(/\]\(https:\/\/(?:github\.com|raw\.githubusercontent\.com)\/(fastify-realtime-gateway\/[\w-]+)(?:\/(?:(?:blob|tree)\/)?main\/([^)#]+))?/g)) {
      t.equal(repo, name)
      t.ok(path === '' || existsSync(join(root, path)), `${document}: ${path}`)
    }
  }
})

t.test('whoever packs the package builds it', async t => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  t.equal(scripts['prepack'], 'npm run build')
  t.notMatch(read('.npmrc'), 'ignore-scripts')
})

t.test('every link between the documents leads somewhere', async t => {
  const documents = ['README.md', 'SECURITY.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs')).filter(file => file.endsWith('.md')).map(file => `docs/${file}`)]
  for (const document of documents) {
    for (const [, target, anchor] of read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
      const file = target === '' ? document : join(document, '..', target!)
      t.ok(existsSync(join(root, file)), `${document}: ${target}`)
      if (anchor === undefined || !existsSync(join(root, file))) continue
      const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
      t.ok(headings.includes(anchor), `${document}: ${target}#${anchor}`)
    }
  }
})
