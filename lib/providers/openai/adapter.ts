import type { UpstreamAdapter } from '../../../types/index.ts'
import { bearerRequest, readyAt } from '../bearer.ts'

/**
 * OpenAI, and every server that speaks its protocol: `wss://api.openai.com/v1/realtime?model=…` with a bearer key
 * (platform.openai.com/docs/guides/realtime-websocket). No subprotocol, and never `OpenAI-Beta`, which ends a session
 * with `beta_api_shape_disabled` since May 2026.
 */
export const openai: UpstreamAdapter = {
  provider: 'openai',
  request (deployment, handshake, token) {
    const request = bearerRequest('https://api.openai.com/v1', deployment, handshake, token)
    if (handshake.safetyIdentifier === undefined) return request
    return { ...request, headers: { ...request.headers, 'OpenAI-Safety-Identifier': handshake.safetyIdentifier } }
  },
  readyAt
}
