import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext } from '../../../../types/index.ts'
import { adjust } from './nearest.ts'
import type { SessionConfig } from './state.ts'
import { nameOf } from './values.ts'

/** xAI has PCM in many rates; OpenAI in one, which clients may leave out. `known`: what to remember of it. */
export function audioFormatOut (said: unknown): { readonly fields: Fields, readonly known?: Fields } {
  if (said === undefined || said === null) return { fields: {} }
  if (!isFields(said)) return { fields: { format: said } }
  const format = said.type === 'audio/pcm' ? { rate: 24_000, ...said } : said
  const type = nameOf(format.type)
  if (type === undefined) return { fields: { format } }
  return { fields: { format }, known: { type, ...(typeof format.rate === 'number' && { rate: format.rate }) } }
}

// Those of xAI's own that documents and recordings name (docs.x.ai, voice); there are more, and voices of one's own.
const known: ReadonlySet<string> = new Set(['eve', 'ara', 'rex', 'sal', 'leo', 'luna'])

/**
 * A voice by xAI's name, wherever the client says it. A name that nobody knows passes, and is told.
 * @param path of the voice in the client's event
 * @returns `undefined` where no voice is said
 */
export function voiceOut (said: unknown, path: string, { voices, adjusted }: DialectContext): SessionConfig['voice'] {
  const named = nameOf(said)
  const client = named ?? (isFields(said) ? nameOf(said.id) : undefined)
  if (client === undefined) return undefined
  for (const name of [client, client.toLowerCase()]) {
    if (Object.hasOwn(voices, name)) return { client, xai: voices[name]! }
  }
  // xAI's names are lower-case; the id of a voice of one's own is what it is.
  if (named === undefined) return { client, xai: client }
  const xai = named.toLowerCase()
  if (!known.has(xai.replace(/^xai_/, ''))) adjusted(path, 'unknown')
  return { client, xai }
}

const field = 'session.audio.input.transcription'
const mostTerms = 100
const longestTerm = 50

/** xAI has one model that transcribes, and its own names for the rest. */
export function transcriptionOut (said: unknown, context: DialectContext): { readonly fields: Fields, readonly sessionConfig: Partial<SessionConfig> } {
  if (!isFields(said)) return { fields: { transcription: said }, sessionConfig: said === null ? { transcription: undefined } : {} }
  const { model, language, languages, keywords, prompt, delay, ...rest } = said
  for (const [name, value] of Object.entries({ languages, prompt, delay })) {
    if (value !== undefined && value !== null) adjust(context, `${field}.${name}`)
  }
  const transcription = {
    model: 'grok-transcribe',
    ...(language !== undefined && language !== null && { language_hint: language }),
    ...(Array.isArray(keywords) && { keyterms: keytermsOut(keywords, context) }),
    ...rest
  }
  return { fields: { transcription }, sessionConfig: { transcription: { model: nameOf(model) ?? 'grok-transcribe', language: nameOf(language) ?? null } } }
}

function keytermsOut (keywords: readonly unknown[], context: DialectContext): readonly string[] {
  const terms = keywords.filter(word => typeof word === 'string')
  // By characters: half of one is none.
  const near = terms.slice(0, mostTerms).map(term => [...term.slice(0, 2 * longestTerm)].slice(0, longestTerm).join(''))
  if (near.length < keywords.length || near.some((term, i) => term !== terms[i])) adjust(context, `${field}.keywords`)
  return near
}
