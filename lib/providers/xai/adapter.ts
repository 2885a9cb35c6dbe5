import type { HandshakeRequest, UpstreamAdapter } from '../../../types/index.ts'
import { GatewayError } from '../../errors.ts'
import { bearerRequest, readyAt } from '../bearer.ts'
import { classifyAnswer } from '../refusal.ts'

/**
 * xAI Grok Voice: `wss://api.x.ai/v1/realtime?model=…` with a bearer key and nothing else
 * (docs.x.ai, "Speech to Speech"). The model is chosen by the query alone. It has no transcription sessions: `intent=transcription`
 * would open one that speaks.
 */
export const xai: UpstreamAdapter = {
  provider: 'xai',
  serves,
  request (deployment, handshake, token) {
    if (!serves(handshake)) {
      throw new GatewayError('unsupported_feature', { param: 'intent', message: 'The provider of this model has no transcription sessions.' })
    }
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

function serves ({ query }: Pick<HandshakeRequest, 'query'>): boolean {
  return !query.getAll('intent').includes('transcription')
}
