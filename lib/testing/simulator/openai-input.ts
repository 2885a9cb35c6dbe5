import type { RealtimeEvent } from '../../../types/index.ts'
import type { AudioFormat } from './codec.ts'
import type { Entry } from './conversation.ts'
import { softErrors } from './errors.ts'
import { createInputAudio } from './input-audio.ts'
import type { Utterance } from './input-audio.ts'
import type { OpenAiContext } from './openai-context.ts'
import { transcribe } from './openai-transcription.ts'
import type { VadSettings } from './vad.ts'

/** What a turn of the user's audio starts. */
interface TurnEffects {
  interrupt (): void
  answer (): void
  isBusy (): boolean
}

/** The input audio of an OpenAI session: turns by voice detection or by hand. */
interface OpenAiInput {
  append (bytes: Buffer, format: AudioFormat): void
  commit (event: RealtimeEvent): void
  clear (): void
  /** The response is over: `idle_timeout_ms` begins. */
  waitForUser (): void
}

const LEAST_COMMIT_MS = 100
const IDLE_PROMPT = 'No user speech was detected for a while. Continue the conversation in a way that fits what was said before.'
// How long semantic_vad waits, by its eagerness.
const EAGERNESS_MS: Readonly<Record<string, number>> = { low: 900, medium: 500, auto: 500, high: 300 }

export function createOpenAiInput (context: OpenAiContext, effects: TurnEffects): OpenAiInput {
  const { host, session, conversation, emit } = context
  const buffer = createInputAudio()
  let itemId: string | undefined
  let startMs = 0
  let turns = 0
  let stopWaiting = (): void => {}

  function settings (): VadSettings | undefined {
    const detection = session.audio.input.turn_detection
    if (!detection) return undefined
    const semantic = EAGERNESS_MS[detection.eagerness ?? 'auto'] ?? 500
    return {
      threshold: detection.threshold ?? 0.5,
      prefixPadding: detection.prefix_padding_ms ?? 300,
      silence: detection.type === 'semantic_vad' ? semantic : detection.silence_duration_ms ?? 200
    }
  }

  function addTurn (utterance: Utterance, said: string): Entry {
    const wire = {
      id: itemId ?? context.id('item'),
      type: 'message',
      status: 'completed',
      role: 'user',
      content: [{ type: 'input_audio', transcript: null }]
    }
    itemId = undefined
    const entry: Entry = { wire, utterance, said, audioMs: utterance.durationMs, finished: true }
    const fields = { previous_item_id: conversation.lastId }
    emit('input_audio_buffer.committed', { ...fields, item_id: wire.id })
    conversation.add(entry)
    emit('conversation.item.added', { ...fields, item: wire })
    emit('conversation.item.done', { ...fields, item: wire })
    return entry
  }

  function take (utterance: Utterance): Entry {
    return addTurn(utterance, host.hear(turns++, utterance.durationMs))
  }

  function idle (): void {
    if (effects.isBusy()) return
    const now = buffer.elapsedMs
    itemId = context.id('item')
    emit('input_audio_buffer.timeout_triggered', { audio_start_ms: now, audio_end_ms: now, item_id: itemId })
    const system = { id: context.id('item'), type: 'message', status: 'completed', role: 'system', content: [{ type: 'input_text', text: IDLE_PROMPT }] }
    const fields = { previous_item_id: conversation.lastId, item: system }
    conversation.add({ wire: system, said: IDLE_PROMPT, audioMs: 0, finished: true })
    emit('conversation.item.added', fields)
    emit('conversation.item.done', fields)
    const entry = addTurn(buffer.take(), '')
    effects.answer()
    transcribe(context, entry)
  }

  return {
    append (bytes, format) {
      for (const event of buffer.append(bytes, format, settings())) {
        const detection = session.audio.input.turn_detection
        if (event.type === 'started') {
          stopWaiting()
          itemId = context.id('item')
          startMs = event.startMs
          emit('input_audio_buffer.speech_started', { audio_start_ms: startMs, item_id: itemId })
          if (detection?.interrupt_response !== false) effects.interrupt()
        } else {
          emit('input_audio_buffer.speech_stopped', { audio_end_ms: event.endMs, item_id: itemId })
          const entry = take(buffer.take(startMs, event.endMs))
          if (session.type === 'realtime' && detection?.create_response !== false) effects.answer()
          transcribe(context, entry)
        }
      }
    },
    commit (event) {
      if (buffer.durationMs < LEAST_COMMIT_MS) {
        context.refuse(softErrors.commitEmpty(buffer.durationMs), event)
        return
      }
      transcribe(context, take(buffer.take()))
    },
    clear () {
      buffer.take()
      itemId = undefined
      emit('input_audio_buffer.cleared', {})
    },
    waitForUser () {
      const wait = session.audio.input.turn_detection?.idle_timeout_ms
      stopWaiting()
      if (typeof wait === 'number') stopWaiting = host.clock.timer(wait, idle)
    }
  }
}
