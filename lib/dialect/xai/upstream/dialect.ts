import type { Dialect } from '../../../../types/index.ts'
import { withShortCallIds } from './calls.ts'
import { tellError } from './errors-in.ts'
import { clearOutput, createItem, retrieveItem } from './items-out.ts'
import { addItem, commitItem, deleteItem, endItem, truncateItem } from './items.ts'
import { addOutput, endOutput } from './outputs.ts'
import { addArguments, addPart, addText, addTranscript, endArguments, endSound, endPart, endText, endTranscript, positioned, sound, soundPasses } from './parts.ts'
import { cancelResponse, commit, createResponse } from './requests.ts'
import { beginResponse, endResponse } from './responses.ts'
import { createConversation, createSession, tellSession } from './session-in.ts'
import { updateSession } from './session-out.ts'
import { start } from './state.ts'
import type { XaiState } from './state.ts'
import { completeTranscript, startSpeech, stopSpeech, updateTranscript } from './transcription.ts'
import { opening } from './turn-detection.ts'

const drop = (): undefined => undefined

/** xAI as a provider, for clients that speak OpenAI's GA shape (docs.x.ai, voice; recordings of grok-voice of July to September 2026). */
export const xaiUpstream: Dialect<XaiState> = withShortCallIds({
  name: 'xai',
  start,
  opening,
  passes: (type, state) => type === 'response.output_audio.delta' && soundPasses(state),

  clientToUpstream: {
    'session.update': updateSession,
    'conversation.item.create': createItem,
    'conversation.item.retrieve': retrieveItem,
    'input_audio_buffer.commit': commit,
    'output_audio_buffer.clear': clearOutput,
    'response.create': createResponse,
    'response.cancel': cancelResponse
  },

  upstreamToClient: {
    ping: drop,
    error: tellError,
    'session.created': createSession,
    'session.updated': tellSession,
    'conversation.created': createConversation,
    'conversation.item.added': addItem,
    'conversation.item.created': addItem,
    'conversation.item.done': endItem,
    'conversation.item.truncated': truncateItem,
    'conversation.item.deleted': deleteItem,
    'conversation.item.input_audio_transcription.updated': updateTranscript,
    'conversation.item.input_audio_transcription.completed': completeTranscript,
    'input_audio_buffer.speech_started': startSpeech,
    'input_audio_buffer.speech_stopped': stopSpeech,
    'input_audio_buffer.committed': commitItem,
    'response.created': beginResponse,
    'response.done': endResponse,
    'response.output_item.added': addOutput,
    'response.output_item.done': endOutput,
    'response.content_part.added': addPart,
    'response.content_part.done': endPart,
    'response.output_audio.delta': sound,
    'response.output_audio.done': endSound,
    'response.output_audio_transcript.delta': addTranscript,
    'response.output_audio_transcript.done': endTranscript,
    'response.output_text.delta': addText,
    'response.output_text.done': endText,
    // xAI repeats each `response.output_text.delta` under this older name.
    'response.text.delta': drop,
    'response.text.done': drop,
    'response.function_call_arguments.delta': addArguments,
    'response.function_call_arguments.done': endArguments,
    'response.mcp_call_arguments.delta': addArguments,
    'response.mcp_call_arguments.done': endArguments,
    'response.mcp_call.in_progress': positioned,
    'response.mcp_call.completed': positioned,
    'response.mcp_call.failed': positioned
  }
})
