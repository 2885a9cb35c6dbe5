import type { HandshakeRequest, UpstreamAdapter } from '../../../types/index.ts'
import { bearerRequest, readyAt } from '../bearer.ts'
import { classifyAnswer } from '../refusal.ts'
import { unsupported } from '../unsupported.ts'
import { xaiUsage } from './usage.ts'

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
    return answer.type === 'status' && answer.status === 400 ? { kind: kindOf400(answer.body ?? '') } : classifyAnswer(answer)
  },
  dialect: () => 'xai',
  usage: xaiUsage
}

/**
 * xAI answers a wrong key with 400 where others say 401: "Incorrect API key provided: …" (docs.x.ai, observed over HTTP). Any other text is about
 * the client's request, and must not keep others from the deployment: not even a text that repeats what the client has sent, hence only the
 * beginning of the body or of a JSON text counts. Without a text nobody knows, and one such answer counts little.
 */
function kindOf400 (body: string): 'credentials' | 'client' | 'fault' {
  if (/(?:^|[^\\]")(?:incorrect api key|invalid_api_key)/i.test(body)) return 'credentials'
  return body.trim() === '' ? 'fault' : 'client'
}

function serves ({ kind }: HandshakeRequest): boolean {
  return kind === 'realtime' || kind === 'attached'
}
