import type { RealtimeEvent } from '../../../types/index.ts'
import type { SimulatedTurn } from './answer.ts'
import { PCM_24K, parseFormat } from './codec.ts'
import { createConversation, textOf } from './conversation.ts'
import type { Entry, WireItem } from './conversation.ts'
import { fatalError, softErrors } from './errors.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import { openAiId } from './ids.ts'
import type { OpenAiContext } from './openai-context.ts'
import { createOpenAiInput } from './openai-input.ts'
import { itemHandlers, longCallId } from './openai-items.ts'
import { startResponse } from './openai-response.ts'
import type { ResponseRequest } from './openai-response.ts'
import { realtimeSession, transcriptionSession, updateSession } from './openai-session-object.ts'
import type { ProviderSession, RunningResponse, SessionHost } from './session.ts'
import { refusedByOpenAi } from './strict-openai.ts'
import { createOpenAiMeter } from './usage.ts'

const SESSION_SECONDS = 3600

/** OpenAI's side of a session; with `azure`, the same as Azure OpenAI speaks it. */
export function createOpenAiSession (host: SessionHost, options: { readonly azure: boolean }): ProviderSession {
  const id = (prefix: string): string => openAiId(prefix, host.random, host.now())
  const expiresAt = Math.floor(host.now() / 1000) + SESSION_SECONDS
  const transcribing = host.query.get('intent') === 'transcription'
  const context: OpenAiContext = {
    host,
    session: transcribing
      ? transcriptionSession(id('sess'), expiresAt)
      : realtimeSession(id('sess'), host.query.get('model') ?? 'gpt-realtime', expiresAt),
    conversation: createConversation(),
    conversationId: id('conv'),
    meter: createOpenAiMeter(),
    azure: options.azure,
    sideband: host.query.has('call_id'),
    id,
    emit: (type, fields) => host.send({ type, event_id: id('event'), ...fields }),
    refuse
  }
  const { emit, session, conversation } = context
  const running = new Set<RunningResponse>()
  let turnWaiting = false
  let responses = 0
  let spoken = false

  function refuse (error: SoftError, event?: RealtimeEvent): void {
    const { type = 'invalid_request_error', code, message, param = null } = error
    emit('error', { error: { type, code, message, param, event_id: typeof event?.event_id === 'string' ? event.event_id : null } })
  }

  const active = (): RunningResponse | undefined => [...running].find(response => !response.outOfBand)

  function respond (request: ResponseRequest, input?: readonly Entry[]): void {
    input ??= [...conversation.entries]
    const response = startResponse(context, request, turnOf(input, request), input, () => {
      running.delete(response)
      if (turnWaiting && !response.outOfBand) {
        turnWaiting = false
        respond({})
      } else if (!active()) {
        audio.waitForUser()
      }
    })
    running.add(response)
    spoken ||= (request.output_modalities ?? session.output_modalities)?.[0] === 'audio'
  }

  function turnOf (entries: readonly Entry[], request: ResponseRequest): SimulatedTurn {
    const last = entries.findLast(entry => entry.wire.role === 'user' || entry.wire.type === 'function_call_output')
    const user = entries.findLast(entry => entry.wire.role === 'user')
    const tools = (request.tools ?? session.tools ?? []).filter(tool => tool.type === 'function')
    return {
      index: responses++,
      text: user?.said ?? '',
      ...(last?.wire.type === 'function_call_output' && { toolOutput: last.said }),
      tools: tools.map(tool => ({ name: tool.name ?? '', parameters: tool.parameters }))
    }
  }

  const audio = createOpenAiInput(context, {
    interrupt: () => active()?.cancel('turn_detected'),
    answer () {
      // A response that may not be interrupted is heard out; the turn is answered after it.
      if (active()) turnWaiting = true
      else respond({})
    },
    isBusy: () => active() !== undefined
  })

  function create (event: RealtimeEvent): void {
    if (session.type === 'transcription') {
      refuse(softErrors.transcriptionOnly(), event)
      return
    }
    const request = isFields(event.response) ? event.response as ResponseRequest & { input?: unknown } : {}
    const busy = active()
    if (busy && request.conversation !== 'none') {
      refuse(softErrors.activeResponse(busy.id), event)
      return
    }
    const input = Array.isArray(request.input) ? request.input.filter(isFields) : undefined
    const tooLong = input?.map((item, i) => longCallId(item, `response.input[${i}]`)).find(error => error !== undefined)
    if (tooLong) refuse(tooLong, event)
    else respond(request, input?.map(toEntry))
  }

  function toEntry (item: Readonly<Record<string, unknown>>): Entry {
    const known = item.type === 'item_reference' ? conversation.find(item.id) : undefined
    return known ?? { wire: item as WireItem, said: textOf(item as WireItem), audioMs: 0, finished: true }
  }

  function cancel (event: RealtimeEvent): void {
    const named = [...running].find(response => response.id === event.response_id)
    const response = event.response_id === undefined ? active() : named
    if (response) response.cancel('client_cancelled')
    else refuse(softErrors.nothingToCancel(), event)
  }

  const handlers: Readonly<Record<string, (event: RealtimeEvent) => void>> = {
    ...itemHandlers(context),
    'session.update': event => {
      const error = updateSession(session, event.session, spoken)
      if (error) refuse(error, event)
      else emit('session.updated', { session })
    },
    'input_audio_buffer.append': event => {
      if (typeof event.audio !== 'string') refuse(softErrors.missingParameter('audio'), event)
      else audio.append(Buffer.from(event.audio, 'base64'), parseFormat(session.audio.input.format) ?? PCM_24K)
    },
    'input_audio_buffer.commit': event => audio.commit(event),
    'input_audio_buffer.clear': () => audio.clear(),
    'response.create': create,
    'response.cancel': cancel,
    ...(context.sideband && {
      'output_audio_buffer.clear': (event: RealtimeEvent) => { if (active()) cancel({ type: event.type }) }
    })
  }

  return {
    open () {
      if (!context.sideband) emit('session.created', { session })
    },
    latency: ({ type }) => type === 'session.update' ? 65 : type === 'response.create' ? 90 : 0,
    receive (event) {
      const handler = Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined
      const error = host.strict ? refusedByOpenAi(event, session) : undefined
      if (error) refuse(error, event)
      else if (handler) handler(event)
      else refuse(softErrors.invalidType(event.type), event)
    },
    receiveBinary: () => refuse(softErrors.binaryFrame()),
    receiveInvalid: problem => refuse(problem === 'json' ? softErrors.invalidJson() : softErrors.missingType()),
    expire () {
      const { type, code, message, close, reason } = fatalError('session_expired')
      refuse({ type, code, message })
      host.close(close, reason)
    }
  }
}
