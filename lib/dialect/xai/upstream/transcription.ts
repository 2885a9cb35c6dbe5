import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { findKept, setTranscript, speechOf } from './kept.ts'
import { longestText } from './state.ts'
import type { Speech, XaiState } from './state.ts'
import { nameOf, numberOf, textOf } from './values.ts'

const prefix = 'conversation.item.input_audio_transcription'

/** xAI may send `speech_started` more than once, and also where turn detection is off. */
export function startSpeech (event: RealtimeEvent, state: XaiState): Translated {
  const id = nameOf(event.item_id)
  if (id === undefined) return event
  const speech = speechOf(state, id)
  if (speech.from !== undefined) return undefined
  speech.from = numberOf(event.audio_start_ms, 0)
  speech.shown = state.sessionConfig.turnDetection !== null
  return speech.shown ? event : undefined
}

export function stopSpeech (event: RealtimeEvent, state: XaiState): Translated {
  const id = nameOf(event.item_id)
  const speech = id === undefined ? undefined : speechOf(state, id)
  if (speech !== undefined) speech.until = numberOf(event.audio_end_ms, 0)
  // A client that has heard `speech_started` hears the end too, though it has switched detection off meanwhile.
  return state.sessionConfig.turnDetection === null && speech?.shown !== true ? undefined : event
}

/** xAI repeats the whole transcript so far and may revise it, while a delta can only add to what was told. */
export function updateTranscript (event: RealtimeEvent, state: XaiState): Translated {
  const { transcript, status, ...rest } = event
  const id = nameOf(event.item_id)
  if (id === undefined || typeof transcript !== 'string' || transcript.length > longestText) return undefined
  const speech = speechOf(state, id)
  if (speech.final || !transcript.startsWith(speech.told) || transcript === speech.told) return undefined
  const delta = transcript.slice(speech.told.length)
  speech.told = transcript
  return { ...rest, type: `${prefix}.delta`, content_index: numberOf(event.content_index, 0), delta }
}

export function completeTranscript (event: RealtimeEvent, state: XaiState): Translated {
  if (event.status === 'in_progress') return updateTranscript(event, state)
  const { status, ...rest } = event
  const id = nameOf(event.item_id)
  const speech = id === undefined ? undefined : speechOf(state, id)
  if (speech?.final === true) return undefined
  if (speech !== undefined) {
    speech.final = true
    speech.told = ''
  }
  setTranscript(findKept(state, id), event.content_index, event.transcript)
  return { ...rest, content_index: numberOf(event.content_index, 0), transcript: textOf(event.transcript, ''), usage: { type: 'duration', seconds: secondsOf(speech) } }
}

function secondsOf (speech: Speech | undefined): number {
  const { from, until } = speech ?? {}
  return from === undefined || until === undefined ? 0 : Math.max(0, Math.round((until - from) / 1000))
}
