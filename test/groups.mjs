// Which test files share a process in `npm test`. Half a second of each process is the start of Node and tap, and the loading of what all tests
// load: a file by itself is shorter than that more often than not. `npm run test:deep` and `test:coverage` run each file in its own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files that take seconds by themselves, or tests that count what the whole process holds. */
const alone = new Set(['admission/lease-property.test.ts', 'dialect/hostile.test.ts', 'dialect/xai-upstream-closing.test.ts', 'cli.test.ts', 'examples.test.ts', 'leaks.test.ts', 'routing/warm.test.ts', 'wire/reader.test.ts'])

/** Files in one process at most, so that the last process is not left working alone. */
const most = 12

/** @returns name of each group, with its files */
export function groups (folder) {
  const found = new Map()
  const files = readdirSync(folder, { recursive: true }).filter(file => file.endsWith('.test.ts')).sort()
  for (const file of files) {
    const name = alone.has(file) || awaits(join(folder, file)) ? file.slice(0, -'.test.ts'.length).replaceAll('/', '-') : place(file)
    found.set(name, [...found.get(name) ?? [], file])
  }
  return [...found].flatMap(([name, files]) => split(files).map((part, index) => [index === 0 ? name : `${name}-${index + 1}`, part]))
}

function place (file) {
  return file.includes('/') ? `in-${file.slice(0, file.indexOf('/'))}` : 'gateway'
}

function split (files) {
  const parts = Math.ceil(files.length / most)
  return Array.from({ length: parts }, (_, part) => files.filter((_, index) => index % parts === part))
}

/** While a file waits at its top, tap takes the tests before it for all there are. */
function awaits (file) {
  return /^(const .* = )?await /m.test(readFileSync(file, 'utf8'))
}
