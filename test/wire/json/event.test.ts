import { deepStrictEqual } from 'node:assert/strict'
import t from 'tap'
import fc from 'fast-check'
import { readEvent, writeEvent } from '../../../lib/wire/json/event.ts'
import { canonicalNumber, readExactly } from '../../fixtures/dialect/exact.ts'
import { holds } from '../../fixtures/session/seeded.ts'

/** What `readEvent` writes again, untouched or with a field more. */
function again (text: string, more: object = {}): string {
  const event = readEvent(text)!
  return writeEvent({ ...event, ...more })
}

const literal = fc.oneof(
  fc.constantFrom('0', '-0', '-0.0', '1e400', '-1E+400', '1e-400', '9007199254740993', '-9007199254740993', '123456789012345678901234567890', '0.1', '0.30000000000000004', '1.0', '1e3', '5e-1', '0.7699999999999999', '1785214081367', '3.141592653589793238462643383279'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt().map(String),
  fc.tuple(fc.bigInt(), fc.stringMatching(/^\d{1,25}$/), fc.integer({ min: -500, max: 500 })).map(([whole, fraction, exponent]) => `${whole}.${fraction}e${exponent}`))

const word = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('#', '##0', '#0', '"#0"', '1e400', '\\', '\\"', '\ud800', '\udfff\ud800', '__proto__', '\u2028'))

/** The text of a JSON value, with numbers and spaces as no serialiser would write them. */
const { value } = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, literal, word.map(text => JSON.stringify(text)), fc.constantFrom('null', 'true', 'false', '[]', '{}'),
    fc.array(tie('value'), { maxLength: 4 }).map(items => `[ ${items.join(' ,\n')}]`),
    fc.array(fc.tuple(word, tie('value')), { maxLength: 4 }).map(fields => `{\t${fields.map(([name, value]) => `${JSON.stringify(name)} :${value}`).join(', ')} }`))
}))
const eventText = fc.array(fc.tuple(word.filter(name => name !== 'type'), value), { maxLength: 5 })
  .map(fields => `{${[...fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`), '"type":"t"'].join(',')}}`)

t.test('an event that is read and written again says the same to the last digit of every number', async t => {
  await holds(t, 1000, eventText, text => {
    deepStrictEqual(readExactly(again(text)), readExactly(text))
  })
})

t.test('an event that is changed keeps the digits of all numbers that stay, wherever they move', async t => {
  await holds(t, 300, eventText, text => {
    const event = readEvent(text)!
    deepStrictEqual(readExactly(writeEvent({ type: 'u', moved: [event, { deep: event }] })), { type: 'u', moved: [readExactly(text), { deep: readExactly(text) }] })
  })
})

for (const number of ['1e400', '-1e400', '9007199254740993', '123456789012345678901234567890', '0.1000000000000000000001', '1E-400']) {
  t.test(`the number ${number} is written as it was read, beside a field that changes`, async t => {
    t.equal(again(`{"type":"t","n":${number},"text":"${number}","list":[${number},1]}`, { more: 1 }), `{"type":"t","n":${number},"text":"${number}","list":[${number},1],"more":1}`)
  })
}

t.test('texts that look like what stands for a number stay texts', async t => {
  for (const text of ['#0', '##0', '"#0"', '#', '#1', '\\"#0\\"']) {
    const event = { type: 't', [text]: text, list: [text, { text }] }
    const written = again(`${JSON.stringify(event).slice(0, -1)},"n":1e400,"m":[1e401]}`)
    t.equal(written, `${JSON.stringify(event).slice(0, -1)},"n":1e400,"m":[1e401]}`)
  }
})

t.test('a number that JavaScript holds meets the translator as a number', async t => {
  const event = readEvent('{"type":"t","a":0.7699999999999999,"b":1785214081367,"c":-1.50,"d":1e400,"e":9007199254740993}')!
  t.strictSame([event.a, event.b, event.c], [0.7699999999999999, 1785214081367, -1.5])
  t.type(event.d, 'string')
  t.type(event.e, 'string')
})

t.test('strings keep lone surrogates, escapes and line separators', async t => {
  for (const text of ['"\\ud800"', '"\\udc00\\ud83d"', '"\\u0000\\u001f"', '"\u2028\u2029"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"🎧"']) {
    t.equal((JSON.parse(again(`{"type":"t","text":${text},"n":1e400}`)) as { text: string }).text, JSON.parse(text))
  }
})

t.test('of duplicate keys the last counts, as for every reader', async t => {
  t.equal(again('{"type":"a","n":1e400,"n":1e401,"type":"b"}'), '{"type":"b","n":1e401}')
})

t.test('keys of the prototype are only keys', async t => {
  const text = '{"type":"t","__proto__":{"polluted":1e400},"constructor":{"prototype":{"polluted":1}}}'
  const event = readEvent(text)!
  t.ok(Object.hasOwn(event, '__proto__'))
  t.equal(writeEvent(event), text)
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('what is no event is not read', async t => {
  for (const text of ['', ' ', 'null', '1', '"type"', '[]', '[{"type":"t"}]', '{}', '{"type":1}', '{"type":1e400}', '{"type":null}', '{"type":{"type":"t"}}', '{"type":"t"', '{"type":"t"}}', '{"type":"t",}', "{'type':'t'}", '{"type":"t","n":01}', '{"type":"t","n":1e}', '{"type":"t","n":NaN}', '\ufeff{"type":"t"}']) {
    t.equal(readEvent(text), undefined, text)
  }
})

t.test('numbers compare by their digits', async t => {
  for (const [a, b] of [['1.0', '1'], ['10e-1', '1'], ['0.10', '1e-1'], ['-0', '0'], ['1E+2', '100'], ['0e99', '0']] as const) t.equal(canonicalNumber(a), canonicalNumber(b))
  for (const [a, b] of [['9007199254740993', '9007199254740992'], ['1e400', '1e401'], ['-1', '1'], ['0.1', '0.10000000000000000001']] as const) t.not(canonicalNumber(a), canonicalNumber(b))
})
