import type { HandshakeRequest, UpstreamAdapter } from '../../../types/index.ts'
import { purposeOf } from '../../catalogue.ts'
import { GatewayError } from '../../errors.ts'
import { bearerRequest, readyAt } from '../bearer.ts'
import { openaiUsage } from './usage.ts'

/**
 * OpenAI, and every server that speaks its protocol: `wss://api.openai.com/v1/realtime?model=…` with a bearer key
 * (platform.openai.com/docs/guides/realtime-websocket). No subprotocol, and never `OpenAI-Beta`, which ends a session
 * with `beta_api_shape_disabled` since May 2026. Transcription sessions have `?intent=transcription` and no model; translation sessions have
 * an address of their own, `/v1/realtime/translations?model=…` (platform.openai.com/docs/guides/realtime-translation).
 */
export const openai: UpstreamAdapter = {
  provider: 'openai',
  serves,
  request (deployment, handshake, token) {
    if (!serves(handshake)) {
      throw new GatewayError('unsupported_feature', { param: 'model', message: 'This model translates: connect to /v1/realtime/translations.' })
    }
    const request = bearerRequest('https://api.openai.com/v1', deployment, handshake, token)
    if (handshake.safetyIdentifier === undefined) return request
    return { ...request, headers: { ...request.headers, 'OpenAI-Safety-Identifier': handshake.safetyIdentifier } }
  },
  readyAt,
  usage: openaiUsage
}

/** A model for translation is served in translation sessions only. Whether another model translates is for the provider to say. */
function serves ({ kind, model }: HandshakeRequest): boolean {
  return kind === 'translation' || purposeOf(model) !== 'translation'
}
