import { isName } from '../dialect/fields.ts'
import { GatewayError } from '../errors.ts'
import { parseJson } from '../wire/json/parse.ts'
import { createPeek } from '../wire/json/peek.ts'

/** A rule for what a client may send. */
export interface ClientRule {
  /** Whether this message may pass. */
  admits (text: Buffer): boolean
  /** What the client is told about a message that may not, and whether the session ends with it. */
  refusal (text: Buffer): { readonly error: GatewayError, readonly last: boolean }
}

// The events that may name a model, GA and beta (protocol: `session.model`, `response.model`).
const namesModel = createPeek(['session.update', 'transcription_session.update', 'response.create'])

/**
 * A key that may use some models only may not reach another by naming it in an event. The first such event is dropped
 * and answered with an error; the second ends the session.
 * @param allowed whether a model name in an event is one that the key may use
 */
export function createModelRule (allowed: (model: string) => boolean): ClientRule {
  let refused = 0
  return {
    admits (text) {
      if (namesModel(text) === undefined) return true
      const event = parse(text)
      // Not JSON to us may be JSON to a more lenient parser (NaN, a trailing comma).
      return event !== undefined && modelsIn(event).every(allowed)
    },
    refusal (text) {
      const event = parse(text)
      const eventId = event?.['event_id']
      const error = new GatewayError('model_not_allowed', {
        message: event === undefined ? 'The event could not be read, so the model that it names could not be checked.' : undefined,
        param: 'model',
        eventId: isName(eventId) ? eventId : undefined
      })
      return { error, last: ++refused > 1 }
    }
  }
}

type Fields = Record<string, unknown>

function parse (text: Buffer): Fields | undefined {
  try {
    const value = parseJson(text.toString())
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

function modelsIn (event: Fields): string[] {
  return [event, event['session'], event['response']]
    .map(part => isFields(part) ? part['model'] : undefined)
    .filter(model => typeof model === 'string')
}

function isFields (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
