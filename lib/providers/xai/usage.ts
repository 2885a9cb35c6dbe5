import { fieldsOf } from '../../dialect/fields.ts'
import { Counts, hasTokens, noUsage, readTokens } from '../usage.ts'
import type { RealtimeEvent, Usage } from '../../../types/index.ts'

/**
 * What xAI bills for an event (docs.x.ai, "Speech to Speech"): seconds of audio, told by `response.done`, and each item of text that the client adds.
 * Transcriptions of the input carry no usage; they are part of the minute.
 */
export function xaiUsage (event: RealtimeEvent): Usage | undefined {
  if (event.type === 'conversation.item.create') return isText(event['item']) ? { ...noUsage, of: 'item', textItems: 1 } : undefined
  if (event.type !== 'response.done') return undefined
  // It stands beside the response, whose own is `{}`.
  return responseUsage(event['usage']) ?? responseUsage(fieldsOf(event['response'])['usage'])
}

/** `usage` of `response.done`. @returns `undefined` where it has neither counts nor seconds */
export function responseUsage (raw: unknown): Usage | undefined {
  const counts = new Counts()
  const audioMs = counts.seconds(fieldsOf(raw)['billable_audio_seconds'])
  if (audioMs === undefined && !hasTokens(raw)) return undefined
  return { of: 'response', ...readTokens(raw, counts), ...(audioMs !== undefined && { audioMs, audioBasis: 'provider' as const }), doubtful: counts.doubtful }
}

/** A message or a scripted speech of text. A function's output and audio are free; a message with audio counts as audio, as LiteLLM reads it. */
function isText (item: unknown): boolean {
  const { type, content } = fieldsOf(item)
  if (type === 'function_call_output' || type === 'function_call' || !Array.isArray(content)) return false
  const kinds = content.map(part => fieldsOf(part)['type'])
  return kinds.some(kind => kind === 'input_text' || kind === 'output_text' || kind === 'text') && !kinds.some(kind => kind === 'input_audio' || kind === 'audio' || kind === 'output_audio')
}
