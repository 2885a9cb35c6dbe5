import type { Dialect, RealtimeEvent } from '../../types/index.ts'
import { isFields } from './fields.ts'

/**
 * A client that has not proved which of OpenAI's shapes it speaks, with a provider that speaks GA. The client hears GA. Its `modalities` in a
 * `response.create`, which the samples for Grok voice send, get GA's name: the provider would refuse the event otherwise.
 */
export const undecidedClient: Dialect<undefined> = {
  name: 'undecided',
  start: () => undefined,
  clientToUpstream: { 'response.create': createResponse },
  upstreamToClient: {}
}

function createResponse (event: RealtimeEvent): RealtimeEvent {
  const { response } = event
  if (!isFields(response) || !Array.isArray(response['modalities']) || Object.hasOwn(response, 'output_modalities')) return event
  const { modalities, ...others } = response
  // Beta asks for text and audio together. GA takes one of the two, and audio comes with its transcript.
  return { ...event, response: { ...others, output_modalities: (modalities as unknown[]).includes('audio') ? ['audio'] : ['text'] } }
}
