import { parseFormat } from './codec.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import type { Fields } from './fields.ts'

/** The models of xAI's realtime service; any other name is silently replaced by the first. */
const XAI_MODELS = ['grok-voice-latest', 'grok-voice-think-fast-2.0', 'grok-voice-think-fast-1.0', 'grok-voice-fast-1.0']

/** Settings of an xAI session. */
export interface XaiSettings {
  readonly id: string
  readonly model: string
  /** The second model generation shows a few things differently. */
  readonly second: boolean
  instructions: string
  voice: string | undefined
  turnDetection: Readonly<Record<string, unknown>> | undefined
  tools: Readonly<Record<string, unknown>>[]
  toolChoice: unknown
  transcription: Readonly<Record<string, unknown>> | undefined
  input: Side
  output: Side
}

interface Side { format: unknown, transport: unknown }

const PCM = { type: 'audio/pcm', rate: 24_000 }

export function xaiSettings (id: string, requested: string | null): XaiSettings {
  const model = requested !== null && XAI_MODELS.includes(requested) ? requested : XAI_MODELS[0]!
  return {
    id,
    model,
    second: model.includes('2.0'),
    instructions: '',
    voice: undefined,
    turnDetection: undefined,
    tools: [],
    toolChoice: 'auto',
    transcription: undefined,
    input: { format: PCM, transport: 'json' },
    output: { format: PCM, transport: 'json' }
  }
}

/** The `session` of `session.created`. */
export function createdSession (settings: XaiSettings): Fields {
  return {
    id: settings.id,
    object: 'realtime.session',
    instructions: settings.instructions,
    voice: settings.second ? 'xai_ara' : 'ara',
    modalities: ['audio'],
    turn_detection: { type: null },
    tools: [],
    model: settings.model
  }
}

/** The `session` of `session.updated`: other keys than at the start, and no id. */
export function updatedSession (settings: XaiSettings): Fields {
  const { instructions, second, turnDetection, model, voice, tools, transcription, toolChoice, input, output } = settings
  return {
    instructions,
    enable_noise_suppression: !second,
    ...(turnDetection && { turn_detection: turnDetection }),
    model,
    ...(voice !== undefined && { voice }),
    ...(tools.length > 0 && { tools }),
    keep_context: false,
    enable_phonetic_spelling: false,
    ...(transcription && { input_audio_transcription: { model: transcription.model } }),
    modalities: ['audio'],
    input_audio_format: 'not specified',
    output_audio_format: 'not specified',
    tool_choice: toolChoice,
    temperature: -1.0,
    max_response_output_tokens: 'inf',
    audio: { input: { ...input, ...(transcription && { transcription }) }, output }
  }
}

/**
 * Takes a `session.update`: xAI wants `voice` and `turn_detection` at the top, and ignores them where OpenAI has them.
 * @returns the error that refuses it.
 */
export function updateXaiSettings (settings: XaiSettings, given: unknown): SoftError | undefined {
  if (!isFields(given)) return { code: 'invalid_request_error', message: 'session.update needs a session.', param: 'session' }
  const audio = isFields(given.audio) ? given.audio : {}
  const input = isFields(audio.input) ? audio.input : {}
  const output = isFields(audio.output) ? audio.output : {}
  if (!parseFormat(input.format) || !parseFormat(output.format)) {
    return { code: 'invalid_audio_format', message: 'The audio format is not supported.', param: 'session.audio' }
  }
  if (typeof given.instructions === 'string') settings.instructions = given.instructions
  if (typeof given.voice === 'string') settings.voice = given.voice
  if (given.turn_detection !== undefined) {
    settings.turnDetection = isFields(given.turn_detection) && typeof given.turn_detection.type === 'string' ? given.turn_detection : undefined
  }
  if (Array.isArray(given.tools)) settings.tools = given.tools.filter(isFields).map(nested)
  if (given.tool_choice !== undefined) settings.toolChoice = given.tool_choice
  const transcription = input.transcription ?? given.input_audio_transcription
  if (transcription !== undefined) settings.transcription = isFields(transcription) ? transcription : undefined
  for (const [side, from] of [[settings.input, input], [settings.output, output]] as const) {
    if (from.format !== undefined) side.format = from.format
    if (from.transport !== undefined) side.transport = from.transport
  }
  return undefined
}

// xAI shows functions in the nested form, whichever form they came in.
function nested (tool: Fields): Fields {
  if (tool.type !== 'function' || isFields(tool.function)) return tool
  const { name, description, parameters } = tool
  return { type: 'function', function: { name, ...(description !== undefined && { description }), parameters } }
}
