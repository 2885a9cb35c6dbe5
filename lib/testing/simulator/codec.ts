/** An audio format as sessions name it. */
export interface AudioFormat {
  readonly type: 'audio/pcm' | 'audio/pcmu' | 'audio/pcma'
  /** Samples per second; always 8000 for the telephone formats. */
  readonly rate: number
}

/** The providers' default. */
export const PCM_24K: AudioFormat = { type: 'audio/pcm', rate: 24_000 }

/** Reads a session's `format`; `undefined` for one that cannot be spoken (Opus, say). */
export function parseFormat (value: unknown): AudioFormat | undefined {
  if (value === undefined || value === null) return PCM_24K
  if (typeof value !== 'object') return undefined
  const { type, rate } = value as { type?: unknown, rate?: unknown }
  if (type === 'audio/pcmu' || type === 'audio/pcma') return { type, rate: 8000 }
  if (type === 'audio/pcm') return { type, rate: typeof rate === 'number' && rate >= 8000 && rate <= 48_000 ? rate : 24_000 }
  return undefined
}

export function bytesPerSample (format: AudioFormat): number {
  return format.type === 'audio/pcm' ? 2 : 1
}

export function encodeAudio (samples: Int16Array, format: AudioFormat): Buffer {
  if (format.type === 'audio/pcm') return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  const encode = format.type === 'audio/pcmu' ? toMuLaw : toALaw
  return Buffer.from(Uint8Array.from(samples, encode))
}

export function decodeAudio (bytes: Buffer, format: AudioFormat): Int16Array {
  if (format.type === 'audio/pcm') {
    const samples = new Int16Array(bytes.byteLength >> 1)
    for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2)
    return samples
  }
  return Int16Array.from(bytes, format.type === 'audio/pcmu' ? fromMuLaw : fromALaw)
}

// G.711: a sign, a three-bit segment (the power of two) and a four-bit step within it.

function toMuLaw (sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132
  const segment = 31 - Math.clz32(magnitude) - 7
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 15)) & 0xff
}

function fromMuLaw (byte: number): number {
  const value = ~byte & 0xff
  const magnitude = (((value & 15) << 3) + 132) << ((value >> 4) & 7)
  return value & 0x80 ? 132 - magnitude : magnitude - 132
}

function toALaw (sample: number): number {
  const sign = sample < 0 ? 0 : 0x80
  const magnitude = (sample < 0 ? ~sample : sample) >> 3
  const segment = magnitude < 32 ? 0 : 31 - Math.clz32(magnitude) - 4
  const step = magnitude >> Math.max(1, segment)
  return (sign | (segment << 4) | (step & 15)) ^ 0x55
}

function fromALaw (byte: number): number {
  const value = byte ^ 0x55
  const segment = (value >> 4) & 7
  const step = value & 15
  const magnitude = segment === 0 ? (step << 4) + 8 : ((step << 4) + 264) << (segment - 1)
  return value & 0x80 ? magnitude : -magnitude
}
