import { base62 } from './random.ts'
import type { Random } from './random.ts'

/** Cuts a text into pieces of the size that providers stream: a word with its leading space, a mark, a long word in two. */
export function tokens (text: string): string[] {
  return text.match(/\s?[\p{L}\p{N}'’]{1,8}|\s?[^\p{L}\p{N}\s]|\s+/gu) ?? []
}

/** Cuts a text into sentences, each but the first with its leading space. */
export function sentences (text: string): string[] {
  return text.match(/\s*[^.!?]+[.!?]*/g) ?? []
}

/**
 * Padding that brings a delta to a multiple of 16 characters, so that the size of an encrypted frame does not tell
 * the length of the text in it (in OpenAI's text, transcript, transcription and argument deltas).
 */
export function obfuscation (delta: string, random: Random): string {
  return random.text((16 - delta.length % 16) % 16, base62)
}
