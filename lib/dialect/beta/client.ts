import { isFields, omit } from '../fields.ts'
import type { Fields } from '../fields.ts'
import type { Dialect, DialectContext, RealtimeEvent } from '../../../types/index.ts'
import { errorIn } from './error.ts'
import { own, replace } from './fields.ts'
import { itemToBetaClient, itemToGa, withItems } from './items.ts'
import { leaveOut } from './lacking.ts'
import { flatten, nest, responseParamPaths, responsePaths, sessionPaths, transcriptionPaths } from './field-paths.ts'

// What a beta server samples at when nobody asks for anything else.
const usualTemperature = 0.8

interface State {
  readonly context: DialectContext
  /** What the client asked for. GA has no such field, so the client is shown this. */
  temperature: number
}

/**
 * A client that speaks OpenAI's beta shape, as `OpenAI-Beta: realtime=v1` asked for until May 2026 (the types of the `openai` package,
 * beta/realtime). `temperature`, the session's `model` and `client_secret` have no equal in GA and go no further.
 */
export const betaClient: Dialect<State> = {
  name: 'beta',
  start: context => ({ context, temperature: usualTemperature }),

  clientToUpstream: {
    'session.update': updateSession,
    'transcription_session.update': updateTranscription,
    'conversation.item.create': event => replace(event, 'item', itemToGa(event['item'])),
    'response.create': createResponse
  },

  upstreamToClient: {
    'session.created': tellSession,
    'session.updated': tellSession,
    'conversation.item.added': event => ({ ...tellItem(event), type: 'conversation.item.created' }),
    // Beta tells of an item once, when it comes into being.
    'conversation.item.done': () => undefined,
    'conversation.item.retrieved': tellItem,
    'response.created': tellResponse,
    'response.done': tellResponse,
    'response.output_item.added': tellItem,
    'response.output_item.done': tellItem,
    'response.output_text.delta': 'response.text.delta',
    'response.output_text.done': 'response.text.done',
    'response.output_audio.delta': 'response.audio.delta',
    'response.output_audio.done': 'response.audio.done',
    'response.output_audio_transcript.delta': 'response.audio_transcript.delta',
    'response.output_audio_transcript.done': 'response.audio_transcript.done',
    error: event => errorIn('beta', event)
  }
}

function updateSession (event: RealtimeEvent, state: State): RealtimeEvent {
  const session = event['session']
  if (!isFields(session)) return event
  if (own(session, 'type') === 'transcription') return updateTranscription(event)
  const temperature = unasked('session', session, state.context)
  if (temperature !== undefined) state.temperature = temperature ?? usualTemperature
  // The client's name of the model is not the provider's, and a session keeps its model.
  return { ...event, session: { type: 'realtime', ...nest(omit(session, ['model', 'client_secret', 'temperature']), sessionPaths) } }
}

function updateTranscription (event: RealtimeEvent): RealtimeEvent {
  const session = event['session']
  if (!isFields(session)) return { ...event, type: 'session.update' }
  const fields = nest(omit(session, ['modalities', 'model', 'client_secret']), transcriptionPaths)
  return { ...event, type: 'session.update', session: { ...fields, type: 'transcription' } }
}

function createResponse (event: RealtimeEvent, { context }: State): RealtimeEvent {
  const response = event['response']
  if (!isFields(response)) return event
  unasked('response', response, context)
  return replace(event, 'response', withItems(nest(omit(response, ['temperature']), responseParamPaths), 'input', itemToGa))
}

/**
 * The temperature that the client asks for. It is not sent to the provider.
 * @returns `null`: the default; `undefined`: the client said nothing of it
 */
function unasked (part: 'session' | 'response', fields: Fields, context: DialectContext): number | null | undefined {
  const temperature = own(fields, 'temperature')
  if (temperature === undefined || temperature === null) return temperature
  if (temperature !== usualTemperature) leaveOut(`${part}.temperature`, context)
  return typeof temperature === 'number' ? temperature : undefined
}

function tellSession (event: RealtimeEvent, { temperature }: State): RealtimeEvent {
  const session = event['session']
  if (!isFields(session)) return event
  const type = own(session, 'type')
  if (type === 'transcription') {
    return { ...event, type: `transcription_${event.type}`, session: flatten(omit(session, ['type']), transcriptionPaths) }
  }
  return { ...event, session: { temperature, ...flatten(type === 'realtime' ? omit(session, ['type']) : session, sessionPaths) } }
}

function tellItem (event: RealtimeEvent): RealtimeEvent {
  return replace(event, 'item', itemToBetaClient(event['item']))
}

function tellResponse (event: RealtimeEvent, { temperature }: State): RealtimeEvent {
  const response = event['response']
  if (!isFields(response)) return event
  return { ...event, response: { temperature, ...withItems(flatten(response, responsePaths), 'output', itemToBetaClient) } }
}
