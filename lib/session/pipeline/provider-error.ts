import { isFields } from '../../dialect/fields.ts'
import { redactReason } from '../close.ts'
import type { ProviderError, Stage } from '../../../types/index.ts'

/** A provider that ends a session for an error says so right before; an older error was not the end. */
const longestBefore = 5_000

const types: readonly string[] = ['error']

export interface ProviderErrors {
  /** Notes the errors that the provider tells, in its own words. */
  readonly stage: Stage
  /** The error with which the session has just ended; `undefined` where there was none. */
  last (): ProviderError | undefined
}

/**
 * @param now the session's clock, in milliseconds
 * @param secret the provider's credential, which no text may repeat
 */
export function createProviderErrors (now: () => number, secret: string | undefined): ProviderErrors {
  let told: { readonly at: number, readonly error: ProviderError } | undefined
  return {
    stage: {
      types,
      handle (message) {
        const error = message.event()?.['error']
        if (!isFields(error)) return undefined
        const text = (name: string): string | undefined => typeof error[name] === 'string' ? redactReason(error[name], secret) : undefined
        told = { at: now(), error: { type: text('type'), code: text('code'), message: text('message') } }
        return undefined
      }
    },
    last: () => told !== undefined && now() - told.at <= longestBefore ? told.error : undefined
  }
}
