import { isFields } from '../../fields.ts'
import { withParam } from '../../params.ts'
import type { Places } from '../../params.ts'
import { cancelId, refusedUpdate } from './state.ts'
import type { XaiClientState } from './state.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'

/** Where GA and xAI have the same field, or a part of it. */
const places: Places = [
  ['session.audio.output.voice', 'session.voice'],
  ['session.audio.input.turn_detection', 'session.turn_detection'],
  ['session.audio.input.transcription.language', 'session.audio.input.transcription.language_hint'],
  ['session.audio.input.transcription.keywords', 'session.audio.input.transcription.keyterms'],
  ['response.audio.output.voice', 'response.voice']
]

/** An `error` with the client's names of the event and the field at fault; nothing where it is about what the client has not sent. */
export function showError (event: RealtimeEvent, state: XaiClientState): Translated {
  const { error } = event
  if (!isFields(error)) return event
  if (error.event_id === cancelId) return undefined
  // It may be that of a response that the gateway has asked for, unless the gateway itself refuses something.
  if (error.code !== 'unsupported_feature') state.asked = false
  // What was not taken asks for no answer.
  if (typeof error.code === 'string' && error.code.startsWith('input_audio_buffer_commit')) state.commits = Math.max(0, state.commits - 1)
  const refused = typeof error.event_id === 'string' ? refusedUpdate(state, error.event_id) : undefined
  if (refused?.hidden) return undefined
  const told = withParam(places, error)
  if (!refused?.unnamed && told === error) return event
  return { ...event, error: { ...told, ...refused?.unnamed && { event_id: null } } }
}
