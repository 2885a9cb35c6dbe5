import { fieldsOf, isFields, isSaid, omit } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { adjust, refuse } from '../../lacking.ts'
import { field } from './fields.ts'
import type { DialectContext } from '../../../../types/index.ts'

/** What `grok-transcribe` becomes: a transcription model of OpenAI's that takes a language. */
const transcriptionModel = 'gpt-4o-mini-transcribe'

const keywordModels: ReadonlySet<unknown> = new Set(['gpt-transcribe', 'gpt-live-transcribe'])

const ownInput: readonly string[] = ['format', 'transport', 'transcription', 'turn_detection']
const ownOutput: readonly string[] = ['format', 'transport', 'voice']

/**
 * `audio.input` of a session, without the fields that GA has at another path or with another meaning.
 * @throws GatewayError for what OpenAI cannot hear
 */
export function openaiInput (said: unknown): Fields {
  const input = fieldsOf(said)
  return { ...omit(input, ownInput), ...codec(input, 'session.audio.input') }
}

/**
 * `audio.output` of a session or a response.
 * @param voice by OpenAI's name
 * @param path in the client's event
 * @throws GatewayError for what OpenAI cannot speak
 */
export function openaiOutput (said: unknown, voice: unknown, path: string): Fields {
  const output = fieldsOf(said)
  return { ...omit(output, ownOutput), ...codec(output, path), ...field('voice', voice) }
}

/** OpenAI has PCM at 24 kHz and G.711, and all of it in JSON. */
function codec ({ format, transport }: Fields, path: string): Fields {
  if (isSaid(transport) && transport !== 'json') refuse(`${path}.transport`, 'OpenAI sends and takes audio in JSON only.')
  if (!isFields(format)) return field('format', format)
  const { rate, ...others } = format
  if (format.type === 'audio/opus') refuse(`${path}.format.type`, 'OpenAI has no audio/opus, but audio/pcm, audio/pcmu and audio/pcma.')
  if (format.type === 'audio/pcmu' || format.type === 'audio/pcma') return { format: others }
  if (format.type === 'audio/pcm' && isSaid(rate) && rate !== 24_000) refuse(`${path}.format.rate`, 'OpenAI has audio/pcm at 24000 Hz only.')
  return { format: { ...others, ...field('rate', rate) } }
}

/** @param path of the field in the client's event */
export function openaiTranscription (said: unknown, path: string, context: DialectContext): unknown {
  if (!isFields(said)) return said
  const { model: named, language_hint: hint, keyterms, ...others } = said
  const model = !isSaid(named) || (typeof named === 'string' && named.startsWith('grok-')) ? transcriptionModel : named
  return { ...others, model, ...field('language', language(hint, path, context)), ...keywords(keyterms, model, path, context) }
}

/** xAI takes BCP 47 (`es-MX`), OpenAI ISO 639-1 (`es`). */
function language (hint: unknown, path: string, context: DialectContext): unknown {
  if (typeof hint !== 'string') return hint
  const [language, region] = hint.split(/[-_]/, 2)
  if (region !== undefined) adjust(context, `${path}.language_hint`, 'OpenAI takes the language, and no region.')
  return language!.toLowerCase()
}

function keywords (terms: unknown, model: unknown, path: string, context: DialectContext): Fields {
  if (!isSaid(terms) || (Array.isArray(terms) && terms.length === 0)) return {}
  if (keywordModels.has(model)) return { keywords: terms }
  adjust(context, `${path}.keyterms`, `OpenAI's ${transcriptionModel} takes no key terms.`)
  return {}
}

/**
 * What the client says of voice detection, in xAI's field or else in OpenAI's.
 * @returns `undefined` where it says nothing
 */
export function turnDetection (session: Fields): { readonly turn_detection: unknown } | undefined {
  const holder = [session, fieldsOf(fieldsOf(session.audio).input)].find(fields => Object.hasOwn(fields, 'turn_detection'))
  if (holder === undefined) return undefined
  const said = holder.turn_detection
  return { turn_detection: isFields(said) && (said.type === null || Object.keys(said).length === 0) ? null : said }
}

/** What xAI shows of a session's audio, without the transcription, which it shows in two fields. */
export function shownAudio (audio: unknown): Fields {
  const { input, output } = fieldsOf(audio)
  const transcription = shownTranscription(fieldsOf(input).transcription)
  return {
    input: { ...field('format', fieldsOf(input).format), transport: 'json', ...field('transcription', transcription) },
    output: { ...field('format', fieldsOf(output).format), transport: 'json' }
  }
}

export function shownTranscription (transcription: unknown): unknown {
  if (!isFields(transcription)) return transcription
  const { model, language } = transcription
  return { model: model === transcriptionModel ? 'grok-transcribe' : model, ...field('language_hint', language) }
}
