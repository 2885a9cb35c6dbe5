import type { Entry } from './conversation.ts'
import { tokens } from './text.ts'

/** What a response takes in and gives out, in tokens and milliseconds of audio. */
interface Output {
  readonly textTokens: number
  readonly audioMs: number
  /** Hidden thinking, part of the text tokens; only on models that reason. */
  readonly reasoningTokens?: number
}

interface Context {
  readonly text: number
  readonly audio: number
  readonly image: number
}

/**
 * Counts the tokens of one session. The input of a response is the whole conversation when it starts, again for each response. Its usage is
 * counted when it ends, however it ends.
 */
export type UsageMeter = (entries: readonly Entry[], prompt: string) => (output: Output) => Record<string, unknown>

// An item costs a few tokens beside its text: its role and its ends.
const ITEM_OVERHEAD = 3
const IMAGE_TOKENS = 85
/** Milliseconds of audio in one token: OpenAI in and out, xAI both (recorded: 104 tokens for 2.08 s). */
const OPENAI_INPUT_MS = 100
const OPENAI_OUTPUT_MS = 50
const XAI_MS = 20

/** OpenAI's `response.usage`: what was in the conversation before comes from the cache, in blocks of 64 tokens. */
export function createOpenAiMeter (): UsageMeter {
  let cachedText = 0
  let cachedAudio = 0
  return (entries, prompt) => {
    const input = context(entries, prompt, OPENAI_INPUT_MS)
    const inputTokens = input.text + input.audio + input.image
    return output => {
      const text = floor64(Math.min(cachedText, input.text))
      const audio = floor64(Math.min(cachedAudio, input.audio))
      const audioTokens = Math.ceil(output.audioMs / OPENAI_OUTPUT_MS)
      const textTokens = output.textTokens + (output.reasoningTokens ?? 0)
      cachedText = input.text + textTokens
      cachedAudio = input.audio + audioTokens
      return {
        total_tokens: inputTokens + textTokens + audioTokens,
        input_tokens: inputTokens,
        output_tokens: textTokens + audioTokens,
        input_token_details: {
          text_tokens: input.text,
          audio_tokens: input.audio,
          image_tokens: input.image,
          cached_tokens: text + audio,
          cached_tokens_details: { text_tokens: text, audio_tokens: audio, image_tokens: 0 }
        },
        output_token_details: {
          text_tokens: textTokens,
          audio_tokens: audioTokens,
          ...(output.reasoningTokens !== undefined && { reasoning_tokens: output.reasoningTokens })
        }
      }
    }
  }
}

/** xAI's `usage`, which stands beside the response in `response.done`. */
export function createXaiMeter (): UsageMeter {
  let billedMs = 0
  return (entries, prompt) => {
    const input = context(entries, prompt, XAI_MS)
    const heardMs = entries.reduce((sum, { wire, audioMs }) => sum + (wire.role === 'user' ? audioMs : 0), 0)
    return output => {
      const audioTokens = Math.ceil(output.audioMs / XAI_MS)
      const newMs = Math.max(0, heardMs - billedMs)
      billedMs = heardMs
      return {
        input_tokens: input.text + input.audio,
        input_token_details: { text_tokens: input.text, audio_tokens: input.audio, grok_tokens: 0 },
        output_tokens: output.textTokens + audioTokens,
        output_token_details: { text_tokens: output.textTokens, audio_tokens: audioTokens, grok_tokens: 0 },
        total_tokens: input.text + input.audio + output.textTokens + audioTokens,
        output_audio_seconds: output.audioMs / 1000,
        billable_audio_seconds: Math.max(1, Math.round((output.audioMs + newMs) / 1000))
      }
    }
  }
}

/** Usage of `…input_audio_transcription.completed`: tokens for the gpt-4o family, whole seconds for the others. */
export function transcriptionUsage (model: string, transcript: string, durationMs: number): Record<string, unknown> {
  if (!model.startsWith('gpt-4o')) return { type: 'duration', seconds: transcript === '' ? 0 : Math.ceil(durationMs / 1000) }
  const audio = Math.ceil(durationMs / OPENAI_INPUT_MS)
  const output = tokens(transcript).length
  return {
    type: 'tokens',
    total_tokens: audio + output,
    input_tokens: audio,
    input_token_details: { text_tokens: 0, audio_tokens: audio },
    output_tokens: output
  }
}

function context (entries: readonly Entry[], prompt: string, audioTokenMs: number): Context {
  const sum = { text: tokens(prompt).length + ITEM_OVERHEAD, audio: 0, image: 0 }
  for (const entry of entries) {
    sum.text += ITEM_OVERHEAD + textTokens(entry)
    sum.audio += Math.ceil(entry.audioMs / audioTokenMs)
    for (const part of entry.wire.content ?? []) if (part.type === 'input_image') sum.image += IMAGE_TOKENS
  }
  return sum
}

function textTokens ({ wire, said, audioMs }: Entry): number {
  if (wire.type === 'function_call') return tokens(`${wire.name ?? ''} ${wire.arguments ?? ''}`).length
  // The user's audio is read as audio; what the assistant spoke stays as its text too.
  return audioMs > 0 && wire.role === 'user' ? 0 : tokens(said).length
}

function floor64 (count: number): number {
  return Math.floor(count / 64) * 64
}
