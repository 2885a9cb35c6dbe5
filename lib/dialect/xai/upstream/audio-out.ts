import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext } from '../../../../types/index.ts'
import { adjust } from './nearest.ts'
import type { SessionConfig } from './state.ts'
import { nameOf } from './values.ts'

/** The audio format for xAI. It has PCM at many rates, OpenAI at one, which clients may leave out. `known`: the format, where it is to be remembered. */
export function audioFormatOut (said: unknown): { readonly fields: Fields, readonly known?: Fields } {
  if (said === undefined || said === null) return { fields: {} }
  if (!isFields(said)) return { fields: { format: said } }
  const format = said.type === 'audio/pcm' ? { rate: 24_000, ...said } : said
  const type = nameOf(format.type)
  if (type === undefined) return { fields: { format } }
  return { fields: { format }, known: { type, ...(typeof format.rate === 'number' && { rate: format.rate }) } }
}

// The voices of xAI that documents and recordings name (docs.x.ai, voice). There are more, and custom ones.
const known: ReadonlySet<string> = new Set(['eve', 'ara', 'rex', 'sal', 'leo', 'luna'])

/**
 * A voice by xAI's name, at whatever path the client says it. An unknown name passes, and the log tells it.
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
  // xAI's names are in lower case; the id of a custom voice stays as it is.
  if (named === undefined) return { client, xai: client }
  const xai = named.toLowerCase()
  if (!known.has(xai.replace(/^xai_/, ''))) adjusted(path, 'unknown')
  return { client, xai }
}

const field = 'session.audio.input.transcription'
const mostTerms = 100
const longestTerm = 50

/** Transcription for xAI, which has one model for it, and other names of the fields. */
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
  // Cut by characters, not by UTF-16 units.
  const near = terms.slice(0, mostTerms).map(term => [...term.slice(0, 2 * longestTerm)].slice(0, longestTerm).join(''))
  if (near.length < keywords.length || near.some((term, i) => term !== terms[i])) adjust(context, `${field}.keywords`)
  return near
}
