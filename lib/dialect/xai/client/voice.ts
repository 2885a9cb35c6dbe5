import { fieldsOf } from '../../fields.ts'
import type { XaiClientState } from './state.ts'

/**
 * OpenAI's name for a voice that the client asks for. xAI takes names in upper and lower case, and shows some with a prefix (`xai_ara`). A name
 * that is not in the table stays: it may be OpenAI's, or that of a custom voice.
 */
export function openaiVoice (voice: string, voices: Readonly<Record<string, string>>): string {
  const lower = voice.toLowerCase()
  const known = [voice, lower, lower.replace(/^xai_/, '')].find(name => Object.hasOwn(voices, name))
  return known === undefined ? voice : voices[known]!
}

/** The client's name of the voice that OpenAI speaks with: the one that it asked for, else the name in the table that leads to this voice. */
export function shownVoice (voice: unknown, { context, voice: own }: XaiClientState): unknown {
  const name = fieldsOf(voice).id ?? voice
  if (own !== undefined && name === own.sent) return own.asked
  return Object.entries(context.voices).find(([, openai]) => openai === name)?.[0] ?? name
}
