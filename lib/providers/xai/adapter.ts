import type { HandshakeRequest, UpstreamAdapter } from '../../../types/index.ts'
import { bearerRequest, readyAt } from '../bearer.ts'
import { classifyAnswer } from '../refusal.ts'
import { unsupported } from '../unsupported.ts'

/**
 * xAI Grok Voice: `wss://api.x.ai/v1/realtime?model=…` with a bearer key and nothing else
 * (docs.x.ai, "Speech to Speech"). The model is chosen by the query alone. It has no transcription sessions, where `intent=transcription`
 * would open one that speaks, and no translation sessions.
 */
export const xai: UpstreamAdapter = {
  provider: 'xai',
  serves,
  request (deployment, handshake, token) {
    if (!serves(handshake)) throw unsupported(handshake.kind)
    return bearerRequest('https://api.x.ai/v1', deployment, handshake, token)
  },
  readyAt,
  classify (answer) {
    // xAI answers a wrong key with 400 where others say 401.
    if (answer.type === 'status' && answer.status === 400) return { kind: 'credentials' }
    return classifyAnswer(answer)
  },
  dialect: () => 'xai'
}

function serves ({ kind }: HandshakeRequest): boolean {
  return kind === 'realtime' || kind === 'attached'
}
