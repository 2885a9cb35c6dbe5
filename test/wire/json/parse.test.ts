import { deepStrictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '../../../lib/wire/json/parse.ts'
import { holds } from '../../fixtures/session/seeded.ts'

/** A string in JSON with each character as it is, or as an escape: by `how`, drawn at random. */
function write (text: string, how: readonly number[]): string {
  const units = text.split('')
  return `"${units.map((unit, i) => how[i % how.length] === 1 ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(unit).slice(1, -1)).join('')}"`
}

const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), fc.constantFrom('\\', '"', '\\"', '\\\\', '\n', 'type', 'model', '\ud800', '', '":', '__proto__'))
const escapes = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 4 })

t.test('an object comes back with the keys and values that it was written with, whatever is escaped and whatever was read before', async t => {
  await holds(t, 20_000, fc.tuple(fc.array(fc.tuple(word, fc.oneof(word, fc.integer(), fc.constant({})), fc.constantFrom('', ' ', '\n')), { maxLength: 4 }), escapes), ([fields, how]) => {
    const text = `{${fields.map(([key, value, space]) => `${write(key, how)}${space}:${typeof value === 'string' ? write(value, how) : JSON.stringify(value)}`).join(',')}}`
    deepStrictEqual(Object.entries(parseJson(text) as object), Object.entries(Object.fromEntries(fields)))
  })
})

t.test('a key with an escape is not taken for a key that was read at the same offset before', async t => {
  // In V8 of Node 24 one of its length that begins with the same bytes.
  parseJson('{"type":[],"\\\\u006":0}')
  t.strictSame(Object.keys(parseJson('{"type":1,"\\u006dodel":2}') as object), ['type', 'model'])
  parseJson('{"event":[],"\\\\":0}')
  t.strictSame(Object.keys(parseJson('{"event":1,"\\"":2}') as object), ['event', '"'])
  t.strictSame(Object.keys(parseJson('{"event":1,"\\n" \n\t:2}') as object), ['event', '\n'])
})

t.test('what is no JSON is refused, with an escaped key and without', async t => {
  for (const text of ['', '{', '{"\\n":1', '{"\\n":1,}', '{"\\n":01}', '{"\\n":NaN}', '{"\\x":1}', '{"\\u12":1}', '{"\\n":"\u0001"}', '{"\\n":1}}', '\ufeff{"\\n":1}', '{"\\n":[1,]}', "{'\\n':1}", '{"\\n" 1}']) {
    t.throws(() => parseJson(text), SyntaxError, text)
  }
})

t.test('values beside an escaped key are what JSON.parse makes of them', async t => {
  const values = '[1e400,-0,0.1,9007199254740993,true,false,null,"\\ud800","\\/","a\\":1",{"__proto__":{"polluted":1}},[[]],{}]'
  deepStrictEqual((parseJson(`{"\\u0061":${values}}`) as { a: unknown }).a, JSON.parse(values))
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('an escaped key in a text of thousands of levels is an error, and no crash', async t => {
  t.throws(() => parseJson(`{"\\n":${'['.repeat(200_000)}${']'.repeat(200_000)}}`), RangeError)
})

t.test('the largest message that a client may send is read in little memory', async t => {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--max-old-space-size=160', '--input-type=module', '--eval', `
    import { parseJson } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../lib/wire/json/parse.ts')).href)}
    for (const text of [JSON.stringify('x'.repeat(16e6)), JSON.stringify('\\n'.repeat(8e6)), '[' + '1,'.repeat(49_000) + '1]']) {
      if (Object.keys(parseJson('{"\\\\u0061":' + text + '}'))[0] !== 'a') process.exit(2)
    }
  `], { encoding: 'utf8', timeout: 30_000 })
  t.equal(status, 0, stderr.slice(-1_000))
})

t.test('more fields and values than any event has are not read, however long its strings are', async t => {
  for (const many of [`[${'1,'.repeat(60_000)}1]`, `{"a":[${'{},'.repeat(30_000)}1]}`, '['.repeat(60_000), `[${'"",'.repeat(60_000)}1]`]) t.throws(() => parseJson(many), { name: 'RangeError', message: 'too many fields and values' })
  const words = ', [{: '.repeat(200_000)
  t.equal((parseJson(`{"text":${JSON.stringify(words)},"quoted":${JSON.stringify(`"${words}\\"`)}}`) as { text: string }).text, words)
  t.equal((parseJson(`[${'1,'.repeat(49_000)}1]`) as number[]).length, 49_001)
})

t.test('megabytes of backslashes and quotes take no time to look through', async t => {
  const begun = performance.now()
  for (const text of ['\\\\'.repeat(2_000_000), '\\"'.repeat(2_000_000), '\\":'.repeat(1_000_000), '\\n'.repeat(2_000_000)]) parseJson(`{"a":"${text}"}`)
  t.ok(performance.now() - begun < 5_000)
})
