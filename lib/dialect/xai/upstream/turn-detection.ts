import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { DialectContext, RealtimeEvent } from '../../../../types/index.ts'
import { adjust, clamp } from './nearest.ts'
import { defaultTurnDetection } from './state.ts'
import type { XaiState } from './state.ts'
import { isSettled } from './updates.ts'

/** `event_id` of the update that turns OpenAI's default on. The client never hears of it. */
export const defaultEventId = 'gateway_default_turn_detection'

/**
 * Turns OpenAI's default on before the client's first event, unless that is a `session.update`, which sets turn detection itself.
 */
export function opening (type: string | undefined, state: XaiState): readonly RealtimeEvent[] | undefined {
  // As long as xAI may refuse the update that sets turn detection, this is asked again.
  if (isSettled(state)) return state.updates.length > 0 ? undefined : []
  if (type === 'session.update') return undefined
  state.accepted.settled = true
  state.hiding = true
  return [{ type: 'session.update', event_id: defaultEventId, session: { turn_detection: defaultTurnDetection } }]
}

// How much silence ends a turn, in milliseconds, by the `eagerness` of a `semantic_vad`.
const silences = new Map<unknown, number>([['low', 1000], ['high', 200]])
const otherwise = 500

/**
 * Turn detection for xAI, which detects silence only and takes numbers in narrower bounds. `null` stays: it is off.
 * @param field the path of it in the client's event
 */
export function turnDetectionOut (said: unknown, field: string, context: DialectContext): unknown {
  if (!isFields(said)) return said
  if (said.type === null) return null
  const { type = 'server_vad', eagerness, ...rest } = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null))
  const semantic = type === 'semantic_vad'
  if (semantic) adjust(context, `${field}.type`)
  // xAI answers every turn that it detects, whatever this says.
  if (rest.create_response === false) adjust(context, `${field}.create_response`)
  const silence = semantic ? silences.get(eagerness) ?? otherwise : rest.silence_duration_ms
  return {
    type: semantic ? 'server_vad' : type,
    create_response: true,
    interrupt_response: true,
    ...rest,
    ...(rest.threshold !== undefined && { threshold: clamp(rest.threshold, 0.1, 0.9, `${field}.threshold`, context) }),
    ...(silence !== undefined && { silence_duration_ms: clamp(silence, 0, 10_000, `${field}.silence_duration_ms`, context) })
  }
}

// In the order in which OpenAI tells them.
const numbers = ['threshold', 'prefix_padding_ms', 'silence_duration_ms', 'idle_timeout_ms']
const switches = ['create_response', 'interrupt_response']

/** Turn detection in GA's shape, from what xAI was told or shows. */
export function turnDetectionIn (said: unknown): Fields | null {
  if (!isFields(said) || said.type !== 'server_vad') return null
  return {
    type: 'server_vad',
    ...Object.fromEntries(numbers.filter(name => typeof said[name] === 'number').map(name => [name, said[name]])),
    ...Object.fromEntries(switches.map(name => [name, said[name] !== false]))
  }
}
