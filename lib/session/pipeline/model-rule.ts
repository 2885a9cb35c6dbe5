import { GatewayError } from '../../errors.ts'
import { readEvent, writeEvent } from '../../wire/json/event.ts'
import { isFields, isName, omit } from '../../dialect/fields.ts'
import type { RealtimeEvent, Replacement, Stage } from '../../../types/index.ts'

/** Close code for a client that goes on doing what it was told not to. */
const policyViolation = 1008

/** Where an event may name a model, GA and beta (protocol: `session.model`, `response.model`). */
const parts = ['session', 'response'] as const

const types: readonly string[] = ['session.update', 'transcription_session.update', 'response.create']

export interface ModelRule {
  /** The provider's own name of the model that was chosen at connect. */
  readonly model: string
  /** What the client calls the same model. */
  readonly aliases: readonly string[]
  /**
   * What happens to another name: `false` takes the field out and lets the rest apply; `true` refuses the event, and ends the session with the
   * second.
   */
  readonly strict: boolean
  /** Whether the key may use some models only. An event that cannot be read is then refused: a more lenient parser may find a model in it. */
  readonly restricted: boolean
  /** Told the field that was taken out because it named another model. */
  adjusted (field: string): void
}

/**
 * The model is chosen at connect, and no event of the client may change it. Binary messages are read too, because a provider may read events
 * in both.
 */
export function createModelStage ({ model, aliases, strict, restricted, adjusted }: ModelRule): Stage {
  let refused = 0

  function refuse (event: RealtimeEvent | undefined, param: string): Replacement {
    const eventId = event?.event_id
    const error = new GatewayError('model_not_allowed', {
      ...(event === undefined && { message: 'The event could not be read, so the model that it names could not be checked.' }),
      param,
      ...(isName(eventId) && { eventId })
    })
    if (++refused > 1) return { onward: [], end: { error, closeCode: policyViolation } }
    return { onward: [], back: [Buffer.from(JSON.stringify(error.toEvent()))] }
  }

  return {
    types,
    binary: true,
    // For an open key, audio in the usual spelling passes unread. A second `type` behind the audio would be the provider's to judge.
    skims: !restricted,
    handle (message) {
      if (message.type === undefined) return undefined
      const event = message.event()
      // Not JSON to us may be JSON to a more lenient parser (NaN, a trailing comma).
      if (event === undefined) return restricted ? refuse(undefined, 'model') : undefined
      const named = fieldsNaming(event).filter(([, name]) => name !== model)
      if (named.length === 0) return undefined
      const [foreign] = named.find(([, name]) => !aliases.includes(name)) ?? []
      if (foreign !== undefined) {
        if (strict) return refuse(event, foreign)
        adjusted(foreign)
      }
      return { onward: [Buffer.from(writeEvent(withoutModels(readEvent(message.payload.toString())!, model)))] }
    }
  }
}

/** Each field of an event that names a model, and the name. */
function fieldsNaming (event: RealtimeEvent): Array<readonly [field: string, name: string]> {
  const found: Array<readonly [string, string]> = []
  if (typeof event['model'] === 'string') found.push(['model', event['model']])
  for (const part of parts) {
    const inner = event[part]
    if (isFields(inner) && typeof inner['model'] === 'string') found.push([`${part}.model`, inner['model']])
  }
  return found
}

function withoutModels (event: RealtimeEvent, model: string): RealtimeEvent {
  const isForeign = (fields: Readonly<Record<string, unknown>>): boolean => typeof fields['model'] === 'string' && fields['model'] !== model
  const out: Record<string, unknown> = { ...isForeign(event) ? omit(event, ['model']) : event }
  for (const part of parts) {
    const inner = out[part]
    if (isFields(inner) && isForeign(inner)) out[part] = omit(inner, ['model'])
  }
  return out as RealtimeEvent
}
