import t from 'tap'
import { evidenceOf, tellingEvents } from '../../lib/dialect/evidence.ts'
import type { ProvenDialect } from '../../lib/dialect/evidence.ts'
import type { RealtimeEvent } from '../../types/index.ts'

const update = (session: unknown): RealtimeEvent => ({ type: 'session.update', session })
const create = (response?: unknown): RealtimeEvent => ({ type: 'response.create', response })

const rows: ReadonlyArray<readonly [what: string, event: RealtimeEvent, proves: ProvenDialect | undefined]> = [
  ['session.type', update({ type: 'realtime' }), 'openai'],
  ['session.type of a transcription session', update({ type: 'transcription' }), 'openai'],
  ['session.audio', update({ audio: { output: { voice: 'marin' } } }), 'openai'],
  ['output_modalities of a session', update({ output_modalities: ['audio'] }), 'openai'],
  ['output_modalities of a response', create({ output_modalities: ['text'] }), 'openai'],
  ['GA beside fields of beta, as clients for xAI send', update({ type: 'realtime', modalities: ['audio'], voice: 'ara', temperature: 0.8 }), 'openai'],
  ['whatever the order of the fields', update({ modalities: ['audio'], type: 'realtime' }), 'openai'],

  ['modalities of a session', update({ modalities: ['text', 'audio'] }), 'beta'],
  ['input_audio_format', update({ input_audio_format: 'g711_ulaw', voice: 'alloy' }), 'beta'],
  ['output_audio_format', update({ output_audio_format: 'pcm16' }), 'beta'],
  ['input_audio_transcription', update({ input_audio_transcription: { model: 'whisper-1' } }), 'beta'],
  ['input_audio_transcription switched off', update({ input_audio_transcription: null }), 'beta'],
  ['temperature', update({ temperature: 0.8 }), 'beta'],
  ['max_response_output_tokens', update({ max_response_output_tokens: 'inf' }), 'beta'],
  ['transcription_session.update', { type: 'transcription_session.update', session: { input_audio_format: 'pcm16' } }, 'beta'],
  ['transcription_session.update without a session', { type: 'transcription_session.update' }, 'beta'],

  ['modalities of a response', create({ modalities: ['text'], instructions: 'Be brief.' }), undefined],
  ['a bare response.create', create(), undefined],
  ['fields of beta in a response', create({ temperature: 0.8, output_audio_format: 'pcm16', max_response_output_tokens: 1 }), undefined],
  ['voice and turn_detection at the top, which xAI has there', update({ voice: 'ara', turn_detection: { type: 'server_vad' }, instructions: 'Be brief.' }), undefined],
  ['an empty session', update({}), undefined],
  ['no session', update(undefined), undefined],
  ['a session that is none', update('realtime'), undefined],
  ['a list in its place', update(['type']), undefined],
  ['what all objects inherit', update(Object.create({ type: 'realtime' })), undefined],
  ['fields in the event itself', { type: 'session.update', audio: {}, modalities: [] }, undefined],
  ['sound', { type: 'input_audio_buffer.append', audio: 'AA==' }, undefined],
  ['an item', { type: 'conversation.item.create', session: { type: 'realtime' }, item: { type: 'message', content: [{ type: 'text', text: 'Hi' }] } }, undefined]
]

t.test('what a client says proves the shape that it speaks, or nothing', async t => {
  for (const [what, event, proves] of rows) t.equal(evidenceOf(event), proves, what)
})

t.test('no event proves anything that is not among those to be read for it', async t => {
  for (const [what, event, proves] of rows) if (proves !== undefined) t.ok(tellingEvents.includes(event.type), what)
  t.strictSame([...new Set(rows.filter(([, , proves]) => proves !== undefined).map(([, { type }]) => type))].sort(), [...tellingEvents].sort())
})
