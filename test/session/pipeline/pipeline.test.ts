import t from 'tap'
import type { Test } from 'tap'
import { createPipeline } from '../../../lib/session/pipeline/pipeline.ts'
import type { Outcome, Verdict } from '../../../lib/session/pipeline/pipeline.ts'
import { GatewayError } from '../../../lib/errors.ts'
import { turn } from '../../fixtures/session/clock.ts'
import type { RealtimeEvent, Stage, StageMessage, StageResult } from '../../../types/index.ts'

/** A stage that notes what it sees, and does with it what it is told. */
function stage (name: string, types: readonly string[], heard: string[], answer: (message: StageMessage) => ReturnType<Stage['handle']> = () => undefined, more: Partial<Stage> = {}): Stage {
  return {
    types,
    ...more,
    handle (message) {
      heard.push(`${name}: ${message.payload.toString()}`)
      return answer(message)
    }
  }
}

const text = (event: object | string): Buffer => Buffer.from(typeof event === 'string' ? event : JSON.stringify(event))
const onward = (...events: Array<object | string>): StageResult => ({ onward: events.map(text) })

/** A verdict in a form that can be compared. */
function said (verdict: Verdict | Outcome | undefined): unknown {
  if (verdict === undefined || 'failure' in verdict) return verdict
  if ('waits' in verdict) return 'waits'
  const { onward, back, end } = verdict
  return { onward: onward.map(String), ...(back.length > 0 && { back: back.map(String) }), ...(end !== undefined && { end: end.error.code, closeCode: end.closeCode }) }
}

async function late (verdict: Verdict | undefined): Promise<unknown> {
  if (verdict === undefined || !('waits' in verdict)) throw new Error('it does not wait')
  return said(await verdict.waits)
}

t.test('stages are asked in their order, each for its own types alone', async t => {
  const heard: string[] = []
  const { judge } = createPipeline([stage('first', ['a', 'b'], heard), stage('second', ['b', 'c'], heard), stage('third', ['a', 'b', 'c'], heard)])
  for (const type of ['a', 'b', 'c', 'd']) t.equal(judge(text({ type }), false, true), undefined)
  t.strictSame(heard.map(line => line.replace(/\{.*"(\w)"\}/, '$1')), ['first: a', 'third: a', 'first: b', 'second: b', 'third: b', 'second: c', 'third: c'])
})

t.test('a direction whose stages want nothing is not read', async t => {
  t.strictSame([createPipeline([]).inspects, createPipeline([stage('none', [], [])]).inspects], [false, false])
  t.equal(createPipeline([stage('none', [], []), stage('one', ['a'], [])]).inspects, true)
  t.equal(createPipeline([stage('others', [], [], undefined, { others: true })]).inspects, true)
})

t.test('a replacement goes through the stages behind, and not through its own nor those before', async t => {
  const heard: string[] = []
  const { judge } = createPipeline([
    stage('first', ['a', 'b', 'c'], heard),
    stage('second', ['a', 'b'], heard, ({ type }) => type === 'a' ? onward({ type: 'b' }, { type: 'c' }, { type: 'x' }) : undefined),
    stage('third', ['b', 'c'], heard, ({ type }) => type === 'c' ? onward({ type: 'd' }) : undefined),
    stage('fourth', ['a', 'd'], heard)
  ])
  t.strictSame(said(judge(text({ type: 'a' }), false, true)), { onward: ['{"type":"b"}', '{"type":"d"}', '{"type":"x"}'] })
  t.strictSame(heard, ['first: {"type":"a"}', 'second: {"type":"a"}', 'third: {"type":"b"}', 'third: {"type":"c"}', 'fourth: {"type":"d"}'])
})

