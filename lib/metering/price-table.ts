import { rateOf } from './rate.ts'
import type { BilledKind, Price, Rate } from '../../types/index.ts'

// Dollars as the providers print them, per million tokens: input, cached input, output. `checked` is when the source was read. What the
// sources disagree on is resolved beside the row.

const checked = '2026-11-25'
const million = 1_000_000
const openaiPages = 'developers.openai.com, model pages'

type Rates = Price['rates']
type PerMillion = readonly [input: string | null, cached: string | null, output: string | null]

function tokens (text: PerMillion, audio: PerMillion, image: PerMillion = [null, null, null]): Rates {
  return given({
    inputText: text[0], cachedText: text[1], outputText: text[2], inputAudio: audio[0], cachedAudio: audio[1], outputAudio: audio[2], inputImage: image[0], cachedImage: image[1]
  }, million)
}

function given (dollars: Partial<Record<BilledKind, string | null>>, per: number): Rates {
  return Object.fromEntries(Object.entries(dollars).flatMap(([kind, amount]) => amount === null ? [] : [[kind, exactly(amount, per)]]))
}

/** Time is counted in milliseconds. */
function minutes (dollars: string): Rates {
  return { audioMs: exactly(dollars, 60_000) }
}

function exactly (dollars: string, per: number): Rate {
  return rateOf(dollars, per)!
}

function row (names: readonly string[], rates: Rates, source: string, more: Pick<Price, 'assumed' | 'regions'> = {}): Price[] {
  return names.map(model => ({ model, rates, source, checked, ...more }))
}

// The price of an image is one per image token: LiteLLM's field `input_cost_per_image` means the same 5 dollars per million.
const large: readonly [PerMillion, PerMillion] = [['32', '0.40', '64'], ['5', '0.50', null]]
const mini = tokens(['0.60', '0.06', '2.40'], ['10', '0.30', '20'], ['0.80', '0.08', null])
// LiteLLM's rows have it for both models of 2.1, and for no other one.
const regions = { eu: 11_000, us: 11_000 }

const openai: readonly Price[] = [
  // Text out is 24 for 2.1 and 2 by OpenAI's pages; LiteLLM has 16 for 2.
  ...row(['openai/gpt-realtime-2.1'], tokens(['4', '0.40', '24'], ...large), openaiPages, { regions }),
  ...row(['openai/gpt-realtime-2'], tokens(['4', '0.40', '24'], ...large), openaiPages),
  ...row(['openai/gpt-realtime-1.5', 'openai/gpt-realtime'], tokens(['4', '0.40', '16'], ...large), openaiPages),
  ...row(['openai/gpt-realtime-2.1-mini'], mini, openaiPages, { regions }),
  // LiteLLM's row without a date lacks the price of cached text; the dated ones have it.
  ...row(['openai/gpt-realtime-mini'], mini, openaiPages),
  // No map has the second; OpenAI's page has both at one price.
  ...row(['openai/gpt-realtime-whisper', 'openai/gpt-live-transcribe'], minutes('0.017'), openaiPages),
  ...row(['openai/gpt-transcribe'], minutes('0.0045'), openaiPages),
  ...row(['openai/gpt-realtime-translate'], minutes('0.034'), openaiPages),
  // Audio in is 6 and 3 by OpenAI's pages; LiteLLM has the price of text there. Cached input has no price of its own.
  ...row(['openai/gpt-4o-transcribe', 'openai/gpt-4o-transcribe-diarize'], tokens(['2.50', null, '10'], ['6', null, null]), openaiPages),
  ...row(['openai/gpt-4o-mini-transcribe'], tokens(['1.25', null, '5'], ['3', null, null]), openaiPages),
  // One price of a minute heard. LiteLLM lists it for input and for output; adding both would double it.
  ...row(['openai/whisper-1'], minutes('0.006'), openaiPages)
]

// No page of Azure's with numbers could be read; Global Standard is reported to cost what OpenAI does, a Data Zone 10 to 20 % more. LiteLLM has
// 4 dollars for cached text and audio where OpenAI has 0.40.
const azure: readonly Price[] = openai.filter(({ model }) => model !== 'openai/gpt-realtime-translate').map(({ model, rates, source }) => ({
  model: model.replace('openai/', 'azure/'), rates, source, checked, assumed: 'as OpenAI; Azure publishes no list, and a Data Zone costs more'
}))

const xaiNotes = 'docs.x.ai, release notes of October 2026; vercel.com/ai-gateway/models/grok-voice-3.0'
const xaiPages = 'docs.x.ai, models'
const text = given({ textItems: '0.004' }, 1)
const voice = { ...minutes('0.08'), ...text }
const voice1 = { ...minutes('0.05'), ...text }

const xai: readonly Price[] = [
  // 3.0 has the price of 2.0, and is `latest` since 2026-10-14; lists from before still have 0.05 for it. The price stands in release notes and at
  // resellers, while the section of xAI's own page came without a number.
  ...row(['xai/grok-voice-3.0', 'xai/grok-voice-latest', 'xai/grok-realtime', 'xai/grok-voice-2.0', 'xai/grok-voice-think-fast-2.0'], voice, xaiNotes),
  ...row(['xai/grok-voice-think-fast-1.0'], voice1, xaiPages),
  ...row(['xai/grok-voice-fast-1.0'], voice1, xaiPages, { assumed: 'as its successor, grok-voice-think-fast-1.0' }),
  // 0.20 dollars an hour, streaming; 1.0 is served by 2.0. In a voice session the transcription is part of the minute, and xAI tells no usage of it.
  ...row(['xai/grok-transcribe', 'xai/grok-voice-transcribe-1.0', 'xai/grok-voice-transcribe-2.0'], given({ audioMs: '0.20' }, 3_600_000), xaiPages)
]

/** What the providers' realtime and transcription models cost. */
export const priceTable: readonly Price[] = Object.freeze([...xai, ...openai, ...azure])
