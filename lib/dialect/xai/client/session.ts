import { GatewayError } from '../../../errors.ts'
import { fieldsOf, isFields, isName, isSaid, omit } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { adjust, refuse } from '../../lacking.ts'
import { openaiInput, openaiOutput, openaiTranscription, turnDetection } from './audio.ts'
import { field, section } from './fields.ts'
import { sentUpdate } from './state.ts'
import type { XaiClientState } from './state.ts'
import { maxTokens, reasoning } from './shared.ts'
import { openaiTools } from './tools.ts'
import { openaiVoice } from './voice.ts'
import type { DialectContext, RealtimeEvent, Translated } from '../../../../types/index.ts'

/** Settings that OpenAI has no equal for, each with the value that asks for nothing. */
const foreign: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['temperature', -1], ['enable_noise_suppression', false], ['keep_context', false], ['enable_phonetic_spelling', false]
])

// Fields that GA does not have, or has elsewhere.
const own: readonly string[] = [
  'type', 'object', 'id', 'model', 'modalities', 'voice', 'turn_detection', 'tools', 'reasoning', 'resumption', 'replace', 'audio',
  'input_audio_transcription', 'max_response_output_tokens', ...foreign.keys()
]
const sections: readonly string[] = ['input', 'output']

/**
 * `session.update` in GA's shape (docs.x.ai, voice). The first one that says nothing of turn detection switches it off, because that is xAI's
 * default.
 * @throws GatewayError for what OpenAI cannot do
 */
export function updateSession (event: RealtimeEvent, state: XaiClientState): Translated {
  const { session } = event
  // A malformed event passes: OpenAI's own error says what is wrong.
  if (!isFields(session) || !isSound(session)) return send(event, undefined, state)
  const { context } = state
  const audio = fieldsOf(session.audio)
  const asked = session.voice ?? fieldsOf(audio.output).voice
  const voice = typeof asked === 'string' ? { asked, sent: openaiVoice(asked, context.voices) } : undefined
  const detection = turnDetection(session) ?? (state.settled || state.updates.length > 0 ? {} : { turn_detection: null })
  const transcription = saidTranscription(session)

  refuseForeign(session, context)
  const translated = {
    type: 'realtime',
    ...omit(session, own),
    ...maxTokens(session),
    ...field('tools', openaiTools(session.tools, 'session.tools')),
    ...reasoning(session.reasoning, 'session', context),
    ...section('audio', {
      ...omit(audio, sections),
      ...section('input', {
        ...openaiInput(audio.input),
        ...transcription && { transcription: openaiTranscription(...transcription, context) },
        ...detection
      }),
      ...section('output', openaiOutput(audio.output, voice?.sent ?? asked, 'session.audio.output'))
    })
  }

  if (isName(voice?.asked)) state.voice = voice
  if (isFields(transcription?.[0])) state.snapshots = state.snapshots === true || isSaid(transcription[0].model)
  const sent = send({ ...event, session: translated }, 'turn_detection' in detection ? detection.turn_detection === null : undefined, state)
  // The session works without resumption, but the client must not believe that it can be resumed.
  return wantsResumption(session) ? [sent, { answer: noResumption(event) }] : sent
}

function wantsResumption ({ resumption }: Fields): boolean {
  const { enabled } = fieldsOf(resumption)
  return isSaid(enabled) && enabled !== false
}

function noResumption ({ event_id: id }: RealtimeEvent): RealtimeEvent {
  const message = 'OpenAI cannot resume a session. What else the update says has been passed on.'
  return { ...new GatewayError('unsupported_feature', { param: 'session.resumption.enabled', message, eventId: isName(id) ? id : undefined }).toEvent() }
}

/** An update under an id by which the provider can refuse it. */
function send (event: RealtimeEvent, manual: boolean | undefined, state: XaiClientState): RealtimeEvent {
  const given: unknown = event.event_id
  // With an `event_id` that is no valid id the provider refuses the event, by an error that names no event.
  if (isSaid(given) && !isName(given)) return event
  const unnamed = !isName(given)
  const id = unnamed ? `gateway_update_${++state.unnamed}` : given
  sentUpdate(state, { id, unnamed, manual, hidden: false })
  return unnamed ? { ...event, event_id: id } : event
}

/** Whether each part of the session that is read here is an object or absent. */
function isSound ({ audio }: Fields): boolean {
  const { input, output } = fieldsOf(audio)
  return [audio, input, output].every(part => !isSaid(part) || isFields(part))
}

function refuseForeign ({ replace, ...session }: Fields, context: DialectContext): void {
  if (context.strict && wantsResumption(session)) refuse('session.resumption.enabled', 'OpenAI cannot resume a session.')
  if (isSaid(replace) && !(isFields(replace) && Object.keys(replace).length === 0)) refuse('session.replace', 'OpenAI cannot be told how to pronounce words.')
  for (const [name, idle] of foreign) {
    if (isSaid(session[name]) && session[name] !== idle) adjust(context, `session.${name}`, `OpenAI has nothing like ${name}.`)
  }
}

/** The settings of transcription and their path, where the client says something of it; xAI shows them in two fields. */
function saidTranscription (session: Fields): readonly [said: unknown, path: string] | undefined {
  const input = fieldsOf(fieldsOf(session.audio).input)
  if (Object.hasOwn(input, 'transcription')) return [input.transcription, 'session.audio.input.transcription']
  if (Object.hasOwn(session, 'input_audio_transcription')) return [session.input_audio_transcription, 'session.input_audio_transcription']
  return undefined
}
