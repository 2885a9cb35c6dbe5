import type { VoicePrice } from '../../../types/index.ts'
import { fault } from './field.ts'
import type { Field } from './field.ts'
import type { Reader } from './reader.ts'
import type { Warnings } from './warnings.ts'

/** Custom prices of LiteLLM that a minute of voice can follow from. */
export const priceFields: readonly string[] = ['input_cost_per_second', 'output_cost_per_second', 'input_cost_per_audio_token', 'output_cost_per_audio_token']

// OpenAI, on Azure too, counts a token for 100 ms heard and for 50 ms spoken (platform.openai.com/docs/guides/realtime-costs).
const openaiInputTokens = 600
const openaiOutputTokens = 1200

/**
 * What a minute of voice costs, from a deployment's custom prices. Without both directions, or by tokens where nobody
 * knows how many a minute has, it stays unknown, with a warning.
 */
export function readPrice (fields: ReadonlyMap<string, Field>, target: string, reader: Reader, warnings: Warnings): VoicePrice | undefined {
  const [inputSecond, outputSecond, inputToken, outputToken] = priceFields.map(name => amount(fields.get(name), reader))
  const tokens = inputToken !== undefined && outputToken !== undefined && /^(?:openai\/gpt-|azure\/)/.test(target)
  // LiteLLM bills realtime by tokens where it can; its price per second of the call is one for both directions.
  const used = tokens ? priceFields.slice(2) : inputSecond !== undefined ? priceFields.slice(0, 2) : []
  for (const name of priceFields) {
    const field = fields.get(name)
    if (field === undefined || field.value === null || used.includes(name)) continue
    warnings.add('not_served', field, used.length > 0 ? 'has no effect here' : 'gives no price of a minute of voice; input_cost_per_second and output_cost_per_second do')
  }
  if (tokens) return perMinute(inputToken * openaiInputTokens, outputToken * openaiOutputTokens)
  if (inputSecond !== undefined) return perMinute(inputSecond * 60, (outputSecond ?? inputSecond) * 60)
  return undefined
}

function perMinute (input: number, output: number): VoicePrice {
  // Twelve digits: what is behind them is rounding of floating-point numbers.
  return { inputPerMinute: Number(input.toPrecision(12)), outputPerMinute: Number(output.toPrecision(12)) }
}

function amount (field: Field | undefined, reader: Reader): number | undefined {
  const value = reader.number(field)
  if (value !== undefined && value < 0) throw fault(field!, 'must not be negative')
  return value
}
