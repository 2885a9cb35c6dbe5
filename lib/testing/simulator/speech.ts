import { encodeAudio } from './codec.ts'
import { speak } from './voice.ts'

/** Options of `speechPcm`. Times are in milliseconds. */
export interface SpeechOptions {
  /** What is said; it sets the rhythm of the sound. Default: as much of a fixed sentence as fits. */
  readonly text?: string | undefined
  /** Samples per second. Default 24 000. */
  readonly rate?: number | undefined
  /** Silence before the speech. Default 300. */
  readonly leadMs?: number | undefined
  /** Length of the speech itself. Default 1500. */
  readonly speechMs?: number | undefined
  /** Silence after it: long enough for a server's voice detection to see the end of the turn. Default 1000. */
  readonly silenceMs?: number | undefined
  /** Default 1. */
  readonly seed?: number | undefined
}

/**
 * A microphone for tests and demos: PCM16 little-endian, mono, silence then speech then silence, always the same for
 * the same options. Its energy makes a server's voice activity detection fire.
 */
export function speechPcm (options: SpeechOptions = {}): Buffer {
  const { text = 'how is the weather today my dear', rate = 24_000, leadMs = 300, speechMs = 1500, silenceMs = 1000, seed = 1 } = options
  const count = (ms: number): number => Math.round(ms * rate / 1000)
  const samples = new Int16Array(count(leadMs) + count(speechMs) + count(silenceMs))
  const voice = speak(text, rate, seed)
  for (let i = 0; i < count(speechMs); i++) samples[count(leadMs) + i] = voice[i % voice.length]!
  return encodeAudio(samples, { type: 'audio/pcm', rate })
}

/**
 * Cuts audio as clients send it.
 * @param bytes size of a piece. Default 4800: 100 ms of PCM16 at 24 kHz, what most clients put into one `append`.
 */
export function pcmChunks (pcm: Buffer, bytes = 4800): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < pcm.byteLength; at += bytes) chunks.push(pcm.subarray(at, at + bytes))
  return chunks
}
