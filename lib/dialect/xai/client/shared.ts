import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { adjust } from '../../lacking.ts'
import type { DialectContext } from '../../../../types/index.ts'
import { field } from './fields.ts'

// What a session and a response have in common.

/** xAI's name for the most tokens of an answer is that of OpenAI's beta. */
export function maxTokens (said: Fields): Fields {
  return Object.hasOwn(said, 'max_output_tokens') ? {} : field('max_output_tokens', said.max_response_output_tokens)
}

/**
 * On xAI the effort is `high` or `none`. OpenAI's models without reasoning refuse any value.
 * @param part `session` or `response`
 */
export function reasoning (said: unknown, part: string, context: DialectContext): Fields {
  if (!isFields(said) || said.effort !== 'none') return field('reasoning', said)
  adjust(context, `${part}.reasoning.effort`, 'OpenAI cannot be told not to think: its models that do not think refuse to be told how.')
  return {}
}
