import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { betaClient } from '../../lib/dialect/beta/client.ts'
import { betaUpstream } from '../../lib/dialect/beta/upstream.ts'
import { createPair } from '../../lib/dialect/translation.ts'
import { GatewayError } from '../../lib/errors.ts'
import type { Dialect, RealtimeEvent } from '../../types/index.ts'
import { betaClientEvent, betaServerEvent, spoilt } from '../fixtures/dialect/beta.ts'
import { driveHop } from '../fixtures/dialect/hop.ts'
import { loadRecordings } from '../fixtures/recordings.ts'
import { holds } from '../fixtures/session/seeded.ts'

const clean = Object.getOwnPropertyNames(Object.prototype).join()

/** Events in the GA shape, as the other hop makes them of beta's. */
const gaClientEvent = betaClientEvent.map(event => driveHop(betaClient).up(event)[0]!)
const gaServerEvent = betaServerEvent.map(event => driveHop(betaUpstream).down(event)[0]!)

for (const strict of [false, true]) {
  const sides: ReadonlyArray<readonly [string, Dialect, 'up' | 'down', fc.Arbitrary<RealtimeEvent>]> = [
    ['a beta client', betaClient, 'up', betaClientEvent],
    ['a provider of a beta client', betaClient, 'down', gaServerEvent],
    ['a client of a beta provider', betaUpstream, 'up', gaClientEvent],
    ['a beta provider', betaUpstream, 'down', betaServerEvent]
  ]
  for (const [who, dialect, direction, event] of sides) {
    t.test(`${strict ? 'in a strict session, ' : ''}whatever ${who} sends in the place of a field is translated, passed or refused`, async t => {
      let hop = driveHop(dialect, strict)
      let seen = 0
      await holds(t, 1_500, fc.oneof(spoilt(event), spoilt(spoilt(event))), event => {
        // One session hears of many, so that what it remembers is spoilt too.
        if (++seen % 100 === 0) hop = driveHop(dialect, strict)
        try {
          const events = hop[direction](event)
          if (JSON.stringify(events) === undefined || !events.every(({ type }) => typeof type === 'string')) throw new Error('no events')
        } catch (error) {
          if (!(error instanceof GatewayError) || direction === 'down' || error.code !== 'unsupported_feature') throw error
        }
        deepStrictEqual(Object.getOwnPropertyNames(Object.prototype).join(), clean)
      })
    })
  }
}

