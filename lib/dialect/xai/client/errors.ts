import { isFields } from '../../fields.ts'
import { withParam } from '../../params.ts'
import type { PathPairs } from '../../params.ts'
import { askForResponse, cancelId, refusedResponse, refusedUpdate } from './state.ts'
import type { XaiClientState } from './state.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'

/** Where GA and xAI have the same field, or a part of it. */
const paths: PathPairs = [
  ['session.output_modalities', 'session.modalities'],
  ['session.max_output_tokens', 'session.max_response_output_tokens'],
  ['session.audio.output.voice', 'session.voice'],
  ['session.audio.input.turn_detection', 'session.turn_detection'],
  ['session.audio.input.transcription.language', 'session.audio.input.transcription.language_hint'],
  ['session.audio.input.transcription.keywords', 'session.audio.input.transcription.keyterms'],
  ['response.output_modalities', 'response.modalities'],
  ['response.max_output_tokens', 'response.max_response_output_tokens'],
  ['response.audio.output.voice', 'response.voice']
]

/** An `error` with the client's names of the event and the field at fault. One about an event that the client has not sent is dropped. */
export function showError (event: RealtimeEvent, state: XaiClientState): Translated {
  const { error } = event
  if (!isFields(error)) return event
  if (error.event_id === cancelId) return undefined
  // With `unsupported_feature` the gateway itself refuses an event, so the provider has refused nothing.
  const unanswered = error.code !== 'unsupported_feature' && refusedResponse(state, error.event_id)
  // A commit that was refused asks for no response.
  if (typeof error.code === 'string' && error.code.startsWith('input_audio_buffer_commit')) state.commits = Math.max(0, state.commits - 1)
  const refused = typeof error.event_id === 'string' ? refusedUpdate(state, error.event_id) : undefined
  if (refused?.hidden) return undefined
  const told = withParam(paths, error)
  const shown = refused?.unnamed || unanswered ? { ...event, error: { ...told, event_id: null } } : told === error ? event : { ...event, error: told }
  // A turn that was committed meanwhile still needs its response.
  return unanswered && state.due && state.running === 0 ? [shown, askForResponse(state)] : shown
}
