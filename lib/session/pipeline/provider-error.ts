import { isFields } from '../../dialect/fields.ts'
import { readEvent, writeEvent } from '../../wire/json/event.ts'
import { redactSecrets } from '../../redact.ts'
import { redactReason } from '../close.ts'
import type { ProviderError, RealtimeEvent, Replacement, Stage } from '../../../types/index.ts'

/** A provider that ends a session for an error says so right before; an older error was not the end. */
const longestBefore = 5_000

const types: readonly string[] = ['error']

export interface ProviderErrors {
  /** Notes the errors that the provider tells, in its own words, and takes credentials out of what is sent on. */
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
        return cleaned(message.payload.toString(), secret)
      }
    },
    last: () => told !== undefined && now() - told.at <= longestBefore ? told.error : undefined
  }
}

// What SDKs match on. A provider's credential has no business there, and a client that gets another text than it knows is lost.
const kept: ReadonlySet<string> = new Set(['type', 'code', 'param', 'event_id'])

/** @returns `undefined` where the event holds no credential: it then passes as it came */
function cleaned (text: string, secret: string | undefined): Replacement | undefined {
  const event = readEvent(text)
  if (event === undefined) return undefined
  let found = false
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const shown = redactSecrets(value, secret)
      found ||= shown !== value
      return shown
    }
    if (Array.isArray(value)) return value.map(clean)
    return isFields(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, kept.has(name) ? inner : clean(inner)])) : value
  }
  const shown = clean(event) as RealtimeEvent
  return found ? { onward: [Buffer.from(writeEvent(shown))] } : undefined
}
