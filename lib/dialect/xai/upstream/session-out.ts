import { fieldsOf, isFields, isSaid } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext, RealtimeEvent, Translated } from '../../../../types/index.ts'
import { audioFormatOut, transcriptionOut, voiceOut } from './audio-out.ts'
import { adjust, clamp, reasoningOut, refuse, wantsText, withoutForeign } from './nearest.ts'
import { defaultTurnDetection } from './state.ts'
import type { SessionConfig, XaiState } from './state.ts'
import { toolsOut } from './tools-out.ts'
import { turnDetectionIn, turnDetectionOut } from './turn-detection.ts'
import { expectUpdate, isSettled } from './updates.ts'
import { nameOf } from './values.ts'

// Fields of the beta shape. xAI shows them in its sessions, but is not known to obey them.
const flat = ['input_audio_format', 'output_audio_format', 'speed', 'temperature', 'max_response_output_tokens']

/** What xAI is told, and what there is to remember of it. */
interface Told {
  readonly fields: Fields
  readonly sessionConfig: Partial<SessionConfig>
}

/** `session.update` as xAI reads it (docs.x.ai, voice; the machine schema voice-realtime.ws.json). */
export function updateSession (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.session)) return event
  const { context } = state
  const { type, audio, output_modalities: modalities, reasoning, ...rest } = event.session
  if (type === 'transcription') refuse('session.type')
  const ownShape = type === undefined
  const textOnly = wantsText(modalities, 'session.output_modalities', context)
  const { input: inputSaid, output: outputSaid, ...otherAudio } = fieldsOf(audio)
  const input = inputOut(fieldsOf(inputSaid), context)
  const output = outputOut(fieldsOf(outputSaid), context)
  const sound = { ...otherAudio, ...nonEmpty('input', input.fields), ...nonEmpty('output', output.fields) }
  // Where both are said, xAI's own fields count.
  const own = ownConfig(rest, context)
  const detects = Object.hasOwn(input.sessionConfig, 'turnDetection') || Object.hasOwn(own, 'turnDetection')
  const session = {
    ...withoutForeign(rest, 'session', context),
    ...(Object.hasOwn(rest, 'tools') && { tools: toolsOut(rest.tools, 'session.tools', ownShape, context) }),
    ...reasoningOut(reasoning, 'session', context),
    ...nonEmpty('audio', sound),
    ...(own.voice === undefined ? unlessSaid('voice', rest, output.top) : { voice: own.voice.xai }),
    ...(isSemantic(rest.turn_detection) ? { turn_detection: turnDetectionOut(rest.turn_detection, 'session.turn_detection', context) } : {}),
    ...unlessSaid('turn_detection', rest, detects || isSettled(state) ? input.top : { turn_detection: defaultTurnDetection })
  }
  for (const name of flat) if (isSaid(rest[name])) context.adjusted(`session.${name}`, 'unknown')
  // An update needs an `event_id`, because xAI's errors name it.
  const given = nameOf(event.event_id)
  const id = given ?? `gateway_update_${++state.answers}`
  const sessionConfig = { ...input.sessionConfig, ...output.sessionConfig, ...(textOnly !== undefined && { textOnly }), ...own }
  state.ownShape = ownShape
  expectUpdate(state, { id, unnamed: given === undefined, sessionConfig, settles: detects || !isSettled(state) })
  return { ...event, event_id: id, session }
}

function ownConfig (rest: Fields, context: DialectContext): Partial<SessionConfig> {
  const voice = voiceOut(rest.voice, 'session.voice', context)
  return {
    ...(voice !== undefined && { voice }),
    ...(Object.hasOwn(rest, 'turn_detection') && { turnDetection: turnDetectionIn(isSemantic(rest.turn_detection) ? { ...rest.turn_detection, type: 'server_vad' } : rest.turn_detection) })
  }
}

/** `top`: what xAI wants at the top of the session. */
function inputOut (said: Fields, context: DialectContext): Told & { readonly top: Fields } {
  const { turn_detection: detection, noise_reduction: noise, transcription, format, ...rest } = said
  if (noise !== undefined && noise !== null) adjust(context, 'session.audio.input.noise_reduction')
  const transcribes = Object.hasOwn(said, 'transcription') ? transcriptionOut(transcription, context) : undefined
  const formats = audioFormatOut(format)
  const turnDetection = Object.hasOwn(said, 'turn_detection') ? { turn_detection: turnDetectionOut(detection, 'session.audio.input.turn_detection', context) } : {}
  return {
    fields: { ...formats.fields, ...transcribes?.fields, ...rest },
    sessionConfig: {
      ...transcribes?.sessionConfig,
      ...(formats.known !== undefined && { inputFormat: formats.known }),
      ...('turn_detection' in turnDetection && { turnDetection: turnDetectionIn(turnDetection.turn_detection) })
    },
    top: turnDetection
  }
}

function outputOut (said: Fields, context: DialectContext): Told & { readonly top: Fields } {
  const { voice: voiceSaid, speed: speedSaid, format, ...rest } = said
  const voice = voiceOut(voiceSaid, 'session.audio.output.voice', context)
  const formats = audioFormatOut(format)
  const speed = clamp(speedSaid, 0.7, 1.5, 'session.audio.output.speed', context)
  return {
    fields: { ...formats.fields, ...(speed !== undefined && speed !== null && { speed }), ...rest },
    sessionConfig: {
      ...(voice !== undefined && { voice }),
      ...(typeof speed === 'number' && { speed }),
      ...(formats.known !== undefined && { outputFormat: formats.known })
    },
    top: voice === undefined ? {} : { voice: voice.xai }
  }
}

/** Whether it is `semantic_vad`, which only OpenAI has, at whatever path the client says it. */
function isSemantic (said: unknown): said is Fields {
  return isFields(said) && said.type === 'semantic_vad'
}

/** A field that the client may have said at xAI's own path, which then counts. */
function unlessSaid (name: string, rest: Fields, top: Fields): Fields {
  return Object.hasOwn(rest, name) ? {} : top
}

function nonEmpty (name: 'audio' | 'input' | 'output', fields: Fields): Fields {
  return Object.keys(fields).length === 0 ? {} : { [name]: fields }
}
