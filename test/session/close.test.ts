import fc from 'fast-check'
import t from 'tap'
import { cutReason, maxReasonBytes, redactReason, relayedCode } from '../../lib/session/close.ts'
import { isSendable } from '../../lib/wire/close-frame.ts'
import { holds } from '../fixtures/session/seeded.ts'

t.test('every code that a peer can give is relayed as one that may be sent', async t => {
  const codes = Array.from({ length: 65536 }, (_, code) => code)
  const passed = codes.filter(code => relayedCode(code) === code)
  t.strictSame(codes.filter(code => !isSendable(relayedCode(code))).slice(0, 10), [])
  t.strictSame([...new Set(codes.filter(code => relayedCode(code) !== code).map(relayedCode))].sort(), [1000, 1011])
  t.equal(relayedCode(1005), 1000)
  t.strictSame([1004, 1006, 1015, 0, 999, 2999, 5000].map(relayedCode), Array.from({ length: 7 }, () => 1011))
  t.strictSame(passed.filter(code => code < 3000), [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014])
  t.strictSame([passed.find(code => code >= 3000), passed.at(-1), passed.length], [3000, 4999, 2012])
})

t.test('no number that is not a code may be sent', async t => {
  for (const code of [-1, 1000.5, 3000.5, NaN, Infinity, 65536 + 1000, 1004, 1005, 1006, 1015, 1016, 2999, 5000]) t.notOk(isSendable(code), `${code}`)
})

const reason = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\ud800', '\udc00'), minLength: 30, maxLength: 130 }))

t.test('a reason is cut to 123 bytes of valid UTF-8, never inside a code point, and never shorter than it must be', async t => {
  await holds(t, 1_000, reason, text => {
    for (const cut of [cutReason(text), redactReason(text)]) {
      if (Buffer.byteLength(cut) > maxReasonBytes) throw new Error(`${Buffer.byteLength(cut)} bytes`)
    }
    const whole = Buffer.from(text).toString()
    const cut = Buffer.from(cutReason(text)).toString()
    if (!whole.startsWith(cut)) throw new Error('cut inside a code point')
    const next = [...whole.slice(cut.length)][0]
    if (next !== undefined && Buffer.byteLength(cut + next) <= maxReasonBytes) throw new Error('cut too short')
  })
  for (const unit of ['a', 'é', '€', '😀']) {
    const size = Buffer.byteLength(unit)
    t.equal(Buffer.byteLength(cutReason(unit.repeat(200))), Math.floor(maxReasonBytes / size) * size, unit)
  }
})
