/** How a session wants speech detected. Times in milliseconds. */
export interface VadSettings {
  /** 0 to 1: how loud speech must be. */
  readonly threshold: number
  /** Audio before the detected start that belongs to the turn. */
  readonly prefixPadding: number
  /** Silence that ends a turn. */
  readonly silence: number
}

/** What happened in the audio, with its time since the session's first sample. */
export type VadEvent =
  /** `startMs` is the start of the turn: the detected start less the padding. */
  | { readonly type: 'started', readonly startMs: number }
  /** `endMs` is the end of the silence that decided it. */
  | { readonly type: 'stopped', readonly endMs: number }

const FRAME_MS = 20
// So many loud frames in a row are speech: a door that slams is shorter.
const FRAMES_TO_START = 3
// The loudness (RMS of 16-bit samples) that counts as threshold 1.
const FULL_LEVEL = 1200

/** Finds turns by the energy of the audio. */
interface Vad {
  push (samples: Int16Array, rate: number, settings: VadSettings): VadEvent[]
  /** Forgets a turn that has begun: its audio was committed or cleared by hand. */
  reset (): void
}

export function createVad (): Vad {
  let rest = new Int16Array(0)
  let timeMs = 0
  let floorMs = 0
  let speaking = false
  let loud = 0
  let quietMs = 0

  function frame (samples: Int16Array, settings: VadSettings): VadEvent | undefined {
    timeMs += FRAME_MS
    const heard = rms(samples) / FULL_LEVEL >= settings.threshold
    loud = heard ? loud + 1 : 0
    quietMs = heard ? 0 : quietMs + FRAME_MS
    if (!speaking && loud >= FRAMES_TO_START) {
      speaking = true
      return { type: 'started', startMs: Math.max(floorMs, timeMs - FRAMES_TO_START * FRAME_MS - settings.prefixPadding) }
    }
    if (speaking && quietMs >= Math.max(FRAME_MS, settings.silence)) {
      speaking = false
      floorMs = timeMs
      return { type: 'stopped', endMs: timeMs }
    }
    return undefined
  }

  return {
    push (samples, rate, settings) {
      const size = Math.round(rate * FRAME_MS / 1000)
      const all = new Int16Array(rest.length + samples.length)
      all.set(rest)
      all.set(samples, rest.length)
      const events: VadEvent[] = []
      let at = 0
      for (; at + size <= all.length; at += size) {
        const event = frame(all.subarray(at, at + size), settings)
        if (event) events.push(event)
      }
      rest = all.slice(at)
      return events
    },
    reset () {
      speaking = false
      loud = 0
      quietMs = 0
      floorMs = timeMs
    }
  }
}

/** Root mean square of 16-bit samples: 0 for silence, 3000 or so for speech. */
export function rms (samples: Int16Array): number {
  if (samples.length === 0) return 0
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return Math.sqrt(sum / samples.length)
}
