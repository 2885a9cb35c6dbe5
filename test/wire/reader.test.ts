import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { MessageReader } from '../../lib/wire/reader.ts'
import type { ReaderLimits } from '../../lib/wire/reader.ts'
import type { ReaderSink } from '../../lib/wire/reader-sink.ts'
import type { HeldBytes } from '../../lib/wire/held-bytes.ts'
import { chop, frame } from '../fixtures/session/frames.ts'
import { holds } from '../fixtures/session/seeded.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void
// Array buffers are freed beside the collection that finds them dead; the next one waits for that.
const collect = (): void => {
  gc()
  gc()
}

const wide: ReaderLimits = { maxMessageBytes: 1 << 20, maxFragments: 100 }

/** A counter that shows what it counts, and the most that it counted. */
function counter (): HeldBytes & { held: number, most: number } {
  return {
    held: 0,
    most: 0,
    add (bytes) {
      this.held += bytes
      this.most = Math.max(this.most, this.held)
      if (this.held < 0) throw new Error('more given back than was taken')
    }
  }
}

interface Log {
  /** What the sink was told, in order: `data:hex`, `take:text`, `9:payload`, `fail:…`. Neighbouring data is one entry. */
  readonly entries: string[]
  messages: number
  readonly admitted: string[]
}

/** A reader whose sink writes down what it hears. Text that starts with `drop` is not admitted. */
function logging (masked: boolean, { inspects = true, limits = wide, held }: { inspects?: boolean, limits?: ReaderLimits, held?: HeldBytes } = {}): { log: Log, reader: MessageReader<Buffer> } {
  const log: Log = { entries: [], messages: 0, admitted: [] }
  const sink: ReaderSink<Buffer> = {
    inspects,
    judge (text) {
      log.admitted.push(text.toString())
      return text.toString().startsWith('drop') ? text : undefined
    },
    take: text => { log.entries.push(`take:${text.toString()}`) },
    forward (frames, messages) {
      log.messages += messages
      const last = log.entries.at(-1)
      if (last?.startsWith('data:')) log.entries[log.entries.length - 1] = last + frames.toString('hex')
      else log.entries.push(`data:${frames.toString('hex')}`)
    },
    control: (opcode, payload) => { log.entries.push(`${opcode}:${payload.toString('hex')}`) },
    fail: failure => { log.entries.push(`fail:${failure}`) }
  }
  return { log, reader: new MessageReader(masked, limits, sink, held) }
}

interface Message { readonly text: boolean, readonly parts: readonly Buffer[], readonly controls: ReadonlyArray<{ readonly opcode: number, readonly payload: Buffer }> }

const payload = fc.oneof(
  { arbitrary: fc.string({ maxLength: 20 }), weight: 20 },
  { arbitrary: fc.constantFrom('drop', 'drop me', ''), weight: 20 },
  { arbitrary: fc.integer({ min: 120, max: 400 }).map(n => 'x'.repeat(n)), weight: 20 },
  { arbitrary: fc.constantFrom('y', 'drop').map(start => start.padEnd(66_000, 'z')), weight: 1 })
  .map(text => Buffer.from(text))
const control = fc.record({ opcode: fc.constantFrom(9, 10), payload: fc.uint8Array({ maxLength: 125 }).map(bytes => Buffer.from(bytes)) })
const message: fc.Arbitrary<Message> = fc.record({ text: fc.boolean(), parts: fc.array(payload, { minLength: 1, maxLength: 4 }), controls: fc.array(control, { maxLength: 3 }) })
const sizes = fc.oneof(fc.constant([1]), fc.constant([1 << 20]), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 4 }))

