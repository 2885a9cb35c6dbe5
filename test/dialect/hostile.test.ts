import t from 'tap'
import fc from 'fast-check'
import type { RealtimeEvent } from '../../types/index.ts'
import { deep, draws, seed } from '../fixtures/draws.ts'
import { readExactly } from '../fixtures/dialect/exact.ts'
import { allPairs, translatedPairs } from '../fixtures/dialect/pairs.ts'
import type { TestedPair } from '../fixtures/dialect/pairs.ts'
import type { Played, Player } from '../fixtures/dialect/play.ts'
import { samplesOf } from '../fixtures/dialect/samples.ts'

const samples = new Map(allPairs.map(pair => [pair, samplesOf(pair)]))
t.comment(`SEED=${seed}`)

const send = (player: Player, sent: boolean, text: string): Played => sent ? player.up(text) : player.down(text)

/** What is wrong with what came of a message. */
function judge (text: string, { onward, back, before, untouched }: Played): string | undefined {
  if (untouched) return onward.length === 1 && onward[0] === text ? undefined : 'something else is passed'
  for (const each of [...onward, ...back, ...before]) {
    const { type } = JSON.parse(each) as { type?: unknown }
    if (typeof type !== 'string') return `an event without a type: ${each.slice(0, 200)}`
  }
  for (const each of back) {
    const { type, error } = JSON.parse(each) as { type: string, error?: { type?: unknown, code?: unknown, message?: unknown } }
    if (type === 'error' && ![error?.type, error?.code, error?.message].every(field => typeof field === 'string')) return `an error that says nothing: ${each}`
  }
  const length = [...onward, ...back].reduce((length, { length: more }) => length + more, 0)
  // What is kept of former events may come back, but nobody makes much of little.
  return length > 4 * text.length + 200_000 ? `${length} characters of ${text.length}` : undefined
}

/** Nothing that all objects have may come of what somebody sends. */
function polluted (): string[] {
  const found = [Object, Array, String, Number, Boolean, Function].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)).filter(name => /^(polluted|type|id|item|session|response|voice|\d+)$/.test(name))
  return [...found, ...Object.keys(Object.prototype)]
}

/** Sends texts to a session that sees them all, and where `alone` each to a session of its own as well. */
function attack (pair: TestedPair, texts: ReadonlyArray<readonly [sent: boolean, text: string]>, alone = true): string[] {
  const faults: string[] = []
  for (const strict of [false, true]) {
    const worn = pair.play({ strict })
    for (const [sent, text] of texts) {
      // Nothing that a provider says is refused.
      if (strict && !sent) continue
      for (const player of alone ? [pair.play({ strict }), worn] : [worn]) {
        try {
          const fault = judge(text, send(player, sent, text))
          if (fault !== undefined) faults.push(`${fault}: ${text.slice(0, 300)}`)
        } catch (error) {
          faults.push(`${(error as Error).stack?.slice(0, 600)}: ${text.slice(0, 300)}`)
        }
      }
    }
  }
  return [...faults, ...polluted().map(name => `polluted: ${name}`)].slice(0, 5)
}

const odd: readonly unknown[] = [null, true, 0, -1, 1.5, 1e308, '', 'x', 'x'.repeat(2_000), '__proto__', 'constructor', '\ud800', [], [null], [[]], ['text', 'audio'], {}, { type: null }, { type: 'constructor' }, { id: {} }]

/** An event with each of its fields, on every level, in turn replaced by what does not belong there, or left out. */
function oddities (event: RealtimeEvent): string[] {
  const texts: string[] = []
  const visit = (holder: Record<string | number, unknown>): void => {
    for (const [name, value] of Object.entries(holder)) {
      for (const other of odd) {
        holder[name] = other
        texts.push(JSON.stringify(event))
      }
      delete holder[name]
      texts.push(JSON.stringify(event))
      holder[name] = value
      if (typeof value === 'object' && value !== null) visit(value as Record<string, unknown>)
    }
  }
  visit(event as unknown as Record<string, unknown>)
  return texts
}

