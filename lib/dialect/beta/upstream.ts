import { isFields, omit } from '../fields.ts'
import type { Dialect, DialectContext, RealtimeEvent } from '../../../types/index.ts'
import { errorIn } from './error.ts'
import { own, replace } from './fields.ts'
import { itemToBeta, itemToGa, withItems } from './items.ts'
import { withoutSurplus } from './lacking.ts'
import { announce, finish, finishAll, learn, nameOf, passDone } from './open-items.ts'
import type { ItemMemory } from './open-items.ts'
import { flatten, nest, responseParamPaths, responsePaths, sessionPaths, transcriptionPaths } from './field-paths.ts'

interface State extends ItemMemory {
  readonly context: DialectContext
}

/** A provider that speaks OpenAI's beta shape, as Azure's preview endpoints do (the types of the `openai` package, beta/realtime). */
export const betaUpstream: Dialect<State> = {
  name: 'beta',
  start: context => ({ context, items: new Map(), done: new Map() }),

  clientToUpstream: {
    'session.update': updateSession,
    'conversation.item.create': event => replace(event, 'item', itemToBeta(event['item'])),
    'response.create': createResponse
  },

  upstreamToClient: {
    'session.created': tellSession,
    'session.updated': tellSession,
    'transcription_session.created': tellTranscription,
    'transcription_session.updated': tellTranscription,
    'conversation.item.created': announce,
    'conversation.item.done': passDone,
    'conversation.item.retrieved': tellItem,
    'conversation.item.input_audio_transcription.completed': tellTranscript,
    'response.created': tellResponse,
    'response.done': (event, state) => [...finishAll(event, state), tellResponse(event)],
    'response.output_item.added': addItem,
    'response.output_item.done': (event, state) => [...finish(event, state), tellItem(event)],
    'response.text.delta': 'response.output_text.delta',
    'response.text.done': 'response.output_text.done',
    'response.audio.delta': 'response.output_audio.delta',
    'response.audio.done': 'response.output_audio.done',
    'response.audio_transcript.delta': 'response.output_audio_transcript.delta',
    'response.audio_transcript.done': 'response.output_audio_transcript.done',
    'response.function_call_arguments.done': tellCall,
    error: event => errorIn('ga', event)
  }
}

function updateSession (event: RealtimeEvent, { context }: State): RealtimeEvent {
  const session = event['session']
  if (!isFields(session)) return event
  const fields = withoutSurplus('session', session, context)
  if (own(fields, 'type') === 'transcription') {
    return { ...event, type: 'transcription_session.update', session: flatten(omit(fields, ['type']), transcriptionPaths) }
  }
  // The client's name of the model is not the provider's.
  return { ...event, session: flatten(omit(fields, own(fields, 'type') === 'realtime' ? ['type', 'model'] : ['model']), sessionPaths) }
}

function createResponse (event: RealtimeEvent, { context }: State): RealtimeEvent {
  const response = event['response']
  if (!isFields(response)) return event
  return replace(event, 'response', withItems(flatten(withoutSurplus('response', response, context), responseParamPaths), 'input', itemToBeta))
}

// `client_secret` is a credential of the provider's, null on a socket.
function tellSession (event: RealtimeEvent): RealtimeEvent {
  const session = event['session']
  if (!isFields(session)) return event
  return { ...event, session: { type: 'realtime', ...nest(omit(session, ['client_secret', 'temperature']), sessionPaths) } }
}

function tellTranscription (event: RealtimeEvent): RealtimeEvent {
  const type = event.type === 'transcription_session.created' ? 'session.created' : 'session.updated'
  const session = event['session']
  if (!isFields(session)) return { ...event, type }
  return { ...event, type, session: { ...nest(omit(session, ['client_secret', 'modalities']), transcriptionPaths), type: 'transcription' } }
}

function tellItem (event: RealtimeEvent): RealtimeEvent {
  return replace(event, 'item', itemToGa(event['item']))
}

function addItem (event: RealtimeEvent, state: State): RealtimeEvent {
  learn(state, event['item'], event['response_id'])
  return tellItem(event)
}

function tellResponse (event: RealtimeEvent): RealtimeEvent {
  const response = event['response']
  if (!isFields(response)) return event
  return replace(event, 'response', withItems(nest(omit(response, ['temperature']), responsePaths), 'output', itemToGa))
}

/** GA repeats the function's name here; beta has it in the item only. */
function tellCall (event: RealtimeEvent, { items }: State): RealtimeEvent {
  return typeof event['name'] === 'string' ? event : { ...event, name: nameOf(items, event['item_id']) ?? '' }
}

/** GA always has `usage`; older beta endpoints do not. */
function tellTranscript (event: RealtimeEvent): RealtimeEvent {
  return event['usage'] === undefined || event['usage'] === null ? { ...event, usage: { type: 'duration', seconds: 0 } } : event
}
