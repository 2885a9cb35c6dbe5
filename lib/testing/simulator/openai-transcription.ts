import type { Entry } from './conversation.ts'
import type { OpenAiContext } from './openai-context.ts'
import { obfuscation, tokens } from './text.ts'
import { transcriptionUsage } from './usage.ts'

const FIRST_DELTA_MS = 100

/** Streams what was heard in a committed turn, beside the response to it. */
export function transcribe (context: OpenAiContext, entry: Entry): void {
  const model = context.session.audio.input.transcription?.model
  if (model === undefined) return
  const { host, emit } = context
  const ids = { item_id: entry.wire.id, content_index: 0 }

  function * stream (asked: string): Generator<number, void> {
    yield FIRST_DELTA_MS
    if (context.azure && !host.models?.includes(asked)) {
      const message = `Input transcription failed for item '${entry.wire.id}'.`
      emit('conversation.item.input_audio_transcription.failed', {
        ...ids, error: { type: 'server_error', code: 'DeploymentNotFound', message, param: null }
      })
      return
    }
    // whisper-1 transcribes a turn as a whole, the others as it comes.
    for (const delta of asked === 'whisper-1' || entry.said === '' ? [entry.said] : tokens(entry.said)) {
      if (delta === '') continue
      emit('conversation.item.input_audio_transcription.delta', { ...ids, delta, obfuscation: obfuscation(delta, host.random) })
      yield 20 + host.random.int(60)
    }
    const part = entry.wire.content?.[0]
    if (part) part.transcript = entry.said
    emit('conversation.item.input_audio_transcription.completed', {
      ...ids, transcript: entry.said, usage: transcriptionUsage(asked, entry.said, entry.audioMs)
    })
  }

  host.clock.run(stream(model), () => true)
}
