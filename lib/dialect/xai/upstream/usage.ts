import { fieldsOf } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { numberOf } from './values.ts'

/** Usage in GA's shape, with every number of GA's. Numbers that only xAI has stay. */
export function usageIn (said: unknown): Fields {
  const {
    total_tokens: total, input_tokens: input, output_tokens: output, input_token_details: inputDetails, output_token_details: outputDetails, ...rest
  } = fieldsOf(said)
  const { text_tokens: text, audio_tokens: audio, image_tokens: image, cached_tokens: cached, cached_tokens_details: cachedDetails, ...others } = fieldsOf(inputDetails)
  const inputTokens = numberOf(input, 0)
  const outputTokens = numberOf(output, 0)
  return {
    total_tokens: numberOf(total, inputTokens + outputTokens),
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: {
      text_tokens: numberOf(text, 0),
      audio_tokens: numberOf(audio, 0),
      image_tokens: numberOf(image, 0),
      cached_tokens: numberOf(cached, 0),
      cached_tokens_details: numbers(cachedDetails, ['text_tokens', 'audio_tokens', 'image_tokens']),
      ...others
    },
    output_token_details: { ...fieldsOf(outputDetails), ...numbers(outputDetails, ['text_tokens', 'audio_tokens']) },
    ...rest
  }
}

function numbers (said: unknown, names: readonly string[]): Fields {
  const fields = fieldsOf(said)
  return Object.fromEntries(names.map(name => [name, numberOf(fields[name], 0)]))
}
