/**
 * Wraps PCM16 little-endian samples in a WAV container that any player opens.
 * @param pcm raw samples, as `response.output_audio.delta` carries them after base64 decoding.
 * @param options.rate samples per second. Default 24 000, the providers' default.
 * @param options.channels default 1.
 */
export function toWav (pcm: Uint8Array, options: { rate?: number, channels?: number } = {}): Buffer {
  const { rate = 24_000, channels = 1 } = options
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(36 + pcm.byteLength, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(channels, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate * channels * 2, 28)
  header.writeUInt16LE(channels * 2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(pcm.byteLength, 40)
  return Buffer.concat([header, pcm])
}
