import type { RealtimeEvent } from '../../../types/index.ts'
import { PCM_24K, parseFormat } from './codec.ts'
import type { Entry, WireItem } from './conversation.ts'
import { softErrors } from './errors.ts'
import { createInputAudio } from './input-audio.ts'
import type { Utterance } from './input-audio.ts'
import type { VadSettings } from './vad.ts'
import type { XaiContext } from './xai-context.ts'

/** The input audio of an xAI session. */
interface XaiInput {
  append (bytes: Buffer): void
  commit (event: RealtimeEvent): void
  clear (): void
}

const LEAST_COMMIT_MS = 100

/** `interrupt` cancels the running response, `answer` starts the next one: both detected and committed turns do. */
export function createXaiInput (context: XaiContext, interrupt: () => void, answer: () => void): XaiInput {
  const { host, settings, conversation, emit, show } = context
  const buffer = createInputAudio()
  let open: Entry | undefined
  let startMs = 0
  let turns = 0

  function vadSettings (): VadSettings | undefined {
    const { turnDetection } = settings
    if (!turnDetection) return undefined
    const number = (value: unknown, otherwise: number): number => typeof value === 'number' ? value : otherwise
    return {
      threshold: number(turnDetection.threshold, 0.85),
      prefixPadding: number(turnDetection.prefix_padding_ms, 333),
      silence: number(turnDetection.silence_duration_ms, 500)
    }
  }

  function userItem (status: string): Entry {
    const wire: WireItem = {
      id: context.id(),
      object: 'realtime.item',
      type: 'message',
      status,
      role: 'user',
      content: [{ type: 'input_audio', transcript: '' }]
    }
    return { wire, said: '', audioMs: 0, finished: true }
  }

  function add (entry: Entry): void {
    conversation.add(entry)
    emit('conversation.item.added', { item: show(entry.wire), previous_item_id: conversation.previous(entry.wire.id) })
  }

  // What xAI hears is a snapshot that grows and may be revised; it repeats it as "completed, in progress".
  function hear ({ wire }: Entry, transcript: string, status: 'updated' | 'in_progress' | 'completed'): void {
    if (!settings.transcription) return
    const fields = { item_id: wire.id, transcript, content_index: 0 }
    if (status !== 'completed') emit('conversation.item.input_audio_transcription.updated', fields)
    if (status !== 'updated') emit('conversation.item.input_audio_transcription.completed', { ...fields, status })
  }

  function close (entry: Entry, utterance: Utterance): void {
    entry.said = host.hear(turns++, utterance.durationMs)
    entry.audioMs = utterance.durationMs
    entry.wire.status = 'completed'
    entry.wire.content = [{ type: 'input_audio', transcript: entry.said }]
  }

  const firstWords = (said: string, share: number): string => {
    const words = said.split(' ')
    return words.slice(0, Math.max(1, Math.floor(words.length * share))).join(' ')
  }

  return {
    append (bytes) {
      for (const event of buffer.append(bytes, parseFormat(settings.input.format) ?? PCM_24K, vadSettings())) {
        if (event.type === 'started') {
          startMs = event.startMs
          open = userItem('in_progress')
          emit('input_audio_buffer.speech_started', { item_id: open.wire.id, audio_start_ms: startMs })
          interrupt()
          add(open)
          if (settings.second) emit('input_audio_buffer.speech_started', { item_id: open.wire.id, audio_start_ms: startMs })
        } else if (open) {
          const entry = open
          open = undefined
          close(entry, buffer.take(startMs, event.endMs))
          hear(entry, firstWords(entry.said, 0.2), 'in_progress')
          emit('input_audio_buffer.speech_stopped', { item_id: entry.wire.id, audio_end_ms: event.endMs })
          emit('input_audio_buffer.committed', { item_id: entry.wire.id })
          hear(entry, firstWords(entry.said, 0.7), 'in_progress')
          hear(entry, entry.said, 'completed')
          answer()
        }
      }
    },
    commit (event) {
      if (buffer.durationMs < LEAST_COMMIT_MS) {
        context.refuse(softErrors.commitEmpty(buffer.durationMs), event)
        return
      }
      const endMs = buffer.elapsedMs
      const begun = open
      const entry = begun ?? userItem('completed')
      open = undefined
      const utterance = buffer.take()
      close(entry, utterance)
      if (!begun) emit('input_audio_buffer.speech_started', { item_id: entry.wire.id, audio_start_ms: Math.max(0, endMs - Math.round(utterance.durationMs)) })
      emit('input_audio_buffer.speech_stopped', { item_id: entry.wire.id, audio_end_ms: endMs })
      emit('input_audio_buffer.committed', { item_id: entry.wire.id })
      if (!begun) {
        add(entry)
        // The second generation shows such an item once more, as it was.
        if (settings.second) emit('conversation.item.added', { item: show({ ...entry.wire, status: 'in_progress' }), previous_item_id: conversation.previous(entry.wire.id) })
      }
      hear(entry, entry.said, 'completed')
      interrupt()
      answer()
      if (settings.second) hear(entry, entry.said, 'updated')
    },
    clear () {
      buffer.take()
      open = undefined
      emit('input_audio_buffer.cleared', {})
    }
  }
}
