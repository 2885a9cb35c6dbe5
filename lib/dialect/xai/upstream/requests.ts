import { GatewayError } from '../../../errors.ts'
import { fieldsOf, isFields, isSaid } from '../../fields.ts'
import type { Fields } from '../../fields.ts'
import type { RealtimeEvent, Translated } from '../../../../types/index.ts'
import { audioFormatOut, voiceOut } from './audio-out.ts'
import { itemOut } from './items-out.ts'
import { adjust, loseForeign, reasoningOut, refuse, wantsText, withoutForeign } from './nearest.ts'
import { most } from './state.ts'
import type { Request, Running, XaiState } from './state.ts'
import { toolsOut } from './tools-out.ts'
import { isSmall, nameOf, textOf } from './values.ts'

/** Without turn detection, xAI answers a commit at once, while OpenAI waits for a `response.create`. */
export function commit (event: RealtimeEvent, state: XaiState): Translated {
  if (state.sessionConfig.turnDetection === null) expect(state, { eventId: nameOf(event.event_id), commit: true, claimed: false })
  return event
}

export function createResponse (event: RealtimeEvent, state: XaiState): RealtimeEvent | undefined {
  const said = fieldsOf(event.response)
  const apart = said.conversation === 'none'
  const unclaimed = apart ? undefined : [...state.running.values(), ...state.requests].find(({ claimed }) => !claimed)
  if (unclaimed !== undefined) {
    claim(unclaimed, event, said, state)
    return undefined
  }
  const { output_modalities: modalities, audio, input, reasoning, ...rest } = said
  const { context } = state
  const textOnly = wantsText(modalities, 'response.output_modalities', context)
  const output = fieldsOf(fieldsOf(audio).output)
  // Where both are said, xAI's own field counts.
  const voice = voiceOut(rest.voice, 'response.voice', context) ?? voiceOut(output.voice, 'response.audio.output.voice', context)
  const format = audioFormatOut(output.format)
  const response = {
    ...withoutForeign(rest, 'response', context),
    ...(textOnly !== undefined && { modalities: ['audio'] }),
    ...(Object.hasOwn(rest, 'tools') && { tools: toolsOut(rest.tools, 'response.tools', state.ownShape, context) }),
    ...(voice !== undefined && { voice: voice.xai }),
    ...('format' in format.fields && { audio: { output: format.fields } }),
    ...reasoningOut(reasoning, 'response', context),
    ...(input !== undefined && { input: Array.isArray(input) ? input.map(item => isFields(item) ? itemOut(item, 'response.input', context) : item) : input })
  }
  const metadata = isFields(said.metadata) && isSmall(said.metadata) ? said.metadata : undefined
  expect(state, { eventId: nameOf(event.event_id), claimed: true, textOnly, voice: voice?.client, format: format.known, apart, metadata })
  return isFields(event.response) ? { ...event, response } : event
}

function expect ({ requests }: XaiState, request: Partial<Request>): void {
  requests.push({
    eventId: undefined, commit: false, claimed: true, textOnly: undefined, voice: undefined, format: undefined, apart: false, metadata: undefined, cancelled: false, unsent: undefined, ...request
  })
  if (requests.length > most.requests) requests.shift()
}

const tooLate = ['instructions', 'input', 'audio', 'reasoning']
const foreign = ['max_output_tokens', 'prompt', 'parallel_tool_calls']

/** The client asks for the response that its commit has asked for already. Settings that xAI would have to know come too late. */
function claim (response: Request | Running, event: RealtimeEvent, said: Fields, { context }: XaiState): void {
  // The running response may call tools that this request excludes.
  if (isSaid(said.tools)) refuse('response.tools')
  if (isSaid(said.tool_choice) && said.tool_choice !== 'auto') refuse('response.tool_choice')
  const textOnly = wantsText(said.output_modalities, 'response.output_modalities', context)
  const begun = 'items' in response
  if (begun && textOnly !== undefined && textOnly !== response.textOnly) adjust(context, 'response.output_modalities')
  for (const name of tooLate) {
    if (isSaid(said[name])) adjust(context, `response.${name}`)
  }
  for (const name of foreign) if (said[name] !== undefined) loseForeign(name, said[name], 'response', context)
  response.claimed = true
  if (!begun) {
    response.textOnly = textOnly
    // If xAI refuses the commit, this is sent after all.
    if (isSmall(event)) response.unsent = event
  }
  if (isFields(said.metadata) && isSmall(said.metadata)) response.metadata = said.metadata
}

/** A cancel without a running response is not sent: xAI may end the session for it. */
export function cancelResponse (event: RealtimeEvent, state: XaiState): Translated {
  const id = event.response_id
  const running = [...state.running].filter(([known]) => typeof id !== 'string' || known === id).map(([, response]) => response)
  const cancelled = running.length > 0 || typeof id === 'string' ? running : state.requests.slice(0, 1)
  if (cancelled.length === 0) throw new GatewayError('response_cancel_not_active')
  for (const response of cancelled) response.cancelled = true
  return event
}

/** Shows that an error which names no event is about a commit or a request. */
const aboutRequest = /input_audio_buffer|commit|response/i
const aboutOther = /cancel|not_active|truncat|delet/i

/**
 * xAI has refused what a client's event asked for.
 * @returns the client's `response.create` that was not sent, as the commit had asked for the same
 */
export function forgetRequest ({ requests }: XaiState, { event_id: id, code, message }: Fields): RealtimeEvent | undefined {
  const said = `${textOf(code, '')} ${textOf(message, '')}`
  const about = aboutRequest.test(said) && !aboutOther.test(said)
  const at = typeof id === 'string' ? requests.findIndex(({ eventId }) => eventId === id) : about ? requests.length - 1 : -1
  return at < 0 ? undefined : requests.splice(at, 1)[0]?.unsent
}
