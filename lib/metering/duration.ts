import type { Usage } from '../../types/index.ts'

/** What a gateway can measure of a session, or of a stretch of it, in milliseconds. */
export interface Measured {
  /** Whether the provider detects turns: the client has not set `turn_detection` to `null` before it sent any content. */
  readonly voiceDetection: boolean
  /** How long it took by the clock. */
  readonly clockMs: number
  /** Audio that the client sent. */
  readonly clientMs: number
  /** Audio that the provider sent. */
  readonly upstreamMs: number
}

/**
 * A usage with the time that is billed where the provider does not say it, as LiteLLM 1.108 reads xAI's price: the time of the session by the
 * clock where the provider listens all the while, else the audio up plus down. The basis says which it was. The provider's own word is never replaced.
 */
export function withDuration (usage: Usage, { voiceDetection, clockMs, clientMs, upstreamMs }: Measured): Usage {
  if (usage.audioMs !== undefined) return usage
  const ms = voiceDetection ? clockMs : clientMs + upstreamMs
  return { ...usage, audioMs: Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : 0, audioBasis: voiceDetection ? 'clock' : 'audio' }
}
