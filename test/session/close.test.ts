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

t.test('what looks like a credential, a URL or an address is taken out of a reason', async t => {
  const canaries = [
    'sk-proj-Canary_0123456789', 'sk-ant-canary-0123456789', 'xai-Canary0123456789abcdef', 'ek_canary0123456789', 'pk_live_canary0123456789', 'rk_live_canary0123456789',
    'gsk_canary0123456789', 'api-key-canary0123456789', 'key_canary0123456789', 'token-canary0123456789', 'secret_canary0123456789', 'SK-CANARY0123456789',
    'Bearer canary', 'bearer   canary.canary', 'Basic Y2FuYXJ5OmNhbmFyeQ==', 'https://canary.example/v1?key=canary', 'wss://canary:1/', 'postgres://canary:canary@db/x', '10.1.2.3', '192.168.0.1:8080',
    'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJlLWNhbmFyeQ', '0123456789abcdef0123456789abcdef', 'CANARY0123456789canary0123456789CANARY0123456789'
  ]
  for (const canary of canaries) {
    for (const text of [canary, `invalid: ${canary}`, `(${canary}) was refused`, `"${canary}"`, `key=${canary}, sorry`, `${canary}\n`]) {
      const redacted = redactReason(text)
      const left = canary.split(/\s+/).at(-1)!
      t.ok(!redacted.includes(left) && !/canary/i.test(redacted.replace(/\[redacted\]/g, '')), text, { redacted })
    }
  }
})

t.test('a plain reason stays as it is', async t => {
  for (const text of ['', 'bye', 'Your session hit the maximum duration of 60 minutes.', 'invalid_request_error.invalid_api_key', 'model_not_allowed', 'quota exceeded, try again in 20s',
    'späte Grüße 😀', 'session sess_CZ1a2b3c4d5e6f was closed', 'no such model: gpt-realtime-2025-08-28', 'see event_0123456789abcdef']) t.equal(redactReason(text), text)
})

t.test('control characters become spaces', async t => {
  t.equal(redactReason('a\r\nb\u001b[31mc\u0000d\u007fe'), 'a  b [31mc d e')
})

t.test('the longest of reasons are redacted in linear time', async t => {
  const size = 1_000_000
  for (const part of ['bearer ', 'bearer', 'a:', 'a://', '1.', '1.1.1.', 'sk-', 'sk-a', '-', ' ', 'x', 'key_key_', 'eyJ', 'eyJa.', '0', 'basic ', 'Aa0-']) {
    const text = part.repeat(size / part.length)
    const start = performance.now()
    redactReason(text)
    const ms = performance.now() - start
    t.ok(ms < 1_000, `${part}: ${ms.toFixed()} ms`)
  }
})

t.test("the provider's own credential does not pass, whatever it looks like", async t => {
  t.equal(redactReason('key plainword is over its limit', 'plainword'), 'key [redacted] is over its limit')
  t.equal(redactReason('an empty secret hides nothing', ''), 'an empty secret hides nothing')
})
