import { isFields } from './fields.ts'
import type { RealtimeEvent } from '../../types/index.ts'

/** A shape that a client can prove to speak by what it says. */
export type ProvenDialect = 'openai' | 'beta'

/** The events that may prove it; no others are read for it. */
export const tellingEvents: readonly string[] = ['session.update', 'transcription_session.update', 'response.create']

// GA requires `type`, and beta has none of these.
const ga = ['type', 'audio', 'output_modalities']
const beta = [
  'modalities', 'input_audio_format', 'output_audio_format', 'input_audio_transcription', 'temperature', 'max_response_output_tokens'
]

/**
 * Which of OpenAI's shapes a client's event proves that the client speaks. A header proves nothing: the samples for Grok voice send
 * `OpenAI-Beta` and listen for GA's events. Neither do `voice` and `turn_detection` at the top of a session, nor `modalities` in a
 * `response.create`: these are xAI's own fields, too. An event that has fields of both shapes proves GA, whose clients for xAI send
 * `modalities` beside `type`.
 * @returns `undefined` where a client of either may send the event
 */
export function evidenceOf (event: RealtimeEvent): ProvenDialect | undefined {
  const { type, session, response } = event
  if (type === 'transcription_session.update') return 'beta'
  if (type === 'response.create') return says(response, ['output_modalities']) ? 'openai' : undefined
  if (type !== 'session.update') return undefined
  return says(session, ga) ? 'openai' : says(session, beta) ? 'beta' : undefined
}

/** Whether any of the fields is there, even as `null`: whoever sends a field knows it. */
function says (value: unknown, names: readonly string[]): boolean {
  return isFields(value) && names.some(name => Object.hasOwn(value, name))
}
