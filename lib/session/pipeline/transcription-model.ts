import { isFields } from '../../dialect/fields.ts'
import { GatewayError } from '../../errors.ts'
import { readEvent, writeEvent } from '../../wire/json/event.ts'
import type { RealtimeEvent, Stage, StageResult } from '../../../types/index.ts'

// Where an update names the model of a transcription session, in GA and in beta.
const paths = [['session', 'audio', 'input', 'transcription', 'model'], ['session', 'input_audio_transcription', 'model']] as const

/** One name that an update gives. */
interface Named {
  readonly path: readonly string[]
  readonly name: string
}

/**
 * A transcription session is told its model by an update, not by its address. This stage asks `choose` about each name, and replaces it by
 * the provider's own.
 * @param choose gives the provider's name of a model. It gives a promise where another upstream has to be dialled and to replace the
 * session's first. It throws, or rejects with, a `GatewayError` for a model that the client may not have: the update is then refused, and the
 * session goes on.
 */
export function createTranscriptionStage (choose: (name: string, field: string) => string | Promise<string>): Stage {
  return {
    types: ['session.update', 'transcription_session.update'],
    binary: true,
    skims: true,
    handle (message) {
      if (message.type === undefined) return undefined
      const event = message.event()
      const named = event && namedIn(event)
      if (event === undefined || named === undefined) return undefined
      const text = message.payload.toString()
      const say = (model: string): StageResult => model === named.name ? undefined : { onward: [Buffer.from(renamed(text, named.path, model))] }
      try {
        const chosen = choose(named.name, named.path.join('.'))
        return typeof chosen === 'string' ? say(chosen) : chosen.then(say).catch(cause => refused(cause, event, named))
      } catch (cause) {
        return refused(cause, event, named)
      }
    }
  }
}

/** Drops the `session.created` of an upstream that replaces the first: the client has heard one. */
export function createWithholding (): { readonly stage: Stage, readonly arm: () => void } {
  let armed = false
  return {
    arm () { armed = true },
    stage: {
      types: ['session.created', 'transcription_session.created'],
      handle () {
        if (!armed) return undefined
        armed = false
        return { onward: [] }
      }
    }
  }
}

function namedIn (event: RealtimeEvent): Named | undefined {
  for (const path of paths) {
    const name = path.reduce<unknown>((fields, key) => isFields(fields) ? fields[key] : undefined, event)
    if (typeof name === 'string') return { path, name }
  }
  return undefined
}

/** The same event with another name; every number in it stays as it is written. */
function renamed (text: string, path: readonly string[], name: string): string {
  const set = (fields: unknown, [key, ...rest]: readonly string[]): unknown =>
    key === undefined ? name : { ...fields as object, [key]: set((fields as Record<string, unknown>)[key], rest) }
  return writeEvent(set(readEvent(text), path) as RealtimeEvent)
}

function refused (cause: unknown, { event_id: eventId }: RealtimeEvent, { path }: Named): StageResult {
  if (!(cause instanceof GatewayError)) throw cause
  const { code, message } = cause
  const told = new GatewayError(code, { message, param: path.join('.'), ...(typeof eventId === 'string' && { eventId }) })
  return { onward: [], back: [Buffer.from(JSON.stringify(told.toEvent()))] }
}
