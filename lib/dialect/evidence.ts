import { isFields } from './fields.ts'
import type { RealtimeEvent } from '../../types/index.ts'

/** A shape that a client can prove to speak by what it says. */
export type ProvenDialect = 'openai' | 'beta'

/** The events that may prove it. No other needs to be read for it. */
export const tellingEvents: readonly string[] = ['session.update', 'transcription_session.update', 'response.create']

// GA requires the first, and the beta shape has none of them.
const ga = ['type', 'audio', 'output_modalities']
const beta = [
  'modalities', 'input_audio_format', 'output_audio_format', 'input_audio_transcription', 'temperature', 'max_response_output_tokens'
]

/**
 * Which of OpenAI's shapes a client's event proves that the client speaks. A header proves nothing: the samples for Grok voice send
 * `OpenAI-Beta` and listen for GA's events. Neither do `voice` and `turn_detection` at the top of a session, nor `modalities` in a
 * `response.create`: these are xAI's own fields, too. An event that has fields of both shapes proves GA, whose clients for xAI send
 * `modalities` beside `type`.
 * @returns `undefined` where the event may come of either
 */
export function evidenceOf (event: RealtimeEvent): ProvenDialect | undefined {
  const { type, session, response } = event
  if (type === 'transcription_session.update') return 'beta'
  if (type === 'response.create') return says(response, ['output_modalities']) ? 'openai' : undefined
  if (type !== 'session.update') return undefined
  return says(session, ga) ? 'openai' : says(session, beta) ? 'beta' : undefined
}

/** Whether any of the fields is there. `null` asks for the default of a field that its sender knows. */
function says (value: unknown, names: readonly string[]): boolean {
  return isFields(value) && names.some(name => Object.hasOwn(value, name))
}
