import fc from 'fast-check'
import t from 'tap'
import { createMatch, createPeek } from '../../../lib/wire/json/peek.ts'
import { loadRecordings } from '../../fixtures/recordings.ts'
import { holds } from '../../fixtures/session/seeded.ts'

const wanted = ['response.done', 'session.update', 'a', '', 'é€😀', 'quote"slash\\']
const compiled = createPeek(wanted)
const match = createMatch()
const peek = (text: Buffer): string | undefined => compiled(text, match)
const peekText = (text: string): string | undefined => peek(Buffer.from(text))

/** A JSON value as text: white space, escapes and repeated keys at will. */
const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/)
const escapedString = fc.tuple(fc.oneof(fc.constantFrom('type', 'typ', 'typee', 'Type', '__proto__', ...wanted), fc.string({ unit: 'binary' }), fc.string({ minLength: 40, maxLength: 120 })), fc.infiniteStream(fc.nat(9)))
  .map(([text, dice]) => '"' + Array.from({ length: text.length }, (_, i) => {
    const unit = text[i]!
    const plain = JSON.stringify(unit).slice(1, -1)
    const die = dice.next().value
    if (die > 2 || (unit >= '\ud800' && unit <= '\udfff' && die > 0)) return unit >= '\ud800' && unit <= '\udfff' ? unit : plain
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${die === 0 ? hex : hex.toUpperCase()}`
  }).join('') + '"')
const typeKey = fc.constantFrom('"type"', '"\\u0074ype"', '"t\\u0079\\u0070e"', '"\\u0074\\u0079\\u0070\\u0065"')
const typeValue = fc.constantFrom('"response.done"', '"response\\u002edone"', '"session.update"', '"session.updatE"', '"a"', '""', '"é€😀"', '"\\ud83d\\ude00"',
  '"quote\\"slash\\\\"', '1', 'null', 'true', '{"type":"a"}', '["a"]', '{}', '[]')

const { object } = fc.letrec<{ value: string, object: string, array: string }>(tie => ({
  value: fc.oneof({ maxDepth: 4 }, escapedString, fc.constantFrom('0', '-1.5e+10', '1E2', 'true', 'false', 'null'), tie('object'), tie('array')),
  object: fc.array(fc.tuple(space, fc.oneof({ arbitrary: fc.tuple(escapedString, space, space, tie('value')), weight: 3 }, fc.tuple(typeKey, space, space, fc.oneof(typeValue, tie('value')))), space), { maxLength: 6 })
    .map(members => '{' + members.map(([a, [key, b, c, value], d]) => `${a}${key}${b}:${c}${value}${d}`).join(',') + '}'),
  array: fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }).map(items => '[' + items.map(item => item.join('')).join(',') + ']')
}))

t.test('the type of any JSON object is the one that JSON.parse gives, when it is wanted', async t => {
  let hits = 0
  let seen = 0
  await holds(t, 1_500, fc.tuple(space, object, space).map(parts => parts.join('')), text => {
    const bytes = Buffer.from(text)
    const type = (JSON.parse(bytes.toString()) as { type?: unknown }).type
    const expected = typeof type === 'string' && wanted.includes(type) ? type : undefined
    seen++
    if (expected !== undefined) hits++
    const found = peek(bytes)
    if (found !== expected) throw new Error(`${JSON.stringify(text)}: ${found} instead of ${expected}`)
  })
  t.ok(hits > seen / 15, `${hits} of ${seen} had a wanted type`)
})

t.test('key order, white space, escapes and what stands before the type make no difference', async t => {
  for (const [text, expected] of [
    ['{"type":"a"}', 'a'],
    [' \n\r\t{ "type" : "a" } ', 'a'],
    ['{"x":{"type":"b"},"type":"a"}', 'a'],
    ['{"x":[{"type":"b"},"}]\\"{["],"type":"a"}', 'a'],
    ['{"x":"\\\\","type":"a"}', 'a'],
    ['{"x":"\\\\\\"","type":"a"}', 'a'],
    ['{"\\u0074ype":"\\u0061"}', 'a'],
    ['{"\\u0074\\u0079\\u0070\\u0065":"a"}', 'a'],
    ['{"ty\\u0070e":"b"}', undefined],
    ['{"\\type":"a"}', undefined],
    ['{"TYPE":"a"}', undefined],
    ['{"\\u0054ype":"a"}', undefined],
    ['{"types":"a","typ":"a"}', undefined],
    ['{"type":"quote\\"slash\\\\"}', 'quote"slash\\'],
    ['{"type":"é€😀"}', 'é€😀'],
    ['{"type":"\\u00e9\\u20AC\\ud83d\\uDE00"}', 'é€😀'],
    ['{"__proto__":{"type":"a"}}', undefined],
    ['{"__proto__":{"type":"b"},"type":"a"}', 'a']
  ] as const) t.equal(peekText(text), expected, text)
})

t.test('the last of several types counts, whatever its kind', async t => {
  for (const [text, expected] of [
    ['{"type":"b","type":"a"}', 'a'],
    ['{"type":"a","type":"b"}', undefined],
    ['{"type":"a","type":1}', undefined],
    ['{"type":"a","type":{"type":"a"}}', undefined],
    ['{"type":null,"\\u0074ype":"a"}', 'a'],
    ['{"type":"a","\\u0074ype":"b"}', undefined]
  ] as const) t.equal(peekText(text), expected, text)
})

t.test('a type behind a very long string is found, whatever the string ends with', async t => {
  const audio = 'A'.repeat(15 * 1024 * 1024)
  for (const end of ['', '\\\\', '\\"', '\\\\\\"', '"'.repeat(0), '\\u0022']) {
    t.equal(peekText(`{"audio":"${audio}${end}","type":"response.done"}`), 'response.done', `ending in ${end}`)
  }
})

t.test('text that is no JSON object never throws, and nothing cut short hides a type that was whole', async t => {
  for (const text of ['', ' ', 'null', '[]', '"type"', '[{"type":"a"}]', '1', 'type', '}', '{', '{"', '{"type', '{"type"', '{"type":', '{"type":"', '{"type":"a', '\\', '{"type":\\"a"}', '{{{{', '{"a"}', '{,,,}']) {
    t.doesNotThrow(() => peekText(text), text)
  }
  await holds(t, 700, fc.tuple(object, fc.nat(), fc.uint8Array({ maxLength: 12 })), ([text, at, noise]) => {
    const bytes = Buffer.from(text)
    const cut = at % (bytes.length + 1)
    peek(bytes.subarray(0, cut))
    peek(Buffer.concat([bytes.subarray(0, cut), noise, bytes.subarray(cut)]))
    peek(Buffer.from(noise))
  })
  t.equal(peekText('\ufeff{"type":"a"}'), 'a', 'a byte order mark does not blind it')
  t.equal(peekText('{"x":NaN,"type":"a"}'), 'a', 'nor does a number that only some parsers know')
  t.equal(peek(Buffer.from('7b2278223a22ed a080ff22 2c2274797065223a2261227d'.replaceAll(' ', ''), 'hex')), 'a', 'nor bytes that are not UTF-8')
})

t.test('hostile text takes linear time', async t => {
  const size = 4 * 1024 * 1024
  const shapes: Record<string, (bytes: number) => string> = {
    'deep arrays': n => '{"x":' + '['.repeat(n),
    'deep objects': n => '{"x":' + '{"a":'.repeat(n / 5),
    'a million deep and whole': n => '{"x":' + '['.repeat(n / 2) + ']'.repeat(n / 2) + ',"type":"a"}',
    'many keys': n => '{' + '"a":1,'.repeat(n / 6),
    'many types': n => '{' + '"type":"a",'.repeat(n / 11),
    'many keys with escapes': n => '{' + '"\\u0061x":1,'.repeat(n / 12),
    'many keys that begin like an escaped type': n => '{' + '"\\u0074\\u0079\\u0070":1,'.repeat(n / 23),
    'many keys with broken escapes': n => '{' + '"\\x1234":1,'.repeat(n / 11),
    backslashes: n => '{"x":"' + '\\'.repeat(n),
    'escaped quotes': n => '{"x":"' + '\\"'.repeat(n / 2),
    'long runs of backslashes before quotes': n => '{"x":"' + ('\\'.repeat(1001) + '"').repeat(n / 1002),
    'quotes alone': n => '{' + '"'.repeat(n),
    'empty strings in an array': n => '{"x":[' + '"",'.repeat(n / 3),
    commas: n => '{' + ','.repeat(n),
    'white space': n => '{' + ' '.repeat(n),
    'a type with broken escapes': n => '{"type":"' + '\\x'.repeat(n / 2) + '"}'
  }
  for (const [name, shape] of Object.entries(shapes)) {
    const time = (bytes: number): number => {
      const text = Buffer.from(shape(bytes))
      let best = Infinity
      for (let i = 0; i < 2; i++) {
        const start = performance.now()
        peek(text)
        best = Math.min(best, performance.now() - start)
      }
      return best
    }
    time(size / 64)
    const ms = time(size)
    // Ten times what a busy machine needs; quadratic time would be minutes.
    t.ok(ms < 1_000, `${name}: ${ms.toFixed(1)} ms for 4 MiB`)
  }
})

t.test('the match says where the type and the longest other text stand, and belongs to the caller', async t => {
  const text = Buffer.from('{"short":"abc","type":"a","audio":"QUJDREVG","nested":{"long":"abcdefghijkl"}}')
  const mine = createMatch()
  t.equal(compiled(text, mine), 'a')
  compiled(Buffer.from('{"type":"response.done"}'), createMatch())
  t.equal(text.toString('latin1', mine.start, mine.end), 'a')
  t.equal(text.toString('latin1', mine.longestStart, mine.longestEnd), 'QUJDREVG')
})

const recordings = loadRecordings()
t.test('the type of every recorded event is found', { skip: recordings.length === 0 && 'no recordings here' }, async t => {
  const events = recordings.flatMap(({ interactions }) => interactions.map(({ data }) => data))
  const types = [...new Set(events.map(({ type }) => type))]
  const any = createPeek(types)
  t.comment(`${events.length} events of ${types.length} types`)
  t.ok(events.every(event => any(Buffer.from(JSON.stringify(event)), match) === event.type))
  t.ok(events.every(event => any(Buffer.from(JSON.stringify({ ...event, type: undefined, last: { type: event.type } })), match) === undefined), 'a nested type is not the event\'s')
})