/** The bytes of messages, and what a sink must hear of them. A control frame stands behind each of the first fragments. */
function expected (messages: readonly Message[], masked: boolean, inspects: boolean): { bytes: Buffer, entries: string[], count: number } {
  const bytes: Buffer[] = []
  const entries: string[] = []
  let count = 0
  const data = (text: string): void => {
    if (entries.at(-1)?.startsWith('data:')) entries[entries.length - 1] += text
    else entries.push(`data:${text}`)
  }
  for (const { text, parts, controls } of messages) {
    const frames = parts.map((payload, i) => frame({ fin: i === parts.length - 1, opcode: i > 0 ? 0 : text ? 1 : 2, payload }, masked))
    frames.forEach((part, i) => {
      bytes.push(part)
      if (i === frames.length - 1) {
        const whole = Buffer.concat(parts).toString()
        if (inspects && text && whole.startsWith('drop')) {
          entries.push(`take:${whole}`)
        } else {
          count++
          data(Buffer.concat(frames).toString('hex'))
        }
      }
      const next = controls[i]
      if (next !== undefined) {
        bytes.push(frame(next, masked))
        entries.push(`${next.opcode}:${next.payload.toString('hex')}`)
      }
    })
  }
  return { bytes: Buffer.concat(bytes), entries, count }
}

t.test('messages cut anywhere come out as the bytes they came in, in order, and nothing stays held', async t => {
  let taken = 0
  await holds(t, 300, fc.tuple(fc.array(message, { maxLength: 8 }), fc.boolean(), fc.boolean(), sizes), ([messages, masked, inspects, cuts]) => {
    const { bytes, entries, count } = expected(messages, masked, inspects)
    const held = counter()
    const { log, reader } = logging(masked, { inspects, held })
    for (const chunk of chop(bytes, cuts)) {
      const copy = Buffer.from(chunk)
      reader.push(chunk)
      if (!chunk.equals(copy)) throw new Error('a chunk was changed')
    }
    if (log.entries.join('\n') !== entries.join('\n')) throw new Error(`heard ${log.entries.join(' ').slice(0, 400)} instead of ${entries.join(' ').slice(0, 400)}`)
    if (log.messages !== count) throw new Error(`${log.messages} messages instead of ${count}`)
    if (held.held !== 0) throw new Error(`${held.held} bytes still held`)
    if (!inspects && log.admitted.length > 0) throw new Error('asked about a message that nobody inspects')
    taken += entries.filter(entry => entry.startsWith('take:')).length
  })
  t.ok(taken > 10, `${taken} messages were taken out`)
})

t.test('a reader that is stopped at any byte, by itself or by its sink, gives back all it held', async t => {
  await holds(t, 150, fc.tuple(fc.array(message, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.nat(), sizes), ([messages, masked, at, cuts]) => {
    const { bytes } = expected(messages, masked, true)
    const held = counter()
    const { log, reader } = logging(masked, { held })
    for (const chunk of chop(bytes.subarray(0, at % (bytes.length + 1)), cuts)) reader.push(chunk)
    reader.stop()
    reader.stop()
    if (held.held !== 0) throw new Error(`${held.held} bytes still held`)
    const heard = log.entries.length
    reader.push(bytes)
    if (log.entries.length !== heard) throw new Error('a stopped reader went on')
  })
  for (const stopAt of ['judge', 'take', 'forward', 'control'] as const) {
    const heard: string[] = []
    const held = counter()
    const stop = (what: string): void => {
      heard.push(what)
      if (what === stopAt) reader.stop()
    }
    const reader: MessageReader<boolean> = new MessageReader(false, wide, {
      inspects: true,
      judge: text => { stop('judge'); return text.length > 1 ? undefined : true },
      take: () => stop('take'),
      forward: () => stop('forward'),
      control: () => stop('control'),
      fail: () => stop('fail')
    }, held)
    const text = (payload: string): Buffer => frame({ opcode: 1, payload }, false)
    reader.push(Buffer.concat([text('pass'), text('x'), frame({ opcode: 9 }, false), text('pass'), text('x'), frame({ opcode: 9 }, false), frame({ fin: false, opcode: 1, payload: 'left' }, false)]))
    t.equal(heard.indexOf(stopAt), heard.length - 1, `nothing comes after a stop in ${stopAt}: ${heard.join()}`)
    t.equal(held.held, 0)
  }
})

t.test('a message that is taken out is told after all before it was forwarded, unchanged by what the sink does', async t => {
  const other = logging(true)
  const heard: string[] = []
  const reader: MessageReader<Buffer> = new MessageReader(true, wide, {
    inspects: true,
    judge: text => text.toString() === 'drop' ? text : undefined,
    take: text => { heard.push(text.toString()) },
    forward: () => { heard.push('forward') },
    control: () => {},
    fail: () => {}
  })
  const masked = (payload: string): Buffer => frame({ opcode: 1, payload }, true)
  reader.push(Buffer.concat([masked('pass'), masked('pass'), masked('drop'), masked('pass')]))
  other.reader.push(masked('other'))
  t.strictSame(heard, ['forward', 'drop', 'forward'])
})

const bytes = (...parts: Array<number | string | Buffer>): Buffer => Buffer.concat(parts.map(part => typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part)))
const long = (length: bigint): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(length)
  return buffer
}
const key = 'mask'

