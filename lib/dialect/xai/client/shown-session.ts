import { GatewayError } from '../../../errors.ts'
import { fieldsOf, isFields, isName } from '../../fields.ts'
import { shownAudio, shownTranscription } from './audio.ts'
import { field } from './fields.ts'
import { acceptedUpdate } from './state.ts'
import type { XaiClientState } from './state.ts'
import { xaiTools } from './tools.ts'
import { shownVoice } from './voice.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'

/**
 * `session.created`, and the `conversation.created` that xAI sends behind it, which some of its clients wait for. A client that asked for an
 * older conversation gets an error too.
 */
export function showCreatedSession (event: RealtimeEvent, state: XaiClientState): Translated {
  const { event_id: eventId, session } = event
  const id = fieldsOf(session).id
  const conversation = {
    type: 'conversation.created',
    event_id: `${isName(eventId) ? eventId : 'event'}_conversation`,
    conversation: { id: `conv_${isName(id) ? id.replace(/^sess_/, '') : ''}`, object: 'realtime.conversation' },
    previous_item_id: null
  }
  const answers = state.context.resumes === true ? [noSuchConversation()] : []
  if (!isFields(session)) return [event, conversation, ...answers]
  const shown = {
    ...field('id', id),
    object: 'realtime.session',
    instructions: session.instructions ?? '',
    ...field('voice', shownVoice(fieldsOf(fieldsOf(session.audio).output).voice, state)),
    modalities: ['audio'],
    // xAI's default. The provider is told of it before anything else.
    turn_detection: { type: null },
    tools: xaiTools(session.tools ?? []),
    ...field('model', session.model)
  }
  return [{ ...event, session: shown }, conversation, ...answers]
}

/** Nothing of the older conversation is there; the client must not believe that it is heard. */
function noSuchConversation (): RealtimeEvent {
  const message = 'OpenAI cannot resume a conversation. This session is a new one.'
  return { ...new GatewayError('unsupported_feature', { param: 'conversation_id', message }).toEvent() }
}

/**
 * `session.updated`, whose session xAI shows by other keys than at the start.
 * @returns `undefined` where it answers what the client has not asked for
 */
export function showUpdatedSession (event: RealtimeEvent, state: XaiClientState): Translated {
  const { session } = event
  const detection = fieldsOf(fieldsOf(fieldsOf(session).audio).input).turn_detection
  const answered = acceptedUpdate(state, !isFields(detection))
  if (answered?.hidden) return undefined
  if (!isFields(session)) return event
  const { audio, tools } = session
  const shown = {
    ...field('instructions', session.instructions),
    ...field('turn_detection', detection),
    ...field('model', session.model),
    ...Array.isArray(tools) && tools.length > 0 && { tools: xaiTools(tools) },
    ...field('input_audio_transcription', shownTranscription(fieldsOf(fieldsOf(audio).input).transcription)),
    modalities: ['audio'],
    ...field('tool_choice', session.tool_choice),
    ...field('max_response_output_tokens', session.max_output_tokens),
    audio: shownAudio(audio),
    ...field('voice', shownVoice(fieldsOf(fieldsOf(audio).output).voice, state))
  }
  return { ...event, session: shown }
}
