import { showError } from './errors.ts'
import { createItem, showItem } from './items.ts'
import { commitAudio, createResponse, showCommitted, showCreated, showDone } from './responses.ts'
import { updateSession } from './session.ts'
import { showCreatedSession, showUpdatedSession } from './shown-session.ts'
import { sentUpdate, startXaiClient } from './state.ts'
import type { XaiClientState } from './state.ts'
import { transcriptCompleted, transcriptDelta, transcriptFailed } from './transcripts.ts'
import type { Dialect, RealtimeEvent, Translated } from '../../../../types/index.ts'

/** `event_id` of the `session.update` that tells the provider xAI's default. */
const defaultId = 'gateway_default_turn_detection'

const drop = (): Translated => undefined

/** A client that speaks xAI's dialect (docs.x.ai, voice; its machine schema voice-realtime.ws.json; recordings) with a provider that speaks GA. */
export const xaiClient: Dialect<XaiClientState> = {
  name: 'xai',
  start: startXaiClient,

  clientToUpstream: {
    'session.update': updateSession,
    'input_audio_buffer.commit': commitAudio,
    'conversation.item.create': createItem,
    'response.create': createResponse
  },

  // Audio and transcript deltas are the same on both sides.
  upstreamToClient: {
    'session.created': showCreatedSession,
    'session.updated': showUpdatedSession,
    // The client has got its `conversation.created` behind `session.created`.
    'conversation.created': drop,
    'conversation.item.added': showItem,
    'conversation.item.done': drop,
    'conversation.item.retrieved': showItem,
    'conversation.item.input_audio_transcription.delta': transcriptDelta,
    'conversation.item.input_audio_transcription.completed': transcriptCompleted,
    'conversation.item.input_audio_transcription.failed': transcriptFailed,
    'input_audio_buffer.committed': showCommitted,
    'response.created': showCreated,
    'response.output_item.added': showItem,
    'response.output_item.done': showItem,
    'response.done': showDone,
    'rate_limits.updated': drop,
    error: showError
  },

  opening (type, state): readonly RealtimeEvent[] | undefined {
    if (state.settled || state.opened) return []
    // An update sets turn detection itself. If the provider refuses it, this is asked again.
    if (type === 'session.update' || state.updates.length > 0) return undefined
    state.opened = true
    sentUpdate(state, { id: defaultId, unnamed: false, manual: true, hidden: true })
    return [{ type: 'session.update', event_id: defaultId, session: { type: 'realtime', audio: { input: { turn_detection: null } } } }]
  }
}
