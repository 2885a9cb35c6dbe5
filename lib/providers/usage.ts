import { fieldsOf, isFields, isSaid } from '../dialect/fields.ts'
import type { Usage } from '../../types/index.ts'

/** Nothing used. */
export const noUsage: Usage = Object.freeze({
  of: 'response',
  inputText: 0,
  inputAudio: 0,
  inputImage: 0,
  cachedText: 0,
  cachedAudio: 0,
  cachedImage: 0,
  outputText: 0,
  outputAudio: 0,
  reasoning: 0,
  textItems: 0,
  doubtful: false
})

// No context holds a thousandth of it, and millions of such turns still add up below 2^53.
const mostTokens = 1_000_000_000
const mostMs = 1_000_000_000

/** Reads numbers that may be anything, and remembers whether one of them was wrong. */
export class Counts {
  /** Whether something was missing, did not add up, or was no count. */
  doubtful = false

  /** A count of tokens: rounded, at least 0, at most a thousand millions. @returns `undefined` where there is none */
  tokens (said: unknown): number | undefined {
    return this.#count(said, 1, mostTokens)
  }

  /** Seconds, as whole milliseconds; fractions of a second are usual. @returns `undefined` where there is none */
  seconds (said: unknown): number | undefined {
    return this.#count(said, 1_000, mostMs)
  }

  #count (said: unknown, scale: number, most: number): number | undefined {
    if (!isSaid(said)) return undefined
    if (typeof said !== 'number' || Number.isNaN(said)) {
      this.doubtful = true
      return undefined
    }
    const count = Math.min(Math.max(Math.round(said * scale), 0), most)
    // A fraction of a token is wrong, one of a second is not.
    if (scale === 1 ? count !== said : said < 0 || count === most) this.doubtful = true
    return count
  }
}

/**
 * Token counts in OpenAI's shape: `input_tokens` with `input_token_details`, `output_tokens` with `output_token_details`. Each kind has its own
 * price and a total has none, so the parts win where they come to more than their total. What a total has beyond its parts counts
 * as text, the cheapest, and so does a total without parts: no more is charged than the provider has said.
 */
export function readTokens (raw: unknown, counts: Counts): Omit<Usage, 'of' | 'doubtful'> {
  const { input_tokens: inputTotal, output_tokens: outputTotal, input_token_details: inputDetails, output_token_details: outputDetails } = fieldsOf(raw)
  const input = parts(inputTotal, inputDetails, counts)
  const output = parts(outputTotal, outputDetails, counts)
  // Nobody gives out images in a realtime session, and there is no price for them: they count as text.
  if (output.image > 0) counts.doubtful = true
  output.text += output.image
  const cached = cachedParts(fieldsOf(inputDetails), input, counts)
  const reasoning = within(counts.tokens(fieldsOf(outputDetails)['reasoning_tokens']), output.text, counts)
  return {
    inputText: input.text,
    inputAudio: input.audio,
    inputImage: input.image,
    cachedText: cached.text,
    cachedAudio: cached.audio,
    cachedImage: cached.image,
    outputText: output.text,
    outputAudio: output.audio,
    reasoning,
    textItems: 0
  }
}

/** Whether a value has any of OpenAI's token counts. `{}`, as in xAI's responses, is none. */
export function hasTokens (raw: unknown): boolean {
  return isFields(raw) && ['input_tokens', 'output_tokens', 'input_token_details', 'output_token_details'].some(name => isSaid(raw[name]))
}

interface Parts { text: number, audio: number, image: number }

function parts (said: unknown, details: unknown, counts: Counts): Parts {
  const { text_tokens: text, audio_tokens: audio, image_tokens: image, grok_tokens: grok } = fieldsOf(details)
  const found = {
    // xAI's third kind, always 0 so far, and like the others without a price.
    text: (counts.tokens(text) ?? 0) + (counts.tokens(grok) ?? 0),
    audio: counts.tokens(audio) ?? 0,
    image: counts.tokens(image) ?? 0
  }
  const total = counts.tokens(said)
  if (total === undefined) return found
  const rest = total - (found.text + found.audio + found.image)
  if (rest !== 0) counts.doubtful = true
  return rest > 0 ? { ...found, text: found.text + rest } : found
}

/**
 * Cached tokens are a subset of the input, so no part is more than the input has of it. `cached_tokens` beyond the parts is spread where it saves
 * least: text, then images, then audio.
 */
function cachedParts ({ cached_tokens: said, cached_tokens_details: details }: Readonly<Record<string, unknown>>, input: Parts, counts: Counts): Parts {
  const { text_tokens: text, audio_tokens: audio, image_tokens: image } = fieldsOf(details)
  const found = {
    text: within(counts.tokens(text), input.text, counts),
    audio: within(counts.tokens(audio), input.audio, counts),
    image: within(counts.tokens(image), input.image, counts)
  }
  let rest = (counts.tokens(said) ?? found.text + found.audio + found.image) - (found.text + found.audio + found.image)
  if (rest !== 0) counts.doubtful = true
  for (const kind of ['text', 'image', 'audio'] as const) {
    const more = Math.min(Math.max(rest, 0), input[kind] - found[kind])
    found[kind] += more
    rest -= more
  }
  return found
}

function within (part: number = 0, whole: number, counts: Counts): number {
  if (part > whole) counts.doubtful = true
  return Math.min(part, whole)
}
