import { bytesPerSample, decodeAudio } from './codec.ts'
import type { AudioFormat } from './codec.ts'
import { createVad } from './vad.ts'
import type { VadEvent, VadSettings } from './vad.ts'

/** The audio of one turn, as the client sent it. */
export interface Utterance {
  readonly audio: Buffer
  readonly durationMs: number
}

/** The input audio buffer of a session. */
interface InputAudio {
  /** Takes audio; with `settings`, tells what voice detection saw in it. */
  append (bytes: Buffer, format: AudioFormat, settings: VadSettings | undefined): VadEvent[]
  /** Length of what is waiting, in milliseconds. */
  readonly durationMs: number
  /** Time of all audio appended so far, in milliseconds since the session's start. */
  readonly elapsedMs: number
  /** Empties the buffer into a turn that began at `fromMs` (default: with the buffer). */
  take (fromMs?: number, toMs?: number): Utterance
}

// Nobody is speaking: this much is kept for the padding before the next turn.
const KEEP_MS = 2000

export function createInputAudio (): InputAudio {
  const vad = createVad()
  let format: AudioFormat | undefined
  let chunks: Buffer[] = []
  let bytes = 0
  let elapsedMs = 0
  let speaking = false

  const toMs = (size: number): number =>
    format ? size / bytesPerSample(format) / format.rate * 1000 : 0

  function forgetOld (): void {
    while (chunks.length > 1 && toMs(bytes - chunks[0]!.byteLength) > KEEP_MS) bytes -= chunks.shift()!.byteLength
  }

  return {
    get durationMs () { return toMs(bytes) },
    get elapsedMs () { return Math.round(elapsedMs) },
    append (data, asFormat, settings) {
      if (format && (format.type !== asFormat.type || format.rate !== asFormat.rate)) chunks = []
      if (chunks.length === 0) bytes = 0
      format = asFormat
      chunks.push(data)
      bytes += data.byteLength
      elapsedMs += toMs(data.byteLength)
      if (!settings) return []
      const events = vad.push(decodeAudio(data, format), format.rate, settings)
      if (events.length > 0) speaking = events.at(-1)!.type === 'started'
      if (!speaking && events.length === 0) forgetOld()
      return events
    },
    take (fromMs, untilMs) {
      const whole = Buffer.concat(chunks)
      const startMs = elapsedMs - toMs(bytes)
      const unit = format ? bytesPerSample(format) : 1
      const offset = (ms: number): number =>
        format ? Math.max(0, Math.round((ms - startMs) * format.rate / 1000)) * unit : 0
      const begin = fromMs === undefined ? 0 : offset(fromMs)
      const end = untilMs === undefined ? whole.byteLength : Math.min(whole.byteLength, offset(untilMs))
      const audio = whole.subarray(begin, end)
      const rest = whole.subarray(end)
      chunks = rest.byteLength > 0 ? [rest] : []
      bytes = rest.byteLength
      if (untilMs === undefined) {
        speaking = false
        vad.reset()
      }
      return { audio, durationMs: toMs(audio.byteLength) }
    }
  }
}
