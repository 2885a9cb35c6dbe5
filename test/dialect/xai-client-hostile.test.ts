import fc from 'fast-check'
import t from 'tap'
import { createPair } from '../../lib/dialect/translation.ts'
import { xaiClient } from '../../lib/dialect/xai/client/dialect.ts'
import { openaiVoices } from '../../lib/dialect/xai/voices.ts'
import { GatewayError } from '../../lib/errors.ts'
import { startXaiSession } from '../fixtures/dialect/xai-client.ts'
import type { XaiSession } from '../fixtures/dialect/xai-client.ts'
import { holds } from '../fixtures/session/seeded.ts'
import type { RealtimeEvent } from '../../types/index.ts'

const words = [
  'type', 'event_id', 'session', 'audio', 'input', 'output', 'format', 'rate', 'transport', 'transcription', 'model', 'language_hint', 'keyterms', 'voice', 'id',
  'turn_detection', 'tools', 'function', 'name', 'reasoning', 'effort', 'resumption', 'enabled', 'replace', 'item', 'role', 'content', 'text', 'transcript',
  'item_id', 'content_index', 'delta', 'response', 'usage', 'input_token_details', 'error', 'code', 'param', 'object', 'max_output_tokens', 'temperature',
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'
]
const texts = [
  'json', 'binary', 'audio/pcm', 'audio/opus', 'grok-transcribe', 'Eve', 'xai_ara', '__proto__', 'constructor', 'none', 'function', 'mcp', 'web_search', 'assistant',
  'output_audio', 'text', 'force_message', 'session.audio.output.voice', 'gateway_default_turn_detection', 'gateway_update_1',
  'gateway_cancel_for_commit', 'input_audio_buffer_commit_empty', '', '-', '\ud800', 'x'.repeat(1000)
]

/** Any JSON, with the protocol's words in any place. */
const { value } = fc.letrec<{ value: unknown, object: unknown }>(tie => ({
  value: fc.oneof({ depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 24_000, 1e308, ...texts),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 })),
  // As JSON.parse makes them: `__proto__` is a field like any other.
  object: fc.array(fc.tuple(fc.constantFrom(...words), tie('value')), { maxLength: 6 }).map(entries => Object.fromEntries(entries))
}))

const fields = fc.array(fc.tuple(fc.constantFrom(...words), value), { maxLength: 6 }).map(entries => Object.fromEntries(entries) as Record<string, unknown>)
const types = (table: object): fc.Arbitrary<string> => fc.constantFrom(...Object.keys(table))
const step = fc.oneof(
  fc.record({ up: fc.constant(true), type: types(xaiClient.clientToUpstream), fields }),
  fc.record({ up: fc.constant(false), type: types(xaiClient.upstreamToClient), fields }))

/** An event whose main part is always there, in any shape. */
const eventOf = (type: string, fields: Record<string, unknown>): RealtimeEvent => ({ session: fields, item: fields, response: fields, error: fields, ...fields, type })

t.test('events of any shape are translated or refused with a field, pollute nothing and are not changed', async t => {
  await holds(t, 3000, fc.tuple(fc.boolean(), fc.array(step, { maxLength: 12 })), ([strict, steps]) => {
    const session = startXaiSession({ strict })
    for (const { up, type, fields } of steps) {
      const event = eventOf(type, fields)
      const before = JSON.stringify(event)
      try {
        const { onward, back } = up ? session.says(event) : session.hears(event)
        for (const made of [...onward, ...back]) JSON.parse(JSON.stringify(made))
      } catch (error) {
        if (!up || !(error instanceof GatewayError) || error.code !== 'unsupported_feature' || typeof error.param !== 'string') throw error
      }
      if (JSON.stringify(event) !== before) throw new Error('the event was changed')
    }
    bounded(session)
    if (Object.keys(Object.prototype).length > 0 || ({} as Record<string, unknown>)['voice'] !== undefined) throw new Error('polluted')
  })
})

t.test('the engine gives every such event an answer, an event or its own text', async t => {
  await holds(t, 1000, fc.array(step, { maxLength: 8 }), steps => {
    const pair = createPair(xaiClient, undefined)!({ strict: false, voices: openaiVoices, adjusted () {} })
    for (const { up, type, fields } of steps) {
      if (up) pair.opening(type)
      const rewritten = (up ? pair.up : pair.down).translate(Buffer.from(JSON.stringify(eventOf(type, fields))))
      for (const text of [...rewritten?.onward ?? [], ...rewritten?.back ?? []]) {
        if (typeof (JSON.parse(text) as { type: unknown }).type !== 'string') throw new Error('an event without a type')
      }
    }
  })
})

t.test('a field called __proto__ stays a field', async t => {
  const session = startXaiSession()
  const event = JSON.parse('{"type":"session.update","event_id":"e1","session":{"__proto__":{"polluted":1},"voice":"__proto__","audio":{"__proto__":{"polluted":1},"input":{"__proto__":{"polluted":1}}},"tools":[{"type":"function","function":{"__proto__":{"polluted":1},"name":"f"}}]}}') as RealtimeEvent
  t.equal(JSON.stringify(session.up(event)[0]), '{"type":"session.update","event_id":"e1","session":{"type":"realtime","__proto__":{"polluted":1},"tools":[{"type":"function","__proto__":{"polluted":1},"name":"f"}],"audio":{"__proto__":{"polluted":1},"input":{"__proto__":{"polluted":1},"turn_detection":null},"output":{"voice":"__proto__"}}}}')
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

function bounded ({ state }: XaiSession): void {
  const { updates, transcripts, voice, commits, running } = state
  if (commits < 0 || commits > 16 || running < 0) throw new Error(`the state holds ${commits} commits, ${running} responses`)
  const held = [...transcripts].flat().join('').length + updates.map(({ id }) => id).join('').length + (voice?.asked.length ?? 0)
  if (updates.length > 16 || transcripts.size > 8 || held > 8 * (32_768 + 600) + 17 * 512) throw new Error(`the state holds ${updates.length} updates, ${transcripts.size} transcripts, ${held} characters`)
}

t.test('the state stays small over thousands of turns that end well, badly or not at all', async t => {
  const session = startXaiSession()
  const heard = 'conversation.item.input_audio_transcription'
  for (let i = 0; i < 9_999; i++) {
    const position = { item_id: `item_${i}`, content_index: 0 }
    session.up({ type: 'session.update', session: { instructions: `${i}`, voice: `voice_${i}` } })
    session.up({ type: 'input_audio_buffer.commit' })
    session.down({ type: `${heard}.delta`, ...position, delta: 'Hello' })
    if (i % 3 === 0) session.down({ type: `${heard}.completed`, ...position, transcript: 'Hello' })
    if (i % 3 === 1) session.down({ type: `${heard}.failed`, ...position })
    session.down({ type: 'response.done', response: { id: `resp_${i}`, output: [] } })
    bounded(session)
  }
  t.equal(session.state.updates.length, 16)
  t.equal(session.state.commits, 16)
  t.equal(session.state.transcripts.size, 8)
})

t.test('a transcript without end is told up to a length, and forgotten at its end', async t => {
  const session = startXaiSession()
  const delta = { type: 'conversation.item.input_audio_transcription.delta', item_id: 'a', content_index: 0, delta: 'x'.repeat(1000) }
  let told = 0
  for (let i = 0; i < 100; i++) told += session.down(delta).length
  t.equal(told, 32)
  bounded(session)
  session.down({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'a', content_index: 0, transcript: 'x' })
  t.equal(session.state.transcripts.size, 0)
})
