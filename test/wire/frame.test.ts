import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { encodeClosePayload, readClosePayload } from '../../lib/wire/close-frame.ts'
import { encodeFrame, opcodes } from '../../lib/wire/frame.ts'
import { unmasked } from '../../lib/wire/mask.ts'
import { acceptFor, handshakeFault, offeredProtocols, switchingProtocols } from '../../lib/wire/handshake.ts'
import { createDecoder } from '../fixtures/wire/frames.ts'
import { holds } from '../fixtures/session/seeded.ts'

t.test('a frame of any length is read back as it was written, its length in the shortest form', async t => {
  for (const masked of [false, true]) {
    for (const length of [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 200_000]) {
      const payload = randomBytes(length)
      const frames = createDecoder().push(encodeFrame(opcodes.binary, payload, masked))
      t.strictSame(frames.map(({ fin, rsv, opcode, minimal, masked }) => ({ fin, rsv, opcode, minimal, masked })), [{ fin: true, rsv: 0, opcode: 2, minimal: true, masked }])
      t.ok(payload.equals(frames[0]!.payload), `${length} bytes${masked ? ', masked' : ''}`)
    }
  }
})

t.test('no two of many masks are the same, across refills of the pool', async t => {
  const masks = Array.from({ length: 3_000 }, () => encodeFrame(opcodes.ping, Buffer.alloc(0), true).toString('hex', 2, 6))
  // 3,000 draws of 32 bits: two equal ones once in a thousand runs.
  t.ok(new Set(masks).size >= masks.length - 2)
})

t.test('a payload is unmasked wherever it lies, and the source stays as it is', async t => {
  await holds(t, 300, fc.tuple(fc.nat(9), fc.oneof(fc.nat(40), fc.integer({ min: 65_530, max: 65_545 })), fc.integer()), ([before, length, seed]) => {
    const source = Buffer.alloc(before + 4 + length + 5, 0xa5)
    source.writeInt32LE(seed, before)
    for (let i = 0; i < length; i++) source[before + 4 + i] = (i * 31) & 0xff
    const copy = Buffer.from(source)
    const payload = unmasked(source, before + 4, before + 4 + length)
    if (!source.equals(copy)) throw new Error('the source was changed')
    if (payload.length !== length) throw new Error(`${payload.length} bytes`)
    for (let i = 0; i < length; i++) {
      if (payload[i] !== (((i * 31) & 0xff) ^ source[before + (i & 3)]!)) throw new Error(`byte ${i}`)
    }
  })
})

t.test('payloads of all sizes are unmasked one after the other, whatever memory they share', async t => {
  for (const length of [10, 65_537, 10, 300_001, 1_048_575, 1_048_576, 7, 1_048_577, 2_000_003, 0, 1, 1_048_573]) {
    const payload = randomBytes(length)
    const masked = encodeFrame(opcodes.binary, payload, true)
    t.ok(unmasked(masked, masked.length - length, masked.length).equals(payload), `${length} bytes`)
  }
})

t.test('a close payload is read back as it was written; what RFC 6455 forbids in one is refused', async t => {
  t.strictSame(readClosePayload(encodeClosePayload(undefined, 'left out')), { code: 1005, reason: '' })
  t.strictSame(readClosePayload(encodeClosePayload(4999, 'späte Grüße')), { code: 4999, reason: 'späte Grüße' })
  t.equal(readClosePayload(Buffer.from([3])), 'protocol_error')
  t.equal(readClosePayload(Buffer.from([3, 232, 0xc3])), 'invalid_utf8')
  const legal: number[] = []
  for (let code = 0; code < 65536; code++) if (typeof readClosePayload(encodeClosePayload(code, '')) !== 'string') legal.push(code)
  t.strictSame(legal.filter(code => code < 3000), [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014])
  t.strictSame([legal.find(code => code >= 3000), legal.at(-1), legal.length], [3000, 4999, 2012])
})

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const headers = { upgrade: 'websocket', 'sec-websocket-key': key, 'sec-websocket-version': '13' }

t.test('the handshake is answered as in the example of RFC 6455', async t => {
  t.equal(acceptFor(key), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  t.equal(switchingProtocols(key, 'realtime'), 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: realtime\r\n\r\n')
  t.notMatch(switchingProtocols(key, undefined), 'Protocol:')
})

t.test('a malformed handshake is told from one of another version', async t => {
  t.equal(handshakeFault('GET', '1.1', headers), undefined)
  t.equal(handshakeFault('GET', '1.1', { ...headers, upgrade: 'WebSocket' }), undefined)
  t.equal(handshakeFault('GET', '1.0', headers), 'malformed')
  t.equal(handshakeFault('POST', '1.1', headers), 'malformed')
  t.equal(handshakeFault('GET', '1.1', { ...headers, upgrade: 'h2c' }), 'malformed')
  t.equal(handshakeFault('GET', '1.1', { ...headers, upgrade: undefined }), 'malformed')
  for (const wrong of [undefined, '', 'short==', `${key}, ${key}`, `${key}\n`, 'dGhlIHNhbXBsZSBub25jZ===']) {
    t.equal(handshakeFault('GET', '1.1', { ...headers, 'sec-websocket-key': wrong }), 'malformed', `key ${wrong}`)
  }
  for (const version of [undefined, '8', '14', '13, 8', ' 13']) {
    t.equal(handshakeFault('GET', '1.1', { ...headers, 'sec-websocket-version': version }), 'version', `version ${version}`)
  }
})

t.test('offered subprotocols are listed; a malformed list gives none at all', async t => {
  t.strictSame(offeredProtocols(undefined), [])
  t.strictSame(offeredProtocols('realtime'), ['realtime'])
  t.strictSame(offeredProtocols(' realtime ,\topenai-insecure-api-key.sk-1~x '), ['realtime', 'openai-insecure-api-key.sk-1~x'])
  for (const wrong of ['', ',', 'a,', 'a,,b', 'a b', 'a,a', 'é', 'a;b', '"a"', 'a\u0000']) t.equal(offeredProtocols(wrong), undefined, JSON.stringify(wrong))
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `p${i}`).join()
  t.equal(offeredProtocols(many(32))?.length, 32)
  t.equal(offeredProtocols(many(33)), undefined)
})

t.test('a huge list of subprotocols is refused in linear time', async t => {
  const start = performance.now()
  for (const part of [' ', ',', ' ,', '\t', 'a', 'a ,']) offeredProtocols(part.repeat(1_000_000))
  t.ok(performance.now() - start < 1_000)
})
