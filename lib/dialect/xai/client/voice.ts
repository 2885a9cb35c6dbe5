import { fieldsOf } from '../../fields.ts'
import type { XaiClientState } from './state.ts'

/**
 * OpenAI's name for a voice that the client asks for. xAI takes names in any case, and shows some of them as `xai_ara` itself. A name
 * that is not in the table may be one of OpenAI's, or of a voice of the user's own: it stays.
 */
export function openaiVoice (voice: string, voices: Readonly<Record<string, string>>): string {
  const lower = voice.toLowerCase()
  const known = [voice, lower, lower.replace(/^xai_/, '')].find(name => Object.hasOwn(voices, name))
  return known === undefined ? voice : voices[known]!
}

/** What the client calls the voice that OpenAI speaks with: as it asked for it, else by a name of the table that leads to it. */
export function shownVoice (voice: unknown, { context, voice: own }: XaiClientState): unknown {
  const name = fieldsOf(voice).id ?? voice
  if (own !== undefined && name === own.sent) return own.asked
  return Object.entries(context.voices).find(([, openai]) => openai === name)?.[0] ?? name
}
