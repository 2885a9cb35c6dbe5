import { keep } from '../../bounded.ts'
import { isFields } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { closeOutputs } from './closing.ts'
import { itemIn } from './items.ts'
import { filled, findKept } from './kept.ts'
import { most } from './state.ts'
import type { Running, XaiState } from './state.ts'
import { usageIn } from './usage.ts'
import { nameOf } from './values.ts'

export function beginResponse (event: RealtimeEvent, state: XaiState): Translated {
  if (!isFields(event.response)) return event
  const id = nameOf(event.response.id)
  const running = id === undefined ? undefined : state.running.get(id) ?? keep(state.running, id, begun(state, event.response.metadata), most.running)
  return { ...event, response: responseIn(event.response, { status: 'in_progress', status_details: null, output: [] }, null, running, state) }
}

/** Finds the request that a response answers: the one with the same metadata, else the oldest. Where there is none, the response answers a turn of the user. */
function begun (state: XaiState, metadata: unknown): Running {
  const { requests, sessionConfig } = state
  const same = isFields(metadata) ? requests.findIndex(request => isSame(request.metadata, metadata)) : -1
  if (same >= 0) state.echoes = true
  // A request without metadata, or one whose metadata came too late for xAI.
  const at = same >= 0 || !state.echoes ? Math.max(same, 0) : requests.findIndex(request => request.metadata === undefined || request.commit)
  const [request] = at < 0 ? [] : requests.splice(at, 1)
  const { eventId, commit = false, claimed = true, textOnly = sessionConfig.textOnly, voice, format, apart = false, metadata: asked, cancelled = false } = request ?? {}
  return { eventId, commit, claimed, textOnly, voice, format, apart, metadata: asked, cancelled, items: 0, shifted: false }
}

/** Metadata are compared by their names and texts, in any order. */
function isSame (asked: Fields | undefined, said: Fields): boolean {
  if (asked === undefined) return false
  const names = Object.keys(asked)
  return names.length === Object.keys(said).length && names.every(name => Object.hasOwn(said, name) && asked[name] === said[name])
}

export function endResponse (event: RealtimeEvent, state: XaiState): Translated {
  const { usage, response_id: _, response, ...rest } = event
  if (!isFields(response)) return event
  const id = nameOf(response.id)
  const running = state.running.get(id ?? '')
  const status = statusOf(response.status)
  const textOnly = running?.textOnly ?? state.sessionConfig.textOnly
  const said: readonly unknown[] = Array.isArray(response.output) ? response.output : []
  const told = said.map(item => isFields(item) ? itemIn(filled(item, findKept(state, item.id), state.context), textOnly) : item)
  const { closing, output } = id === undefined ? { closing: [], output: told } : closeOutputs(event, state, id, told, status)
  if (id !== undefined) state.running.delete(id)
  const lead = { status, status_details: detailsOf(response, status, running), output }
  return [...closing, { ...rest, response: responseIn(response, lead, usageIn(isFields(usage) ? usage : response.usage), running, state) }]
}

const statuses = new Set<unknown>(['completed', 'cancelled', 'failed', 'incomplete'])

function statusOf (said: unknown): string {
  if (said === undefined) return 'completed'
  return statuses.has(said) ? said as string : 'incomplete'
}

/** xAI says "unimplemented" here. */
function detailsOf (response: Fields, status: string, running: Running | undefined): Fields | null {
  if (status === 'completed') return null
  if (isFields(response.status_details)) return response.status_details
  if (status === 'cancelled') return { type: status, reason: running?.cancelled === true ? 'client_cancelled' : 'turn_detected' }
  return { type: status, ...(isFields(response.error) && { error: response.error }) }
}

/** A response in GA's shape, in OpenAI's order. */
function responseIn (said: Fields, lead: Fields, usage: Fields | null, running: Running | undefined, { sessionConfig, conversation }: XaiState): Fields {
  const { object: _, id, metadata, status, status_details: details, output, usage: spent, ...rest } = said
  return {
    object: 'realtime.response',
    id,
    ...lead,
    conversation_id: running?.apart === true ? null : conversation,
    output_modalities: [running?.textOnly ?? sessionConfig.textOnly ? 'text' : 'audio'],
    max_output_tokens: 'inf',
    audio: { output: { format: running?.format ?? sessionConfig.outputFormat, voice: running?.voice ?? sessionConfig.voice?.client } },
    usage,
    metadata: isFields(metadata) ? metadata : running?.metadata ?? null,
    ...rest
  }
}
