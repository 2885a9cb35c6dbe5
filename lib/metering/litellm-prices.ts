import { rateOf, shareOf } from './rate.ts'
import type { BilledKind, Price, Rate } from '../../types/index.ts'

type Fields = Readonly<Record<string, unknown>>

// The first name that has a price counts. Unit: tokens and items are priced by the one, time by the second or minute.
const names: ReadonlyArray<readonly [kind: BilledKind, ...fields: ReadonlyArray<readonly [name: string, per: number]>]> = [
  ['inputText', ['input_cost_per_token', 1]],
  ['inputAudio', ['input_cost_per_audio_token', 1]],
  // Of realtime models `input_cost_per_image` is the price of an image's token, whatever its name says.
  ['inputImage', ['input_cost_per_image_token', 1], ['input_cost_per_image', 1]],
  ['cachedText', ['cache_read_input_token_cost', 1]],
  // Most rows have the rate of reading cached audio under the name of writing it; nobody bills the writing.
  ['cachedAudio', ['cache_read_input_audio_token_cost', 1], ['cache_creation_input_audio_token_cost', 1]],
  ['cachedImage', ['cache_read_input_image_token_cost', 1]],
  ['outputText', ['output_cost_per_token', 1]],
  ['outputAudio', ['output_cost_per_audio_token', 1]],
  // whisper-1 has its one price under input and output. It is counted once: the first that is above 0, for other rows have a 0 beside it.
  ['audioMs', ['input_cost_per_second', 1_000], ['input_cost_per_minute', 60_000], ['output_cost_per_second', 1_000], ['output_cost_per_minute', 60_000]],
  ['textItems', ['input_cost_per_text_message', 1]]
]

/** Every field of LiteLLM's that is a price here. */
export const priceFieldNames: readonly string[] = names.flatMap(([, ...fields]) => fields.map(([name]) => name))

/**
 * The rates in an entry of LiteLLM's, of its price file or of a deployment, exactly as written there. What is no price is passed over.
 * @returns no rates where there is no price
 */
export function ratesOf (entry: Fields): Price['rates'] {
  const rates: Partial<Record<BilledKind, Rate>> = {}
  for (const [kind, ...fields] of names) {
    const found = fields.flatMap(([name, per]) => rateOf(Object.hasOwn(entry, name) ? entry[name] : undefined, per) ?? [])
    const rate = found.find(({ nanos }) => nanos > 0n) ?? found[0]
    if (rate !== undefined) rates[kind] = rate
  }
  return rates
}

/**
 * The rows of LiteLLM's `model_prices_and_context_window.json`, parsed, that may price a session: its realtime and transcription models. An entry that cannot be
 * read is left out, and its model stays unpriced, which shows.
 * @param checked what its rows say of their age, ISO 8601; the file has no date
 */
export function litellmPrices (file: unknown, checked?: string): Price[] {
  if (typeof file !== 'object' || file === null) return []
  return Object.entries(file).flatMap(([name, entry]: [string, unknown]) => {
    if (typeof entry !== 'object' || entry === null) return []
    const fields = entry as Fields
    if (fields['mode'] !== 'realtime' && fields['mode'] !== 'audio_transcription') return []
    const rates = ratesOf(fields)
    if (Object.keys(rates).length === 0) return []
    const provider = fields['litellm_provider']
    const eu = shareIn(fields['regional_processing_uplift_multiplier_eu'])
    const us = shareIn(fields['regional_processing_uplift_multiplier_us'])
    return [{
      // OpenAI's own names have no provider in front of them.
      model: typeof provider !== 'string' || name.startsWith(`${provider}/`) ? name : `${provider}/${name}`,
      rates,
      source: typeof fields['source'] === 'string' ? fields['source'] : 'model_prices_and_context_window.json',
      ...(checked !== undefined && { checked }),
      ...((eu ?? us) !== undefined && { regions: { ...(eu !== undefined && { eu }), ...(us !== undefined && { us }) } })
    }]
  })
}

/** A multiplier like 1.1, in hundredths of a percent. A finer one is passed over. */
function shareIn (multiplier: unknown): number | undefined {
  const rate = rateOf(multiplier, 1_000_000_000)
  const share = rate && shareOf(rate, 100_000_000)
  return share?.per === 1n && share.nanos <= 1_000_000n ? Number(share.nanos) : undefined
}
