import type { RealtimeEvent } from '../../../types/index.ts'
import type { SimulatedTurn } from './answer.ts'
import { createConversation, textOf } from './conversation.ts'
import type { Conversation, Entry, WireItem } from './conversation.ts'
import { softErrors } from './errors.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import { hexId, uuid } from './ids.ts'
import type { ProviderSession, RunningResponse, SessionHost } from './session.ts'
import { refusedByXai } from './strict-xai.ts'
import { createXaiMeter } from './usage.ts'
import type { XaiContext } from './xai-context.ts'
import { createXaiInput } from './xai-input.ts'
import { startXaiResponse } from './xai-response.ts'
import { createdSession, updateXaiSettings, updatedSession, xaiSettings } from './xai-session-object.ts'

// A resumed conversation is remembered for 30 minutes by the provider; here the newest ones are.
const KEEP_CONVERSATIONS = 100

/** xAI's side of a session. */
export function createXaiSession (host: SessionHost): ProviderSession {
  const id = (): string => uuid(host.random)
  const asked = host.query.get('conversation_id')
  const resumed = asked === null ? undefined : host.conversations.get(asked)
  const conversationId = resumed && asked !== null ? asked : id()
  const conversation = resumed ?? createConversation()
  keep(host.conversations, conversationId, conversation)
  const settings = xaiSettings(hexId(host.random), host.query.get('model'))
  const context: XaiContext = {
    host,
    settings,
    conversation,
    meter: createXaiMeter(),
    id,
    emit: (type, fields) => host.send({ type, event_id: id(), ...fields, ...(!('previous_item_id' in fields) && { previous_item_id: null }) }),
    refuse,
    show: item => settings.second ? { ...item, replayed: false } : item
  }
  const { emit, show } = context
  let replayed = false
  let active: RunningResponse | undefined
  let responses = 0

  function refuse (error: SoftError, event?: RealtimeEvent): void {
    const { type = 'invalid_request_error', code, message, param = null } = error
    emit('error', { error: { type, code, message, param, event_id: typeof event?.event_id === 'string' ? event.event_id : null } })
  }

  function respond (options: { say?: string, metadata?: unknown } = {}): void {
    active?.cancel('turn_detected')
    active = startXaiResponse(context, { ...options, turn: turn() }, () => { active = undefined })
  }

  function turn (): SimulatedTurn {
    const { entries } = conversation
    const last = entries.findLast(({ wire }) => wire.role === 'user' || wire.type === 'function_call_output')
    const user = entries.findLast(({ wire }) => wire.role === 'user')
    const functions = settings.tools.map(tool => tool.function).filter(isFields)
    return {
      index: responses++,
      text: user?.said ?? '',
      ...(last?.wire.type === 'function_call_output' && { toolOutput: last.said }),
      tools: functions.map(({ name, parameters }) => ({ name: String(name), parameters }))
    }
  }

  const audio = createXaiInput(context, () => active?.cancel('turn_detected'), () => respond())

  function replay (session: unknown): void {
    const wanted = isFields(session) && isFields(session.resumption) && session.resumption.enabled === true
    if (!resumed || !wanted || replayed) return
    replayed = true
    for (const { wire, said } of conversation.entries.filter(entry => entry.wire.role === 'assistant')) {
      emit('conversation.item.added', { item: show({ ...wire, content: [{ type: 'text', text: said }] }) })
    }
  }

  function createItem (event: RealtimeEvent): void {
    if (!isFields(event.item) || typeof event.item.type !== 'string') {
      refuse(softErrors.missingParameter('item.type'), event)
      return
    }
    const given = event.item as WireItem
    if (given.type === 'force_message') {
      respond({ say: textOf(given) })
      return
    }
    const isOutput = given.type === 'function_call_output'
    const call = conversation.entries.find(({ wire }) => wire.type === 'function_call' && wire.call_id === given.call_id)
    if (isOutput && !call?.finished) {
      refuse(softErrors.unknownCall(given.call_id), event)
      return
    }
    const { id: itemId = id(), type, status: _, role = isOutput ? 'tool' : 'user', ...rest } = given
    const wire: WireItem = { id: itemId, object: 'realtime.item', type, status: 'completed', role, ...rest }
    const entry: Entry = { wire, said: textOf(wire), audioMs: 0, finished: true }
    if (!conversation.add(entry, event.previous_item_id)) refuse(softErrors.noSuchPrevious(event.previous_item_id), event)
    else emit('conversation.item.added', { item: show(wire), previous_item_id: conversation.previous(itemId) })
  }

  function truncate (event: RealtimeEvent): void {
    const entry = conversation.find(event.item_id)
    if (!entry) return refuse(softErrors.noSuchItem('truncate', event.item_id), event)
    const { item_id: item, content_index: index = 0, audio_end_ms: end = 0 } = event
    emit('conversation.item.truncated', { item_id: item, content_index: index, audio_end_ms: end, transcript: entry.said })
  }

  const handlers: Readonly<Record<string, (event: RealtimeEvent) => void>> = {
    'session.update': event => {
      const error = updateXaiSettings(settings, event.session)
      if (error) return refuse(error, event)
      replay(event.session)
      // The type stands behind the session in this one event.
      host.send({ session: updatedSession(settings), type: 'session.updated', event_id: id(), previous_item_id: null })
    },
    'input_audio_buffer.append': event => {
      if (typeof event.audio === 'string') audio.append(Buffer.from(event.audio, 'base64'))
      else refuse(softErrors.missingParameter('audio'), event)
    },
    'input_audio_buffer.commit': event => audio.commit(event),
    'input_audio_buffer.clear': () => audio.clear(),
    'conversation.item.create': createItem,
    'conversation.item.truncate': truncate,
    'conversation.item.delete': event => {
      if (conversation.remove(event.item_id)) emit('conversation.item.deleted', { item_id: event.item_id })
      else refuse(softErrors.noSuchItem('delete', event.item_id), event)
    },
    'response.create': event => {
      if (active) refuse(softErrors.activeResponse(active.id), event)
      else respond(isFields(event.response) && event.response.metadata !== undefined ? { metadata: event.response.metadata } : {})
    },
    'response.cancel': event => {
      if (active) active.cancel('client_cancelled')
      else refuse(softErrors.nothingToCancel(), event)
    }
  }

  return {
    open () {
      host.send({ type: 'session.created', event_id: id(), session: createdSession(settings) })
      emit('conversation.created', { conversation: { id: conversationId, object: 'realtime.conversation' } })
      emit('ping', { timestamp: host.now() })
    },
    latency: ({ type }) => type === 'session.update' ? 143 : 0,
    receive (event) {
      const handler = Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined
      const error = host.strict ? refusedByXai(event) : undefined
      if (error) refuse(error, event)
      else if (handler) handler(event)
      else refuse({ type: 'invalid_event', code: 'invalid_event', message: `Unsupported event type: ${event.type}`, param: 'type' }, event)
    },
    receiveBinary (data) {
      if (settings.input.transport === 'binary') audio.append(data)
      else refuse({ type: 'invalid_event', code: 'invalid_event', message: 'Binary frames need transport "binary".' })
    },
    receiveInvalid: problem => refuse({ type: 'invalid_event', code: 'invalid_event', message: problem === 'json' ? 'Invalid JSON.' : 'The event has no type.' }),
    expire () {
      const message = 'Conversation reached its maximum duration.'
      refuse({ type: 'max_duration', code: 'max_duration', message })
      host.close(1001, message)
    }
  }
}

function keep (conversations: Map<string, Conversation>, id: string, conversation: Conversation): void {
  conversations.delete(id)
  conversations.set(id, conversation)
  if (conversations.size > KEEP_CONVERSATIONS) conversations.delete(conversations.keys().next().value!)
}