/** From a server (no mask): what breaks RFC 6455 in a header, and how many messages are whole before it. */
const broken: ReadonlyArray<readonly [what: string, bytes: Buffer]> = [
  ...[1, 2, 3, 4, 5, 6, 7].map(rsv => [`reserved bits ${rsv}`, frame({ opcode: 1, rsv, payload: 'x' }, false)] as const),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(opcode => [`opcode ${opcode}`, frame({ opcode, payload: 'x' }, false)] as const),
  ['a masked frame from a server', frame({ opcode: 1, payload: 'x' }, true)],
  ...[8, 9, 10].flatMap(opcode => [
    [`opcode ${opcode} in fragments`, frame({ opcode, fin: false, payload: '' }, false)],
    [`opcode ${opcode} of 126 bytes`, frame({ opcode, payload: Buffer.alloc(126) }, false)],
    [`opcode ${opcode} with a 64-bit length`, bytes(0x80 | opcode, 127, long(65_536n))],
    [`opcode ${opcode} with a 16-bit length of 5`, bytes(0x80 | opcode, 126, 0, 5, 'xxxxx')]
  ] as const),
  ['a continuation of nothing', frame({ opcode: 0, payload: 'x' }, false)],
  ['an unfinished continuation of nothing', frame({ opcode: 0, fin: false, payload: 'x' }, false)],
  ['text inside a fragmented message', bytes(frame({ opcode: 1, fin: false, payload: 'x' }, false), frame({ opcode: 1, payload: 'x' }, false))],
  ['binary inside a fragmented message', bytes(frame({ opcode: 1, fin: false }, false), frame({ opcode: 2, payload: 'x' }, false))],
  ['unfinished text inside a fragmented message', bytes(frame({ opcode: 2, fin: false }, false), frame({ opcode: 1, fin: false }, false))],
  ['a continuation after the last', bytes(frame({ opcode: 1, fin: false }, false), frame({ opcode: 9 }, false), frame({ opcode: 0 }, false), frame({ opcode: 0 }, false))],
  ['a 16-bit length of 125', bytes(0x81, 126, 0, 125, Buffer.alloc(125))],
  ['a 64-bit length of 65,535', bytes(0x81, 127, long(65_535n))],
  ['a 64-bit length of 5', bytes(0x82, 127, long(5n), 'xxxxx')],
  ['a 64-bit length with the top bit', bytes(0x82, 127, long(1n << 63n))],
  ['a 64-bit length of all ones', bytes(0x82, 127, long((1n << 64n) - 1n))]
]