for (const pair of translatedPairs) {
  const lines = samples.get(pair)!

  t.test(`${pair.name}: fields that are missing, or of another kind than they should be, crash nothing`, async t => {
    const all = lines.flatMap(({ sent, event }) => oddities(structuredClone(event)).map(text => [sent, text] as const))
    // Of each field's 21 oddities every fifth: another one at the next field.
    const texts = deep ? all : all.filter((_, i) => i % 5 === 0)
    t.strictSame(attack(pair, texts), [], `${texts.length} texts`)
  })

  t.test(`${pair.name}: an event of 20,000 levels passes or is refused`, async t => {
    const lists = `${'['.repeat(20_000)}1${']'.repeat(20_000)}`
    const objects = `${'{"content":'.repeat(20_000)}{}${'}'.repeat(20_000)}`
    const texts = [...new Map(lines.map(line => [line.event.type, line])).values()].flatMap(({ sent, event }) => {
      const fields = Object.entries(event).map(([name, value]) => [name, JSON.stringify(value)] as const)
      const write = (name: string, deep: string): string => `{${[...fields.filter(([other]) => other !== name), [name, deep] as const].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`
      const holders = Object.entries(event).filter(([, value]) => typeof value === 'object').map(([name]) => name)
      return [write('deep', lists), write('deep', `[${lists},1e400]`), ...holders.map(name => write(name, objects))].map(text => [sent, text] as const)
    })
    t.strictSame(attack(pair, texts, false), [], `${texts.length} texts`)
  })

  t.test(`${pair.name}: keys of the prototype pollute nothing`, async t => {
    const evil = '{"polluted":true,"type":"polluted","id":"polluted","item":{"polluted":1},"content":[{"__proto__":{"polluted":1}}]}'
    const texts = lines.flatMap(({ sent, event }) => {
      const text = JSON.stringify(event)
      return ['"__proto__":', '"constructor":', '"constructor":{"prototype":', '"prototype":', '"hasOwnProperty":', '"toString":', '"toJSON":'].flatMap(key => {
        const field = `${key}${evil}${'}'.repeat(key.split('{').length - 1)}`
        return [[sent, text.replaceAll('{', `{${field},`).replaceAll(',}', '}')], [sent, text.replace(/\}$/, `,${field}}`)]] as const
      })
    })
    t.strictSame(attack(pair, texts), [], `${texts.length} texts`)
  })

  t.test(`${pair.name}: ids and names of the prototype are as good as others`, async t => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const texts = lines.map(({ sent, event }) => [sent, JSON.stringify(event).replace(/"(?:item|resp|call|ev|event)_\w+"/g, JSON.stringify(name))] as const)
      t.strictSame(attack(pair, texts), [])
      t.strictSame(attack(pair, lines.map(({ sent, event }) => [sent, JSON.stringify(event).replace(/("(?:voice|model|type|role|status|format|tool_choice)":)"[^".]+"/g, `$1${JSON.stringify(name)}`)] as const)), [])
    }
  })

  t.test(`${pair.name}: of duplicate keys the last counts, and nothing else changes`, async t => {
    for (const { sent, event } of lines) {
      const { type, ...rest } = event
      const fields = JSON.stringify(rest).slice(1)
      const text = `{"type":"ping","session":{},"item":null,"response":1,"type":${JSON.stringify(type)},${fields}`.replace(/,\}$/, '}')
      const plain = JSON.stringify({ session: {}, item: null, response: 1, ...event })
      const made = (text: string): unknown => {
        const { onward, back, untouched } = send(pair.play(), sent, text)
        return untouched ? 'untouched' : [onward.map(readExactly), back.length]
      }
      t.same(made(text), made(plain), type)
    }
  })

  t.test(`${pair.name}: a huge number and half a character survive in an event that is rewritten`, async t => {
    const extra = '"huge":[123456789012345678901234567890,9007199254740993,1e400,-1E-400],"text":"\\ud800\\u0000\\"1e400\\" #0"'
    for (const { sent, event } of lines) {
      const fate = sent ? pair.up(event.type) : pair.down(event.type)
      // Not where the event is made new of another's words, as the table says.
      const { onward, untouched } = send(pair.play(), sent, JSON.stringify(event).replace(/\}$/, `,${extra}}`))
      const main = onward.find(text => fate.names.has((JSON.parse(text) as RealtimeEvent).type))
      if (untouched || main === undefined) continue
      const { huge, text } = readExactly(main) as { huge?: unknown, text?: unknown }
      const expected = readExactly(`{${extra}}`) as { huge: unknown, text: unknown }
      t.strictSame([huge, text], [expected.huge, expected.text], event.type)
    }
  })

  t.test(`${pair.name}: what is no event passes untouched`, async t => {
    const player = pair.play()
    for (const text of ['', '{', 'null', '[]', '[{"type":"session.update"}]', '{"type":5}', '{"type":null}', '{"type":["session.update"]}', '"session.update"', '{"event_id":"e"}', '{"type":"session.update"', '\ufeff{"type":"session.update"}']) {
      for (const sent of [true, false]) {
        const { onward, back } = send(player, sent, text)
        t.strictSame([onward, back], [[text], []], JSON.stringify(text))
      }
    }
  })

  t.test(`${pair.name}: any JSON in any event crashes nothing`, async () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: lines.length - 1 }), fc.dictionary(fc.constantFrom('session', 'item', 'response', 'part', 'error', 'delta', 'transcript', 'audio', 'item_id', 'response_id', 'event_id', 'usage', 'previous_item_id', 'output_index', 'content_index', 'voice', 'turn_detection', 'tools', 'content', 'type'), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })), { maxLength: 8 }), changes => {
      const player = pair.play()
      for (const [i, fields] of changes) {
        const { sent, event } = lines[i]!
        const { type: _, ...others } = fields
        const text = JSON.stringify(merge(event, others))
        const fault = judge(text, send(player, sent, text))
        if (fault !== undefined) throw new Error(`${fault}: ${text}`)
      }
      return polluted().length === 0
    }), { numRuns: draws(300), seed, verbose: 1 })
  })
}