t.test('what is dropped, answered or ended with is seen by no stage behind', async t => {
  const heard: string[] = []
  const error = new GatewayError('internal_error')
  const results: Readonly<Record<string, StageResult>> = {
    drop: { onward: [] },
    answer: { onward: [], back: [text('no')] },
    end: { onward: [text('last')], back: [text('why')], end: { error, closeCode: 1008 } }
  }
  const { judge } = createPipeline([stage('first', Object.keys(results), [], ({ type }) => results[type!]), stage('behind', Object.keys(results), heard, undefined, { others: true })])
  t.strictSame(said(judge(text({ type: 'drop' }), false, true)), { onward: [] })
  t.strictSame(said(judge(text({ type: 'answer' }), false, true)), { onward: [], back: ['no'] })
  t.strictSame(said(judge(text({ type: 'end' }), false, true)), { onward: ['last'], back: ['why'], end: 'internal_error', closeCode: 1008 })
  t.strictSame(heard, [])
})

t.test('answers of several stages go back in their order, and an end stops what stands behind', async t => {
  const error = new GatewayError('internal_error')
  const heard: string[] = []
  const { judge } = createPipeline([
    stage('first', ['a'], [], () => ({ onward: [text({ type: 'b' }), text({ type: 'stop' }), text({ type: 'c' })], back: [text('1')] })),
    stage('second', ['b', 'stop', 'c'], heard, ({ type, payload }) => type === 'stop' ? { onward: [], back: [text('3')], end: { error } } : { onward: [payload], back: [text('2')] })
  ])
  t.strictSame(said(judge(text({ type: 'a' }), false, true)), { onward: ['{"type":"b"}'], back: ['1', '2', '3'], end: 'internal_error', closeCode: undefined })
  t.equal(heard.length, 2)
})

t.test('an event is read once for all stages, and by none that does not ask', async t => {
  const events: Array<RealtimeEvent | undefined> = []
  const read = ({ event }: { event (): RealtimeEvent | undefined }): undefined => { events.push(event()) }
  const { judge } = createPipeline([stage('first', ['a'], [], message => read({ event: () => message.event() })), stage('second', ['a'], [], message => read({ event: () => message.event() }))])
  judge(text({ type: 'a', n: 1 }), false, true)
  t.strictSame(events, [{ type: 'a', n: 1 }, { type: 'a', n: 1 }])
  t.equal(events[0], events[1], 'the same object')
  judge(text('{"type":"a","broken"'), false, true)
  t.strictSame(events.slice(2), [undefined, undefined])
  t.equal(parsesOf(() => judge(text({ type: 'a' }), false, true)), 1)
})

/** How often something is parsed. */
function parsesOf (run: () => void): number {
  const { parse } = JSON
  let count = 0
  JSON.parse = (...args: Parameters<typeof parse>) => {
    count++
    return parse(...args) as unknown
  }
  try {
    run()
  } finally {
    JSON.parse = parse
  }
  return count
}

t.test('what is no UTF-8 is a failure where it is read, whatever the stage says, and passes where it is not', async t => {
  const invalid = Buffer.concat([Buffer.from('{"type":"a","x":"'), Buffer.from([0xff]), Buffer.from('"}')])
  t.equal(createPipeline([stage('looks at the type', ['a'], [])]).judge(invalid, false, true), undefined)
  for (const look of [(message: StageMessage) => { message.event() }, (message: StageMessage) => { message.isText() }]) {
    const heard: string[] = []
    for (const answer of [undefined, onward('x'), { onward: [] }]) {
      const { judge } = createPipeline([stage('reads', ['a'], [], message => { look(message); return answer }), stage('behind', ['a'], heard)])
      t.strictSame(judge(invalid, false, true), { failure: 'invalid_utf8' })
    }
    t.strictSame(heard, [])
  }
})

t.test('a stage that reads what is no UTF-8 and then rejects harms nobody', async t => {
  const unhandled = rejections(t)
  const invalid = Buffer.concat([Buffer.from('{"type":"a","x":"'), Buffer.from([0xff]), Buffer.from('"}')])

  const { judge } = createPipeline([stage('reads', ['a'], [], async message => onward(message.event()!['x'] as string))])
  t.strictSame(judge(invalid, false, true), { failure: 'invalid_utf8' })
  await turn()
  t.strictSame(unhandled, [])
})