t.test('every broken header fails, however it is cut, and what came whole before it is passed on', async t => {
  const before = frame({ opcode: 1, payload: 'whole' }, false)
  for (const [what, fault] of broken) {
    const all = Buffer.concat([before, fault])
    for (const cuts of [[all.length], [1], [before.length], [3], [before.length + 1]]) {
      const held = counter()
      const { log, reader } = logging(false, { held })
      for (const chunk of chop(all, cuts)) reader.push(chunk)
      const isRight = log.entries[0]?.startsWith(`data:${before.toString('hex')}`) && log.entries.at(-1) === 'fail:protocol_error' && held.held === 0
      if (!isRight || cuts[0] === 1) t.ok(isRight, `${what}, cut by ${cuts}`, { heard: log.entries, held: held.held })
    }
  }
})

t.test('a header is judged by its first bytes alone, nothing more need come', async t => {
  for (const [what, start] of [
    ['reserved bits', bytes(0xc1)],
    ['a reserved opcode', bytes(0x83)],
    ['a fragmented control frame', bytes(0x09)],
    ['a mask bit from a server', bytes(0x81, 0x80)],
    ['a long control frame', bytes(0x89, 126)],
    ['a continuation of nothing', bytes(0x80, 0)],
    ['a length with the top bit', bytes(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)]
  ] as const) {
    const { log, reader } = logging(false)
    reader.push(start)
    t.strictSame(log.entries, ['fail:protocol_error'], what)
  }
  const { log, reader } = logging(true)
  reader.push(bytes(0x81, 0x05))
  t.strictSame(log.entries, ['fail:protocol_error'], 'no mask bit from a client')
})

t.test('a message is judged by its declared length before any of it is held', async t => {
  const limits = { maxMessageBytes: 70_000, maxFragments: 100 }
  for (const [what, isRight, header] of [
    ['a frame of the limit', true, bytes(0x82, 127, long(70_000n))],
    ['a frame above the limit', false, bytes(0x82, 127, long(70_001n))],
    ['a frame of 2^62 bytes', false, bytes(0x82, 127, long(1n << 62n))],
    ['a last fragment that reaches the limit', true, bytes(frame({ opcode: 2, fin: false, payload: Buffer.alloc(4_464) }, false), 0x80, 127, long(65_536n))],
    ['a last fragment above the limit', false, bytes(frame({ opcode: 2, fin: false, payload: Buffer.alloc(4_465) }, false), 0x80, 127, long(65_536n))]
  ] as const) {
    const held = counter()
    const { log, reader } = logging(false, { limits, held })
    reader.push(header)
    t.strictSame(log.entries, isRight ? [] : ['fail:message_too_large'], what)
    t.ok(held.most < 4_500, 'nothing but what came is held')
  }
  const masked = logging(true, { limits })
  masked.reader.push(bytes(0x82, 0xff, long(70_001n)))
  t.strictSame(masked.log.entries, [], 'a header of which the mask is missing is not complete')
  masked.reader.push(Buffer.from(key))
  t.strictSame(masked.log.entries, ['fail:message_too_large'])

  const exact = logging(false, { limits: { ...limits, maxMessageBytes: 10 } })
  exact.reader.push(frame({ opcode: 1, payload: '0123456789' }, false))
  exact.reader.push(frame({ opcode: 1, fin: false, payload: '01234' }, false))
  exact.reader.push(frame({ opcode: 9, payload: Buffer.alloc(125) }, false))
  exact.reader.push(frame({ opcode: 0, payload: '56789' }, false))
  t.equal(exact.log.messages, 2, 'neither headers nor control frames count')
  exact.reader.push(frame({ opcode: 1, payload: '0123456789a' }, false))
  t.equal(exact.log.entries.at(-1), 'fail:message_too_large')
})

t.test('fragments are counted, empty ones and the last one too', async t => {
  const limits = { maxMessageBytes: 1_000, maxFragments: 3 }
  const fragment = (opcode: number, fin: boolean): Buffer => frame({ opcode, fin }, false)
  const { log, reader } = logging(false, { limits })
  for (let i = 0; i < 3; i++) reader.push(Buffer.concat([fragment(1, false), fragment(0, false), fragment(0, true)]))
  t.equal(log.messages, 3, 'the count starts anew with each message')
  reader.push(Buffer.concat([fragment(1, false), fragment(0, false), fragment(0, false)]))
  t.notMatch(log.entries.join(), 'fail')
  reader.push(fragment(0, true))
  t.equal(log.entries.at(-1), 'fail:too_many_fragments')
})