t.test('a key named __proto__ is carried as the key that it is, and sets nothing', async t => {
  const text = '{"type":"session.update","__proto__":{"polluted":1},"session":{"__proto__":{"voice":"evil","polluted":1},"audio":{"__proto__":{"output":1}},"speed":1,"model":"m"}}'
  const [event] = driveHop(betaClient).up(JSON.parse(text) as RealtimeEvent)
  t.equal(JSON.stringify(event), '{"type":"session.update","__proto__":{"polluted":1},"session":{"type":"realtime","__proto__":{"voice":"evil","polluted":1},"audio":{"__proto__":{"output":1},"output":{"speed":1}}}}')
  const [back] = driveHop(betaUpstream).up(event!)
  t.equal(JSON.stringify(back), '{"type":"session.update","__proto__":{"polluted":1},"session":{"__proto__":{"voice":"evil","polluted":1},"audio":{"__proto__":{"output":1}},"speed":1}}')
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('what an object inherits is nothing that was sent', async t => {
  const session = Object.create({ voice: 'inherited', temperature: 1, type: 'transcription', audio: { output: { voice: 'x' } } }) as object
  t.strictSame(JSON.stringify(driveHop(betaClient).up({ type: 'session.update', session })), '[{"type":"session.update","session":{"type":"realtime"}}]')
  t.strictSame(JSON.stringify(driveHop(betaUpstream).up({ type: 'session.update', session })), '[{"type":"session.update","session":{}}]')
})

const settings = { strict: false, voices: {}, adjusted () {} }
const speak = (client: Dialect | undefined, upstream: Dialect | undefined, strict = false): { up (text: string): unknown, down (text: string): unknown } => {
  const pair = createPair(client, upstream)!({ ...settings, strict })
  return { up: text => pair.up.translate(Buffer.from(text)), down: text => pair.down.translate(Buffer.from(text)) }
}

t.test('through the engine: what is no event, or says the same in both shapes, passes as it came', async t => {
  for (const [client, upstream] of [[betaClient, undefined], [undefined, betaUpstream]] as const) {
    const pair = speak(client, upstream)
    for (const text of ['', 'null', '{"type":5}', '{"type":"session.update"}', '{"type":"response.create"}', '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text"}]}}']) {
      t.equal(pair.up(text), undefined, text)
    }
    for (const text of ['{"type":"error","error":null}', '{"type":"error","error":{"param":"type"}}', '{"type":"session.created","session":[]}']) t.equal(pair.down(text), undefined, text)
  }
  const deep = '[{"type":"text","content":'.repeat(20_000) + 'null' + '}]'.repeat(20_000)
  t.equal(speak(betaClient, undefined).up(`{"type":"conversation.item.create","item":{"role":"assistant","content":${deep}}}`), undefined, 'too deep to be written again')
})

t.test('through the engine: numbers keep their digits, and a temperature of too many is not remembered', async t => {
  const pair = speak(betaClient, undefined)
  t.strictSame(pair.up('{"type":"session.update","session":{"turn_detection":{"threshold":0.50000000000000001},"speed":1e0,"temperature":0.80000000000000004,"max_response_output_tokens":9007199254740993}}'), {
    onward: ['{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":1},"input":{"turn_detection":{"threshold":0.50000000000000001}}},"max_output_tokens":9007199254740993}}'],
    back: []
  })
  t.strictSame(pair.down('{"type":"session.updated","session":{"type":"realtime"}}'), { onward: ['{"type":"session.updated","session":{"temperature":0.8}}'], back: [] })
})

t.test('through the engine: a refusal names the field as the client does, and the event that asked', async t => {
  const answer = (pair: ReturnType<typeof speak>, text: string): unknown => {
    const { onward, back } = pair.up(text) as { onward: string[], back: string[] }
    return { onward, back: back.map(text => (JSON.parse(text) as { error: unknown }).error) }
  }
  t.match(answer(speak(betaClient, undefined, true), '{"type":"session.update","event_id":"e1","session":{"temperature":1}}'),
    { onward: [], back: [{ type: 'invalid_request_error', code: 'unsupported_feature', param: 'session.temperature', event_id: 'e1' }] })
  t.match(answer(speak(undefined, betaUpstream, true), '{"type":"session.update","event_id":"e1","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":9}}}}}'),
    { onward: [], back: [{ code: 'unsupported_feature', param: 'session.audio.input.turn_detection.idle_timeout_ms', event_id: 'e1' }] })
  const picky: Dialect = { name: 'picky', start: () => ({}), upstreamToClient: {}, clientToUpstream: { 'session.update': () => { throw new GatewayError('unsupported_feature', { param: 'session.audio.input.turn_detection.type' }) } } }
  t.match(answer(speak(betaClient, picky, true), '{"type":"session.update","session":{"voice":"x"}}'), { onward: [], back: [{ param: 'session.turn_detection.type' }] })
})

const recordings = loadRecordings().filter(({ provider }) => provider === 'openai')
t.test('through the engine: a recorded session is the same as through the tables', { skip: recordings.length === 0 && 'the recordings of real sessions are not here' }, async t => {
  for (const { name, interactions } of recordings) {
    const pair = speak(betaClient, undefined)
    const hop = driveHop(betaClient)
    const types = createPair(betaClient, undefined)!(settings).down.types
    for (const { direction, data } of interactions) {
      if (direction === 'sent' || !types.includes(data.type)) continue
      const rewritten = pair.down(JSON.stringify(data)) as { onward: string[] } | undefined
      const entry = (betaClient.upstreamToClient as Record<string, unknown>)[data.type]
      if (typeof entry !== 'function') continue
      t.strictSame(rewritten?.onward.map(text => JSON.parse(text) as unknown) ?? [data], hop.down(data), `${name}: ${data.type}`)
    }
  }
})
