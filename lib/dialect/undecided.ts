import type { Dialect, RealtimeEvent } from '../../types/index.ts'
import { isFields } from './fields.ts'

/**
 * A client that has not proved which of OpenAI's shapes it speaks, before a provider that speaks GA. It hears GA. What it asks of a response
 * by the beta's name, as the samples for Grok voice do, is said by GA's, which knows no other and would refuse the whole event.
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
  // The beta's voice answers are text and audio at once; GA takes one of the two, and audio brings its transcript.
  return { ...event, response: { ...others, output_modalities: (modalities as unknown[]).includes('audio') ? ['audio'] : ['text'] } }
}