t.test('a reader that is shed for what it holds reads no further, and tells nothing itself', async t => {
  const held = {
    bytes: 0,
    add (bytes: number) {
      this.bytes += bytes
      if (this.bytes > 1_000) reader.stop()
    }
  }
  const { log, reader } = logging(false, { held })
  const part = (opcode: number, fin: boolean): Buffer => frame({ opcode, fin, payload: Buffer.alloc(446) }, false)
  reader.push(part(2, false))
  reader.push(part(0, false))
  t.equal(held.bytes, 900)
  t.equal(reader.unfinished, 900)
  reader.push(part(0, true))
  t.equal(held.bytes, 0, 'all is given back')
  t.strictSame(log.entries, [], 'nothing is handed on')
})

t.test('what is held of a message in one-byte fragments and one-byte chunks is at most twice what came', async t => {
  const limits = { maxMessageBytes: 1 << 24, maxFragments: 1 << 24 }
  const { log, reader } = logging(true, { limits, inspects: false })
  const first = frame({ opcode: 2, fin: false, payload: 'x' }, true)
  const next = frame({ opcode: 0, fin: false, payload: 'x' }, true)
  const bulk = Buffer.concat(Array.from({ length: 10_000 }, () => next))
  const slow = frame({ opcode: 0, fin: false, payload: Buffer.alloc(500) }, true)
  collect()
  const before = process.memoryUsage().arrayBuffers
  // Two of the pools from which Node cuts small buffers, and as much again.
  const others = 4 * Buffer.poolSize
  reader.push(first)
  let came = first.length
  let worst = 0
  for (let i = 0; i < 25; i++) {
    reader.push(bulk)
    for (const byte of slow) reader.push(Buffer.from([byte]))
    came += bulk.length + slow.length
    // What is dead may be freed some collections later; what is held stays. Node itself and what watches the tests have buffers too.
    let held = Infinity
    for (let tries = 0; tries < 10 && held > 2.05; tries++) {
      collect()
      held = Math.min(held, (process.memoryUsage().arrayBuffers - before - others) / came)
    }
    worst = Math.max(worst, held)
  }
  t.ok(worst <= 2.05, `of ${came} bytes at most ${worst.toFixed(2)} times as many are held`)
  reader.push(frame({ opcode: 0 }, true))
  t.equal(log.messages, 1)
})

t.test('one-byte fragments and a large message in small chunks are read in linear time', async t => {
  const limits = { maxMessageBytes: 1 << 26, maxFragments: 1 << 26 }
  const time = (masked: boolean, feed: (reader: MessageReader<never>) => void): number => {
    const sink: ReaderSink<never> = { inspects: true, judge: () => undefined, take: () => {}, forward: () => {}, control: () => {}, fail: failure => { throw new Error(failure) } }
    const reader = new MessageReader(masked, limits, sink)
    const start = performance.now()
    feed(reader)
    return performance.now() - start
  }
  const fragments = time(true, reader => {
    reader.push(frame({ opcode: 1, fin: false, payload: 'x' }, true))
    const bulk = Buffer.concat(Array.from({ length: 8_000 }, () => frame({ opcode: 0, fin: false, payload: 'x' }, true)))
    for (let i = 0; i < 100; i++) reader.push(bulk)
    reader.push(frame({ opcode: 0 }, true))
  })
  t.ok(fragments < 2_000, `800,000 fragments: ${fragments.toFixed()} ms`)
  const large = time(false, reader => {
    for (const chunk of chop(frame({ opcode: 1, payload: Buffer.alloc(16 << 20) }, false), [1_400])) reader.push(chunk)
  })
  t.ok(large < 2_000, `16 MiB in chunks of 1,400 bytes: ${large.toFixed()} ms`)
})
