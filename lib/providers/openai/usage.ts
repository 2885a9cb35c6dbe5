import { fieldsOf, isFields } from '../../dialect/fields.ts'
import { Counts, hasTokens, noUsage, readTokens } from '../usage.ts'
import type { RealtimeEvent, Usage } from '../../../types/index.ts'

/**
 * What OpenAI and Azure bill for an event (platform.openai.com/docs/api-reference/realtime-server-events): each `response.done`, a cancelled one
 * for what it had generated, and each transcription of the input, which is a charge of its own at the price of the transcription model.
 */
export function openaiUsage (event: RealtimeEvent): Usage | undefined {
  if (event.type === 'response.done') return responseUsage(fieldsOf(event['response'])['usage'])
  if (event.type === 'conversation.item.input_audio_transcription.completed') return transcriptionUsage(event['usage'])
  return undefined
}

/** `response.usage` of `response.done`. @returns `undefined` where it has no counts */
export function responseUsage (raw: unknown): Usage | undefined {
  if (!hasTokens(raw)) return undefined
  const counts = new Counts()
  return { of: 'response', ...readTokens(raw, counts), doubtful: counts.doubtful }
}

/**
 * `usage` of a transcription: `{ type: 'duration', seconds }` of whisper-like models, or `{ type: 'tokens', … }` of the gpt-4o family, whose output is
 * text and has no details. What it holds decides, whatever `type` says; with both, seconds and tokens are told, and the price takes what it needs.
 */
export function transcriptionUsage (raw: unknown): Usage | undefined {
  if (!isFields(raw)) return undefined
  const counts = new Counts()
  const audioMs = counts.seconds(raw['seconds'])
  if (audioMs === undefined && !hasTokens(raw)) return undefined
  const tokens = hasTokens(raw) ? readTokens({ output_token_details: { text_tokens: raw['output_tokens'] }, ...raw }, counts) : noUsage
  return { ...tokens, of: 'transcription', ...(audioMs !== undefined && { audioMs, audioBasis: 'provider' as const }), doubtful: counts.doubtful }
}
