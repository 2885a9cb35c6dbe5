import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { defaults } from '../lib/options/defaults.ts'
import { deployment } from '../lib/options/schema/deployment.ts'
import { dialects } from '../lib/options/schema/dialects.ts'
import { gateway } from '../lib/options/schema/gateway.ts'
import { virtualKey } from '../lib/options/schema/key.ts'
import { routing } from '../lib/options/schema/routing.ts'
import type { OptionSchema } from '../lib/options/schema/builders.ts'
import { shown, takes } from './fixtures/option-docs.ts'

const read = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8')

interface Row { readonly name: string, readonly takes: string, readonly fallback: string }

/** The rows of the tables that have the columns Takes and Default, by the heading above them; the options of the plugin itself under ''. */
function tables (): Map<string, Row[]> {
  const found = new Map<string, Row[]>()
  for (const section of read('docs/options.md').split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf('\n'))
    const [, first] = /^\| (Option|Field) \| Takes \| Default \|/m.exec(section) ?? []
    if (first === undefined) continue
    const rows = [...section.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \|/gm)].map(([, name, takes, fallback]) => ({ name: name!, takes: takes!, fallback: fallback! }))
    const table = first === 'Option' ? '' : heading
    found.set(table, [...found.get(table) ?? [], ...rows])
  }
  return found
}

const schemas: Readonly<Record<string, { readonly properties: Readonly<Record<string, OptionSchema>> }>> = {
  '': gateway, Deployments: deployment, Routing: routing, Dialects: dialects, Keys: virtualKey
}

const documented = tables()

for (const [heading, { properties }] of Object.entries(schemas)) {
  t.test(`docs/options.md has every ${heading === '' ? 'option' : `field of ${heading}`} and no other, with what it takes and its default`, async t => {
    const rows = documented.get(heading) ?? []
    t.strictSame(rows.map(({ name }) => name).sort(), Object.keys(properties).sort())
    for (const { name, takes: told, fallback } of rows) {
      const schema = properties[name]!
      t.equal(told, takes(schema), `${name}: what it takes`)
      if (schema.default !== undefined) t.equal(fallback, shown(schema.default), `${name}: its default`)
      else t.notMatch(fallback, /^[`\d]/, `${name}: no default of the schema's`)
    }
  })
}

t.test('no table of options stands apart from the schemas', async t => {
  t.strictSame([...documented.keys()].sort(), Object.keys(schemas).sort())
})

t.test('the README tells the defaults as they are', async t => {
  const rows = new Map([...read('README.md').matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, name, fallback]) => [name!, fallback!]))
  const numbers = Object.entries(defaults).filter(([name]) => rows.has(name))
  t.ok(numbers.length > 4)
  for (const [name, value] of numbers) t.equal(rows.get(name), shown(value), name)
})
