import { fieldsOf, isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import type { SessionConfig, XaiState } from './state.ts'
import { turnDetectionIn } from './turn-detection.ts'
import { acceptUpdate, foresee } from './updates.ts'
import { nameOf, numberOf, textOf } from './values.ts'

/** xAI starts without turn detection. The client is shown OpenAI's default, which xAI is about to be told. */
export function createSession (event: RealtimeEvent, state: XaiState): Translated {
  const said = fieldsOf(event.session)
  return { ...event, session: sessionIn(said, state, turnDetectionIn(said.turn_detection) ?? state.sessionConfig.turnDetection) }
}

export function tellSession (event: RealtimeEvent, state: XaiState): Translated {
  if (state.hiding) {
    state.hiding = false
    return undefined
  }
  acceptUpdate(state)
  const said = fieldsOf(event.session)
  // xAI leaves `turn_detection` out where it is off, and where it was not asked for.
  const detection = isFields(said.turn_detection) ? turnDetectionIn(said.turn_detection) : state.accepted.sessionConfig.turnDetection
  return { ...event, session: sessionIn(said, state, detection) }
}

/** It passes: OpenAI's types have this event, and clients made for xAI wait for it. */
export function createConversation (event: RealtimeEvent, state: XaiState): Translated {
  state.conversation = nameOf(fieldsOf(event.conversation).id) ?? null
  return event
}

/** A whole session in GA's shape, in OpenAI's order. It shows what xAI has accepted, with the client's names for what xAI names differently. */
function sessionIn (said: Fields, state: XaiState, detection: Fields | null): Fields {
  const { sessionConfig } = state.accepted
  sessionConfig.id = nameOf(said.id) ?? sessionConfig.id
  sessionConfig.model = nameOf(said.model) ?? sessionConfig.model
  const voice = voiceIn(said.voice, sessionConfig)
  foresee(state)
  const { input, output } = fieldsOf(said.audio)
  return {
    type: 'realtime',
    object: 'realtime.session',
    id: sessionConfig.id,
    model: sessionConfig.model,
    output_modalities: [sessionConfig.textOnly ? 'text' : 'audio'],
    instructions: textOf(said.instructions, ''),
    tools: Array.isArray(said.tools) ? said.tools.map(flat) : [],
    tool_choice: typeof said.tool_choice === 'string' ? said.tool_choice : isFields(said.tool_choice) ? flat(said.tool_choice) : 'auto',
    max_output_tokens: 'inf',
    tracing: null,
    truncation: 'auto',
    prompt: null,
    audio: {
      input: {
        format: formatIn(fieldsOf(input).format, sessionConfig.inputFormat),
        transcription: transcriptionIn(said, sessionConfig),
        noise_reduction: null,
        turn_detection: detection
      },
      output: {
        format: formatIn(fieldsOf(output).format, sessionConfig.outputFormat),
        voice,
        speed: numberOf(fieldsOf(output).speed, sessionConfig.speed)
      }
    },
    include: null
  }
}

/** xAI repeats functions in an object of their own. */
function flat (tool: unknown): unknown {
  if (!isFields(tool) || tool.type !== 'function' || !isFields(tool.function)) return tool
  return { type: 'function', ...tool.function }
}

function formatIn (said: unknown, known: Fields): unknown {
  return isFields(said) ? said : known
}

function transcriptionIn (said: Fields, { transcription }: SessionConfig): Fields | null {
  const on = isFields(fieldsOf(fieldsOf(said.audio).input).transcription) || isFields(said.input_audio_transcription)
  return on ? { model: 'grok-transcribe', language: null, ...transcription, prompt: null } : null
}

/** The client's own name for the voice, where xAI speaks with the voice that this name stands for. */
function voiceIn (said: unknown, sessionConfig: SessionConfig): string | undefined {
  const name = nameOf(said)
  if (name !== undefined && (sessionConfig.voice === undefined || bare(sessionConfig.voice.xai) !== bare(name))) sessionConfig.voice = { client: bare(name), xai: bare(name) }
  return sessionConfig.voice?.client
}

/** A voice without the prefix that newer models give it. */
function bare (voice: string): string {
  return voice.toLowerCase().replace(/^xai_/, '')
}
