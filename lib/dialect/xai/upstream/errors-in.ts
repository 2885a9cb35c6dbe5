import { fieldsOf } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { withParam } from '../../params.ts'
import type { PathPairs } from '../../params.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { createResponse, forgetRequest } from './requests.ts'
import type { XaiState } from './state.ts'
import { defaultEventId } from './turn-detection.ts'
import { refuseUpdate } from './updates.ts'
import { nameOf, textOf } from './values.ts'

const known = new Set(['invalid_request_error', 'server_error', 'rate_limit_error', 'insufficient_quota'])

/** Where xAI and GA have the same field. */
const paths: PathPairs = [
  ['session.modalities', 'session.output_modalities'],
  ['session.max_response_output_tokens', 'session.max_output_tokens'],
  ['session.voice', 'session.audio.output.voice'],
  ['session.turn_detection', 'session.audio.input.turn_detection'],
  ['session.audio.input.transcription.language_hint', 'session.audio.input.transcription.language'],
  ['session.audio.input.transcription.keyterms', 'session.audio.input.transcription.keywords'],
  ['session.input_audio_transcription', 'session.audio.input.transcription'],
  ['response.modalities', 'response.output_modalities'],
  ['response.voice', 'response.audio.output.voice']
]

/** xAI has error types of its own (docs.x.ai, voice). OpenAI's clients get them as codes. */
export function tellError (event: RealtimeEvent, state: XaiState): Translated {
  const error = fieldsOf(event.error)
  if (state.hiding && isAboutDefault(error)) {
    state.hiding = false
    return undefined
  }
  const unsent = forgetRequest(state, error)
  const refused = refuseUpdate(state, error.event_id)
  const said = nameOf(error.type) ?? 'internal_error'
  const type = known.has(said) ? said : said === 'internal_error' ? 'server_error' : 'invalid_request_error'
  const code = nameOf(error.code) ?? said
  const told = {
    ...event,
    error: {
      ...withParam(state.ownShape ? [] : paths, {
        ...error,
        type,
        code: code === 'max_duration' || said === 'max_duration' ? 'session_expired' : code,
        message: textOf(error.message, textOf(event.error, 'The provider reported an error.')),
        param: nameOf(error.param) ?? null
      }),
      event_id: refused?.unnamed === true ? null : nameOf(error.event_id) ?? null
    }
  }
  const asked = unsent === undefined ? undefined : createResponse(unsent, state)
  return asked === undefined ? told : [told, { answer: asked }]
}

/** Shows that an error which names no event is about turn detection. */
const aboutUpdate = /session\.update|turn_detection/i

/** Whether an error refuses the default turn detection that the gateway has sent by itself. */
function isAboutDefault ({ event_id: id, code, message, param }: Fields): boolean {
  return typeof id === 'string' ? id === defaultEventId : aboutUpdate.test(`${textOf(code, '')} ${textOf(message, '')} ${textOf(param, '')}`)
}
