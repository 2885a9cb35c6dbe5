import { fieldsOf, isFields, isSaid, omit } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import { openaiOutput } from './audio.ts'
import { field, section } from './fields.ts'
import { openaiItem, shownItem } from './items.ts'
import { askForResponse, cancelId, isManual } from './state.ts'
import type { XaiClientState } from './state.ts'
import { maxTokens, reasoning } from './shared.ts'
import { openaiTools } from './tools.ts'
import { openaiVoice } from './voice.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'

const own: readonly string[] = ['modalities', 'voice', 'tools', 'audio', 'input', 'reasoning', 'max_response_output_tokens']
const output: readonly string[] = ['output']
// Fields that xAI's responses do not have, OpenAI's name of the voice among them. The client knows its conversation by another id.
const unshown: readonly string[] = ['audio', 'conversation_id', 'output_modalities', 'max_output_tokens']

// A bound, for a provider that never answers.
const maxCommits = 16

/** Without turn detection xAI answers a commit by itself. OpenAI has to be asked when it has accepted the commit. */
export function commitAudio (event: RealtimeEvent, state: XaiClientState): RealtimeEvent {
  if (isManual(state)) state.commits = Math.min(state.commits + 1, maxCommits)
  return event
}

const cancel = { answer: { type: 'response.cancel', event_id: cancelId } }

/** The turn interrupts the running response, as on xAI: OpenAI runs one at a time. */
export function showCommitted (event: RealtimeEvent, state: XaiClientState): Translated {
  if (state.commits === 0) return event
  state.commits--
  if (state.running === 0 && !state.asked) return [event, askForResponse(state)]
  state.due = true
  return state.running > 0 ? [event, cancel] : event
}

/** @throws GatewayError for what OpenAI cannot do */
export function createResponse (event: RealtimeEvent, state: XaiClientState): RealtimeEvent {
  const { response } = event
  const { context } = state
  if (!isFields(response)) return answered(event, state)
  const { audio } = response
  // A malformed event passes: OpenAI's own error says what is wrong.
  if ([audio, fieldsOf(audio).output].some(part => isSaid(part) && !isFields(part))) return event
  const asked = response.voice ?? fieldsOf(fieldsOf(audio).output).voice
  const voice = typeof asked === 'string' ? openaiVoice(asked, context.voices) : asked
  const translated = {
    ...event,
    response: {
      ...omit(response, own),
      ...maxTokens(response),
      ...reasoning(response.reasoning, 'response', context),
      ...field('input', Array.isArray(response.input) ? response.input.map(openaiItem) : response.input),
      ...field('tools', openaiTools(response.tools, 'response.tools')),
      ...section('audio', {
        ...omit(fieldsOf(audio), output),
        ...section('output', openaiOutput(fieldsOf(audio).output, voice, 'response.audio.output'))
      })
    }
  }
  return response.conversation === 'none' ? translated : answered(translated, state)
}

/** A client that sends `response.create` after its commit gets one response, not two. */
function answered (event: RealtimeEvent, state: XaiClientState): RealtimeEvent {
  state.commits = Math.max(0, state.commits - 1)
  // No response runs or was asked for, so nothing would end the wait: an error without an `event_id` may have told of it.
  if (state.running === 0 && !state.asked) state.due = false
  return event
}

export function showCreated (event: RealtimeEvent, state: XaiClientState): Translated {
  state.running++
  state.asked = false
  const shown = { ...event, response: shownResponse(event.response) }
  return state.due ? [shown, cancel] : shown
}

/** `response.done`: xAI tells the usage beside the response. */
export function showDone (event: RealtimeEvent, state: XaiClientState): Translated {
  state.running = Math.max(0, state.running - 1)
  const { response } = event
  const shown = { ...event, response: shownResponse(response), ...field('response_id', fieldsOf(response).id), usage: shownUsage(fieldsOf(response).usage) }
  if (!state.due || state.running > 0) return shown
  return [shown, askForResponse(state)]
}

function shownResponse (response: unknown): unknown {
  if (!isFields(response)) return response
  const items = Array.isArray(response.output) ? { output: response.output.map(shownItem) } : {}
  return { ...omit(response, unshown), ...items, usage: {} }
}

function shownUsage (usage: unknown): Fields {
  if (!isFields(usage)) return {}
  return {
    ...field('input_tokens', usage.input_tokens),
    input_token_details: shownDetails(usage.input_token_details),
    ...field('output_tokens', usage.output_tokens),
    output_token_details: shownDetails(usage.output_token_details),
    ...field('total_tokens', usage.total_tokens)
  }
}

function shownDetails (details: unknown): Fields {
  const { text_tokens: text, audio_tokens: audio } = fieldsOf(details)
  return { text_tokens: text ?? 0, audio_tokens: audio ?? 0, grok_tokens: 0 }
}