t.test('a rejection that nobody waits for any more harms nobody', async t => {
  const unhandled = rejections(t)
  const { judge } = createPipeline([stage('rejects', ['a'], [], () => Promise.reject(new Error('too late')))])
  t.equal(said(judge(text({ type: 'a' }), false, true)), 'waits')
  await turn()
  t.strictSame(unhandled, [])
})

function rejections (t: Test): unknown[] {
  const seen: unknown[] = []
  const listener = (cause: unknown): void => { seen.push(cause) }
  process.on('unhandledRejection', listener)
  t.teardown(() => process.off('unhandledRejection', listener))
  return seen
}

t.test('a shorter type is written into the bytes themselves where they are what is forwarded', async t => {
  const heard: string[] = []
  const results: boolean[] = []
  const { judge } = createPipeline([
    stage('renames', ['long.name'], heard, message => { results.push(message.event()!.type === 'long.name' && message.rename('short')) }),
    stage('behind', ['short'], heard, message => { results.push(message.rename('x'), message.event()!.type === 'x') })
  ])
  const bytes = text('{"a":1, "type":"long.name" ,"b":"é"}')
  t.equal(judge(bytes, false, true), undefined)
  t.equal(bytes.toString(), '{"a":1, "type":"x"         ,"b":"é"}')
  t.strictSame(results, [true, true, true], 'and again by the stage behind, which reads the event anew')
  const copy = text('{"type":"long.name"}')
  t.equal(judge(copy, false, false), undefined)
  t.equal(copy.toString(), '{"type":"long.name"}', 'bytes that are not forwarded are left')
  t.equal(results[3], false)
})

t.test('a longer type changes nothing, and the stage has to replace', async t => {
  let done: boolean | undefined
  const { judge } = createPipeline([stage('renames', ['short'], [], message => { done = message.rename('much.longer') })])
  const bytes = text('{"type":"short"}')
  judge(bytes, false, true)
  t.equal(done, false)
  t.equal(bytes.toString(), '{"type":"short"}')
})

t.test('bytes that a stage sends again and again stay as they are, whatever a stage behind calls them', async t => {
  const always = text('{"type":"long.name"}')
  const { judge } = createPipeline([
    stage('sends', ['a'], [], () => ({ onward: [always] })),
    stage('renames', ['long.name'], [], message => message.rename('short') ? undefined : onward('{"type":"short"}'))
  ])
  for (let i = 0; i < 2; i++) t.strictSame(said(judge(text({ type: 'a' }), false, true)), { onward: ['{"type":"short"}'] })
  t.equal(always.toString(), '{"type":"long.name"}')
})

t.test('a stage that wants others sees every text, and knows the types that somebody wants', async t => {
  const types: unknown[] = []
  const { judge } = createPipeline([stage('all', ['a'], [], ({ type }) => { types.push(type) }, { others: true }), stage('one', ['b'], [])])
  for (const payload of ['{"type":"a"}', '{"type":"b"}', '{"type":"c"}', 'no JSON', '']) judge(text(payload), false, true)
  judge(text('{"type":"a"}'), true, true)
  t.strictSame(types, ['a', 'b', undefined, undefined, undefined], 'binary messages are no others')
})

t.test('a stage that wants binary messages sees all of them, with their type where they hold a wanted event', async t => {
  const seen: unknown[] = []
  const heard: string[] = []
  const pipeline = createPipeline([stage('texts', ['a'], heard), stage('both', ['a'], [], ({ type, binary }) => { seen.push([type, binary]) }, { binary: true })])
  t.equal(pipeline.inspectsBinary, true)
  t.equal(createPipeline([stage('texts', ['a'], [])]).inspectsBinary, false)
  for (const payload of ['{"type":"a"}', '{"type":"b"}', 'no JSON']) pipeline.judge(text(payload), true, true)
  pipeline.judge(text('{"type":"a"}'), false, true)
  pipeline.judge(text('{"type":"b"}'), false, true)
  t.strictSame(seen, [['a', true], [undefined, true], [undefined, true], ['a', false]])
  t.strictSame(heard, ['texts: {"type":"a"}'])
})

