import type { UpstreamAdapter } from '../../types/index.ts'
import { bearerRequest, readyAt } from './bearer.ts'
import { classifyAnswer } from './refusal.ts'

/**
 * xAI Grok Voice: `wss://api.x.ai/v1/realtime?model=…` with a bearer key and nothing else
 * (docs.x.ai, "Speech to Speech"). The model is chosen by the query alone.
 */
export const xai: UpstreamAdapter = {
  provider: 'xai',
  request: (deployment, hello) => bearerRequest('https://api.x.ai/v1', deployment, hello),
  readyAt,
  classify (answer) {
    // xAI answers a wrong key with 400 where others say 401.
    if (answer.type === 'status' && answer.status === 400) return { kind: 'credentials' }
    return classifyAnswer(answer)
  }
}
