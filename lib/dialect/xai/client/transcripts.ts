import { keep } from '../../bounded.ts'
import { isName } from '../../fields.ts'
import type { XaiClientState } from './state.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'

// OpenAI transcribes a few items at a time. A transcript of this many characters is half an hour of speech.
const maxTranscripts = 8
const maxLength = 32_768

/** xAI repeats the whole transcript so far with each change. */
export function transcriptDelta (event: RealtimeEvent, { snapshots, transcripts }: XaiClientState): Translated {
  const key = keyOf(event)
  const { delta, obfuscation, logprobs, type, ...ids } = event
  if (snapshots === false || key === undefined || typeof delta !== 'string') return undefined
  const transcript = (transcripts.get(key) ?? '') + delta
  // A longer one is shown at its end only, in `completed`.
  if (transcript.length > maxLength) return undefined
  keep(transcripts, key, transcript, maxTranscripts)
  return { type: 'conversation.item.input_audio_transcription.updated', ...ids, transcript }
}

export function transcriptCompleted (event: RealtimeEvent, state: XaiClientState): RealtimeEvent {
  return { ...forget(event, state), status: 'completed' }
}

/** xAI has no such event. It passes, and a client that knows it learns why there is no transcript. */
export function transcriptFailed (event: RealtimeEvent, state: XaiClientState): RealtimeEvent {
  return forget(event, state)
}

function forget (event: RealtimeEvent, { transcripts }: XaiClientState): RealtimeEvent {
  const key = keyOf(event)
  if (key !== undefined) transcripts.delete(key)
  return event
}

function keyOf ({ item_id: id, content_index: index }: RealtimeEvent): string | undefined {
  if (!isName(id)) return undefined
  return `${typeof index === 'number' ? index : 0} ${id}`
}
