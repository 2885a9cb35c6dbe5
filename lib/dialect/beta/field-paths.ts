import { isFields, omit } from '../fields.ts'
import type { Fields } from '../fields.ts'
import { at, cutAll, own, putAll } from './fields.ts'

/** One setting that both shapes have, at different paths or with different values. */
export interface FieldPath {
  /** The flat field of the beta shape. */
  readonly beta: string
  /** The way to it in the GA shape. */
  readonly ga: readonly string[]
  /** Default: the value is the same in both. */
  readonly toGa?: (value: unknown) => unknown
  readonly toBeta?: (value: unknown) => unknown
}

const modalities: FieldPath = {
  beta: 'modalities',
  ga: ['output_modalities'],
  // GA says `["audio"]` for speech with its transcript. Beta says `["text", "audio"]` for the same.
  toGa: value => spoken(value, ['audio']),
  toBeta: value => spoken(value, ['text', 'audio'])
}
const voice: FieldPath = { beta: 'voice', ga: ['audio', 'output', 'voice'] }
const outputFormat: FieldPath = { beta: 'output_audio_format', ga: ['audio', 'output', 'format'], toGa: formatToGa, toBeta: formatToBeta }
const maxTokens: FieldPath = { beta: 'max_response_output_tokens', ga: ['max_output_tokens'] }
const inputPaths: readonly FieldPath[] = [
  { beta: 'input_audio_format', ga: ['audio', 'input', 'format'], toGa: formatToGa, toBeta: formatToBeta },
  { beta: 'input_audio_transcription', ga: ['audio', 'input', 'transcription'] },
  { beta: 'input_audio_noise_reduction', ga: ['audio', 'input', 'noise_reduction'] }
]
const turnDetection: FieldPath = { beta: 'turn_detection', ga: ['audio', 'input', 'turn_detection'] }

/** The session object, in `session.*`. */
export const sessionPaths: readonly FieldPath[] = [
  modalities, voice, { beta: 'speed', ga: ['audio', 'output', 'speed'] }, ...inputPaths, outputFormat, turnDetection, maxTokens
]
/** The session object of a transcription session. */
export const transcriptionPaths: readonly FieldPath[] = [...inputPaths, {
  ...turnDetection,
  // A transcription session has no responses; GA does not know these fields in one.
  toGa: value => isFields(value) ? omit(value, ['create_response', 'interrupt_response']) : value
}]
/** What `response.create` asks for. */
export const responseParamPaths: readonly FieldPath[] = [modalities, voice, outputFormat, maxTokens]
/** The response object of the provider; `max_output_tokens` has the same name in both. */
export const responsePaths: readonly FieldPath[] = [modalities, voice, outputFormat]

/** Beta to GA. A field without a path in beta stays where it is. Where one is given at both paths, beta's counts. */
export function nest (flat: Fields, paths: readonly FieldPath[]): Fields {
  const said = paths.filter(({ beta }) => Object.hasOwn(flat, beta))
  return putAll(omit(flat, said.map(({ beta }) => beta)), said.map(({ beta, ga, toGa = same }) => [ga, toGa(flat[beta])]))
}

/** GA to beta. A field without a path in GA stays where it is. Where one is given at both paths, GA's counts. */
export function flatten (nested: Fields, paths: readonly FieldPath[]): Fields {
  const said = paths.filter(({ ga }) => at(nested, ga) !== undefined)
  if (said.length === 0) return nested
  const betas = said.map(({ beta, ga, toBeta = same }): [string, unknown] => [beta, toBeta(at(nested, ga))])
  return { ...cutAll(nested, said.map(({ ga }) => ga)), ...Object.fromEntries(betas) }
}

function same (value: unknown): unknown {
  return value
}

function spoken (value: unknown, speech: readonly string[]): unknown {
  if (!Array.isArray(value)) return value
  return value.includes('audio') ? speech : value.includes('text') ? ['text'] : value
}

const formats = [
  { beta: 'pcm16', type: 'audio/pcm', rate: 24_000, ga: { type: 'audio/pcm', rate: 24_000 } },
  { beta: 'g711_ulaw', type: 'audio/pcmu', rate: 8_000, ga: { type: 'audio/pcmu' } },
  { beta: 'g711_alaw', type: 'audio/pcma', rate: 8_000, ga: { type: 'audio/pcma' } }
] as const

function formatToGa (value: unknown): unknown {
  return formats.find(({ beta }) => beta === value)?.ga ?? value
}

/** A rate that beta has no name for passes as it is, for the other side to judge: audio read at another rate would be noise. */
function formatToBeta (value: unknown): unknown {
  if (!isFields(value)) return value
  const rate = own(value, 'rate') ?? undefined
  return formats.find(format => format.type === own(value, 'type') && (rate === undefined || rate === format.rate))?.beta ?? value
}
