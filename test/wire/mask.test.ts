import fc from 'fast-check'
import t from 'tap'
import { remask } from '../../lib/wire/mask.ts'
import { MessageReader } from '../../lib/wire/reader.ts'
import { chop, frame, readFrames, usuallyMasked } from '../fixtures/session/frames.ts'
import { holds } from '../fixtures/session/seeded.ts'

const payload = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 20 },
  { arbitrary: fc.integer({ min: 60, max: 70 }).map(n => new Uint8Array(n).fill(0x78)), weight: 10 },
  { arbitrary: fc.integer({ min: 65_530, max: 65_545 }).map(n => new Uint8Array(n).fill(0x79)), weight: 1 })
  .map(bytes => Buffer.from(bytes))
const message = fc.record({ text: fc.boolean(), parts: fc.array(payload, { minLength: 1, maxLength: 4 }), ping: fc.boolean() })
const sizes = fc.oneof(fc.constant([1 << 20]), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 4 }))

/** Frames of messages, masked by a client; a ping stands behind the first fragment. */
function framesOf ({ text, parts, ping }: { text: boolean, parts: readonly Buffer[], ping: boolean }): Buffer[] {
  const frames = parts.map((payload, i) => frame({ fin: i === parts.length - 1, opcode: i > 0 ? 0 : text ? 1 : 2, payload }, true))
  if (ping) frames.splice(1, 0, frame({ opcode: 9, payload: 'ping' }, true))
  return frames
}

t.test('what is masked anew is the same payload under masks that the client does not know, however it is cut', async t => {
  let kept = 0
  let count = 0
  await holds(t, 300, fc.tuple(fc.array(message, { maxLength: 8 }), fc.boolean(), sizes), ([messages, inspects, cuts]) => {
    const sent = messages.flatMap(framesOf)
    const data = sent.filter(each => (each[0]! & 0x0f) < 8)
    const got: Buffer[] = []
    const seen: string[] = []
    const reader = new MessageReader<never>(true, { maxMessageBytes: 1 << 20, maxFragments: 100 }, {
      inspects,
      inspectsBinary: inspects,
      remasks: true,
      judge: payload => { seen.push(payload.toString('hex')); return undefined },
      take: () => {},
      forward: frames => { got.push(Buffer.from(frames)) },
      control: (_, payload) => { if (payload.toString() !== 'ping') throw new Error('the ping was changed') },
      fail: failure => { throw new Error(failure) }
    })
    for (const chunk of chop(Buffer.concat(sent), cuts)) reader.push(chunk)
    if (!usuallyMasked(Buffer.concat(got)).equals(Buffer.concat(data))) throw new Error('other payloads')
    if (inspects && seen.join() !== messages.map(({ parts }) => Buffer.concat(parts).toString('hex')).join()) throw new Error('other payloads were shown')
    const masks = readFrames(Buffer.concat(got)).map(({ raw, payload }) => raw.toString('hex', raw.length - payload.length - 4, raw.length - payload.length))
    kept += readFrames(Buffer.concat(data)).filter(({ raw, payload }, i) => raw.toString('hex', raw.length - payload.length - 4, raw.length - payload.length) === masks[i]).length
    count += masks.length
  })
  // A mask is the same by chance once in four billion draws.
  t.ok(count > 100 && kept === 0, `${kept} of ${count} masks are the client's`)
})

t.test('without it the frames go on as they came', async t => {
  const sent = frame({ opcode: 1, payload: 'as it came' }, true)
  const got: Buffer[] = []
  new MessageReader<never>(true, { maxMessageBytes: 100, maxFragments: 1 }, {
    inspects: false, judge: () => undefined, take: () => {}, forward: frames => { got.push(frames) }, control: () => {}, fail: () => {}
  }).push(Buffer.from(sent))
  t.ok(Buffer.concat(got).equals(sent))
})

t.test('a payload is masked anew wherever it lies, and nothing beside it is touched', async t => {
  await holds(t, 300, fc.tuple(fc.nat(9), fc.oneof(fc.nat(80), fc.integer({ min: 65_530, max: 65_545 }))), ([before, length]) => {
    const memory = Buffer.from(Array.from({ length: before + 4 + length + 5 }, (_, i) => (i * 31) & 0xff))
    const old = Buffer.from(memory)
    const start = before + 4
    remask(memory, start, start + length)
    if (!memory.subarray(0, before).equals(old.subarray(0, before))) throw new Error('what stands before was touched')
    if (!memory.subarray(start + length).equals(old.subarray(start + length))) throw new Error('what stands behind was touched')
    for (let i = 0; i < length; i++) {
      if ((memory[start + i]! ^ memory[before + (i & 3)]!) !== (old[start + i]! ^ old[before + (i & 3)]!)) throw new Error(`byte ${i}`)
    }
  })
})