/** Puts fields into an event, and into the objects in it. */
function merge (event: RealtimeEvent, fields: Record<string, unknown>): RealtimeEvent {
  const inner = Object.entries(event).map(([name, value]) => [name, typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(fields, name) ? { ...value, ...fields } : value])
  return { ...Object.fromEntries(inner) as RealtimeEvent, ...fields }
}

t.test('a text that was kept stays a text in an event that holds a huge number, whatever it looks like', async t => {
  for (const words of ['#0', '##0', '#1', '1e400']) {
    const player = translatedPairs.find(({ client, upstream }) => client === 'openai' && upstream === 'xai')!.play()
    const at = { response_id: 'r', item_id: 'i', output_index: 0, content_index: 0 }
    const item = { id: 'i', type: 'message', role: 'assistant', status: 'completed' }
    const hear = (event: object, more = ''): readonly string[] => player.down(JSON.stringify(event).replace(/\}$/, `${more}}`)).onward
    hear({ type: 'response.created', event_id: 'a', response: { id: 'r', output: [], status: 'in_progress' } })
    hear({ type: 'response.output_item.added', event_id: 'b', ...at, item })
    hear({ type: 'response.output_audio_transcript.done', event_id: 'c', ...at, transcript: words })
    const [done] = hear({ type: 'response.output_item.done', event_id: 'd', ...at, item }, ',"huge":1e400')
    t.strictSame((JSON.parse(done!) as { item: { content: unknown } }).item.content, [{ type: 'output_audio', transcript: words }], words)
  }
})

t.test('what is kept of a session is no more after many turns than after a few', async t => {
  // As many as fill every list that has a limit, and then more.
  const [some, more] = deep ? [3_000, 9_000] : [2_000, 4_000]
  for (const pair of translatedPairs) {
    for (const [length, most] of [[1, 100_000], deep ? [10_000, 6_000_000] : [2_000, 1_300_000]] as const) {
      const [few, many] = sizesAfter(pair, [some, more], 'x'.repeat(length))
      t.ok(many <= 1.2 * few + 4_000, `${pair.name}: ${few}, then ${many} characters`)
      t.ok(many < most, `${pair.name}: ${many} characters`)
    }
  }
})

/** How much the dialects of a pair keep in their states, in characters, after so many events and after more, whose items and responses never end, with texts of this kind. */
function sizesAfter (pair: TestedPair, [some, more]: readonly [number, number], long: string): [few: number, many: number] {
  let few = 0
  const states: unknown[] = []
  const player = pair.play({}, state => states.push(state))
  const lines = samples.get(pair)!.map(({ sent, event }) => ({ sent, text: JSON.stringify(event).replace(/("(?:transcript|text|delta|arguments|instructions|name)":)"[^"]*"/g, `$1"${long}"`) }))
  for (let i = 0; i < more; i++) {
    if (i === some) few = sizeOf(states)
    const { sent, text } = lines[i % lines.length]!
    // Ids that are of use in the same round of all events, and never again.
    send(player, sent, text.replace(/"((?:item|resp|call|ev|event)_\w+)"/g, `"$1_${Math.floor(i / lines.length)}"`))
  }
  return [few, sizeOf(states)]
}

function sizeOf (value: unknown, seen = new Set<unknown>()): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null || seen.has(value)) return 8
  seen.add(value)
  const parts: unknown[] = value instanceof Map || value instanceof Set ? [...value].flat() : Object.entries(value).flat()
  return parts.reduce<number>((size, part) => size + sizeOf(part, seen), 8)
}
