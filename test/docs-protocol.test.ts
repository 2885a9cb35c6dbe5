import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { betaClient } from '../lib/dialect/beta/client.ts'
import { responseParamPaths, responsePaths, sessionPaths } from '../lib/dialect/beta/field-paths.ts'
import type { FieldPath } from '../lib/dialect/beta/field-paths.ts'
import { betaUpstream } from '../lib/dialect/beta/upstream.ts'
import { createDialects } from '../lib/dialect/dialects.ts'
import { xaiClient } from '../lib/dialect/xai/client/dialect.ts'
import { xaiUpstream } from '../lib/dialect/xai/upstream/dialect.ts'
import { openaiVoices, xaiVoices } from '../lib/dialect/xai/voices.ts'
import type { DialectName, EventTable, RealtimeEvent } from '../types/index.ts'

const text = readFileSync(join(import.meta.dirname, '../docs/protocol.md'), 'utf8')

/** The tables below a heading and above the next one, as rows of cells without their head. */
function tablesOf (heading: string): string[][][] {
  const [section] = text.split(`\n${heading}\n`)[1]!.split(/\n#+ /)
  return [...section!.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => table.trim().split('\n').slice(2).map(row => row.slice(2, -2).split(' | ').map(cell => cell.trim())))
}

function tableOf (heading: string): string[][] {
  return tablesOf(heading)[0]!
}

function named (cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
}

const directions: ReadonlyArray<readonly [heading: string, columns: ReadonlyArray<readonly [name: string, table: EventTable<never>]>]> = [
  ['## Client events', [
    ['GA on xAI', xaiUpstream.clientToUpstream], ['xAI on GA', xaiClient.clientToUpstream],
    ['beta on GA', betaClient.clientToUpstream], ['GA on beta', betaUpstream.clientToUpstream]
  ]],
  ['## Server events', [
    ['GA on xAI', xaiUpstream.upstreamToClient], ['GA on beta', betaUpstream.upstreamToClient],
    ['xAI on GA', xaiClient.upstreamToClient], ['beta on GA', betaClient.upstreamToClient]
  ]]
]

for (const [heading, columns] of directions) {
  t.test(`docs/protocol.md, ${heading.slice(3)}: a cell tells of a rule exactly where a dialect has one`, async t => {
    const rows = new Map(tableOf(heading).flatMap(([types, ...cells]) => named(types!).map(type => [type, cells] as const)))
    t.equal(rows.size, tableOf(heading).flatMap(([types]) => named(types!)).length, 'no type has two rows')
    for (const [i, [name, table]] of columns.entries()) {
      for (const type of Object.keys(table)) t.ok(rows.has(type), `${name}: ${type}`)
      for (const [type, cells] of rows) {
        t.equal(cells.length, columns.length, type)
        t.equal(cells[i] !== '–', Object.hasOwn(table, type), `${name}: ${type}`)
        const entry: unknown = Object.hasOwn(table, type) ? table[type] : undefined
        if (typeof entry === 'string') t.ok(named(cells[i]!).includes(entry), `${name}: ${type} becomes ${entry}`)
        if (entry !== undefined && cells[i] === 'dropped') t.equal((entry as (event: RealtimeEvent) => unknown)({ type }), undefined, `${name}: ${type}`)
      }
    }
  })
}

t.test('docs/protocol.md has every field that beta has at another path', async t => {
  const tables: ReadonlyArray<readonly [heading: string, pairs: readonly FieldPath[]]> =
    [['### Session', sessionPaths], ['### Responses', responseParamPaths], ['### The response', responsePaths]]
  for (const [heading, pairs] of tables) {
    const documented = new Map(tableOf(heading).map(([ga, beta]) => [named(ga!)[0], named(beta!)[0]]))
    for (const { beta, ga } of pairs) t.equal(documented.get(ga.join('.')), beta, `${heading}: ${beta}`)
  }
})

t.test('docs/protocol.md has the tables of voices', async t => {
  const voices = tablesOf('### Voices').map(rows => Object.fromEntries(rows.map(cells => cells.map(cell => named(cell)[0]!))) as Record<string, string>)
  t.strictSame(voices, [{ ...xaiVoices }, { ...openaiVoices }])
})

const types = new Map([['session', 'session.update'], ['response', 'response.create'], ['item', 'conversation.item.create']])

/** What becomes of the event of an example, said by a client in a session of its own. */
function play (client: string, upstream: string, example: string, strict: boolean): { onward: RealtimeEvent[], back: RealtimeEvent[], adjusted: string[] } {
  const said = JSON.parse(named(example)[0]!) as Record<string, unknown>
  const adjusted: string[] = []
  const translation = createDialects({ strict }).between(named(client)[0] as DialectName, named(upstream)[0] as DialectName, { adjusted: field => { adjusted.push(field) } })!
  const event = { type: types.get(Object.keys(said)[0]!), event_id: 'client_1', ...said }
  const { onward = [JSON.stringify(event)], back = [] } = translation.up.translate(Buffer.from(JSON.stringify(event))) ?? {}
  const read = (texts: readonly string[]): RealtimeEvent[] => texts.map(text => JSON.parse(text) as RealtimeEvent)
  return { onward: read(onward), back: read(back), adjusted }
}

const refusal = (param: string | undefined): object => ({ type: 'error', error: { type: 'invalid_request_error', code: 'unsupported_feature', param, event_id: 'client_1' } })

/** Whether a value stands at a dotted path. */
function has (event: unknown, path: string): boolean {
  return path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], event) !== undefined
}

t.test('docs/protocol.md: every example of what comes nearest is as it says, and refused when strict', async t => {
  const rows = tableOf('### Said as what comes nearest')
  t.ok(rows.length > 35)
  for (const [client, upstream, field = '', example, heard] of rows) {
    const [param] = named(field)
    const { onward, back, adjusted } = play(client!, upstream!, example!, false)
    t.strictSame([adjusted, back], [[param], []], field)
    t.equal(onward.length, 1, field)
    if (heard!.startsWith('nothing of it')) t.notOk(has(onward[0], param!), field)
    else t.match(onward[0], JSON.parse(named(heard!)[0]!), field)

    const strict = play(client!, upstream!, example!, true)
    t.strictSame(strict.onward, [], field)
    t.match(strict.back, [refusal(param)], field)
  }
})

t.test('docs/protocol.md: every example of what is refused is, strict or not', async t => {
  const rows = tableOf('### Always refused')
  t.ok(rows.length > 10)
  for (const [client, upstream, param = '', example] of rows) {
    for (const strict of [false, true]) {
      const { onward, back, adjusted } = play(client!, upstream!, example!, strict)
      t.strictSame([onward, adjusted], [[], []], param)
      t.match(back, [refusal(named(param)[0])], param)
    }
  }
})