t.test('audio is skimmed where every stage can do without it', async t => {
  const skims = (...all: Array<Partial<Stage>>): boolean => createPipeline(all.map(more => stage('', ['a'], [], undefined, more))).skims
  t.strictSame([skims({ skims: true }, { skims: true }), skims({ skims: true }, {}), skims({ skims: false })], [true, false, false])
})

t.test('what a stage wants may change: the pipeline is told to refresh', async t => {
  const heard: string[] = []
  const types: string[] = []
  const more: { others?: boolean, binary?: boolean, skims?: boolean } = { skims: true }
  const changing: Stage = { types, get others () { return more.others === true }, get binary () { return more.binary === true }, get skims () { return more.skims === true }, handle ({ type }) { heard.push(String(type)) } }
  const pipeline = createPipeline([changing])
  t.strictSame([pipeline.inspects, pipeline.inspectsBinary, pipeline.skims], [false, false, true])
  types.push('a')
  pipeline.refresh()
  t.equal(pipeline.inspects, true)
  for (const type of ['a', 'b']) pipeline.judge(text({ type }), false, true)
  types.splice(0, 1, 'b')
  Object.assign(more, { binary: true, skims: false })
  pipeline.refresh()
  for (const type of ['a', 'b']) pipeline.judge(text({ type }), false, true)
  t.strictSame(heard, ['a', 'b'])
  t.strictSame([pipeline.inspectsBinary, pipeline.skims], [true, false])
  Object.assign(more, { binary: false, others: false })
  types.splice(0)
  pipeline.refresh()
  t.equal(pipeline.inspects, false)
})

t.test('the audio of an event is measured without reading it, padding and escapes too', async t => {
  const measured: number[] = []
  const { judge } = createPipeline([stage('measures', ['a'], [], ({ audioBytes }) => { measured.push(audioBytes) })])
  for (let size = 0; size < 50; size++) {
    const audio = Buffer.alloc(100 + size, 0xff).toString('base64')
    for (const spelling of [`"${audio}"`, `"${audio.replaceAll('/', '\\/')}"`, `"${audio.replaceAll('/', '\\u002f')}"`, `"${audio.replaceAll('=', '\\u003d')}"`]) {
      for (const event of [`{"type":"a","audio":${spelling}}`, `{"event_id":"evt_1", "audio" : ${spelling} , "type":"a"}`]) judge(text(event), false, true)
    }
    t.ok(measured.splice(0).every(bytes => bytes === 100 + size), `${100 + size} bytes`)
  }
  judge(text('{"type":"a"}'), false, true)
  t.strictSame(measured, [0])
})

t.test('a stage that waits is followed by the rest when it is done', async t => {
  const heard: string[] = []
  let decide = (_result: StageResult): void => {}
  const { judge } = createPipeline([
    stage('waits', ['a'], heard, () => new Promise(resolve => { decide = resolve })),
    stage('behind', ['a', 'b'], heard, ({ type }) => type === 'b' ? onward('instead of b') : undefined)
  ])
  const live = text({ type: 'a', n: 1 })
  for (const [result, expected] of [
    [undefined, undefined],
    [onward({ type: 'b' }, 'x'), { onward: ['instead of b', 'x'] }],
    [{ onward: [], back: [text('no')] }, { onward: [], back: ['no'] }],
    [{ onward: [text({ type: 'b' })], end: { error: new GatewayError('internal_error') } }, { onward: ['{"type":"b"}'], end: 'internal_error', closeCode: undefined }]
  ] as const) {
    heard.splice(0)
    const bytes = Buffer.from(live)
    const verdict = judge(bytes, false, true)
    // The memory is another message's meanwhile.
    bytes.fill(0x20)
    t.strictSame(heard, ['waits: {"type":"a","n":1}'])
    decide(result)
    t.strictSame(await late(verdict), expected)
    if (expected === undefined) {
      t.equal(heard[1], 'behind: {"type":"a","n":1}', 'the stage behind sees the same bytes')
      t.match(verdict, { payload: live, binary: false })
    }
  }
})

t.test('each of several replacements may wait, and their order is kept', async t => {
  const order: string[] = []
  const { judge } = createPipeline([
    stage('splits', ['a'], [], () => ({ onward: ['1', '2', '3'].map(n => text({ type: 'b', n })), back: [text('0')] })),
    stage('waits', ['b'], [], async message => {
      const event = message.event()!
      order.push(`asked ${event['n'] as string}`)
      await turn()
      order.push(`done ${event['n'] as string}`)
      return event['n'] === '2' ? undefined : { onward: [text({ type: 'c', n: event['n'] })], back: [text(event['n'] as string)] }
    }),
    stage('behind', ['c'], [], async message => {
      const { n } = message.event()!
      await turn()
      return onward(`c${n as string}`)
    })
  ])
  t.strictSame(await late(judge(text({ type: 'a' }), false, true)), { onward: ['c1', '{"type":"b","n":"2"}', 'c3'], back: ['0', '1', '3'] })
  t.strictSame(order, ['asked 1', 'done 1', 'asked 2', 'done 2', 'asked 3', 'done 3'])
})

t.test('a failure and an end of a stage behind one that waits are theirs', async t => {
  const error = new GatewayError('key_blocked')
  const { judge } = createPipeline([
    stage('waits', ['a'], [], async () => { await turn(); return { onward: [text({ type: 'b' }), Buffer.from([0x7b, 0x22, 0xff])], back: [] } }),
    stage('ends', ['b', 'c'], [], () => ({ onward: [], end: { error } }), {}),
    stage('reads', [], [], message => { message.event() }, { others: true })
  ])
  t.strictSame(await late(judge(text({ type: 'a' }), false, true)), { onward: [], end: 'key_blocked', closeCode: undefined })
  const second = createPipeline([
    stage('waits', ['a'], [], async () => { await turn(); return { onward: [text('fine'), Buffer.from([0x7b, 0x22, 0xff])] } }),
    stage('reads', [], [], message => { message.event() }, { others: true })
  ])
  t.strictSame(await late(second.judge(text({ type: 'a' }), false, true)), { failure: 'invalid_utf8' })
})

t.test('a binary message that waits passes as one', async t => {
  const { judge } = createPipeline([stage('waits', [], [], async () => { await turn(); return undefined }, { binary: true })])
  const verdict = judge(Buffer.from([0, 1, 0xff]), true, true)
  t.match(verdict, { binary: true, payload: Buffer.from([0, 1, 0xff]) })
  t.equal(await late(verdict), undefined)
})

t.test('two pipelines that take turns know nothing of each other', async t => {
  const inner = createPipeline([stage('inner', ['b'], [], message => { message.rename('c') })])
  const seen: unknown[] = []
  const outer = createPipeline([
    stage('outer', ['long.name'], [], message => {
      const bytes = text('{"x":"much longer than the other","type":"b"}')
      t.equal(inner.judge(bytes, false, true), undefined)
      t.equal(bytes.toString(), '{"x":"much longer than the other","type":"c"}')
      message.rename('short')
      seen.push(message.event(), message.audioBytes)
    })
  ])
  const bytes = text('{"type":"long.name","audio":"AAAA"}')
  outer.judge(bytes, false, true)
  t.equal(bytes.toString(), '{"type":"short"    ,"audio":"AAAA"}')
  t.strictSame(seen, [{ type: 'short', audio: 'AAAA' }, 3])
})
