import type { RealtimeEvent } from '../../../types/index.ts'
import { PCM_24K, encodeAudio } from './codec.ts'
import { fatalError, softErrors } from './errors.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import type { Fields } from './fields.ts'
import { openAiId } from './ids.ts'
import type { ProviderSession, SessionHost } from './session.ts'
import { speak } from './voice.ts'

const SESSION_SECONDS = 3600
/** What is heard is translated in frames of this length. */
const FRAME_MS = 200
const FRAME_BYTES = 24_000 * 2 * FRAME_MS / 1000
const FIELDS = new Set(['audio'])

/**
 * OpenAI's side of a translation session: speech goes in, translated speech and its text come out, frame by frame and without turns
 * (openai-node, RealtimeTranslation*).
 */
export function createTranslationSession (host: SessionHost): ProviderSession {
  const id = (prefix: string): string => openAiId(prefix, host.random, host.now())
  const session = {
    id: id('sess'),
    type: 'translation',
    model: host.query.get('model') ?? 'gpt-realtime-translate',
    expires_at: Math.floor(host.now() / 1000) + SESSION_SECONDS,
    audio: { input: { noise_reduction: null as unknown, transcription: null as unknown }, output: { language: 'en' as unknown } }
  }
  let waiting = Buffer.alloc(0)
  let frames = 0

  const emit = (type: string, fields: Fields): void => host.send({ type, event_id: id('event'), ...fields })
  const refuse = ({ type = 'invalid_request_error', code, message, param = null }: SoftError, event?: RealtimeEvent): void => {
    emit('error', { error: { type, code, message, param, event_id: typeof event?.event_id === 'string' ? event.event_id : null } })
  }

  function translateFrame (): void {
    const elapsed = { elapsed_ms: ++frames * FRAME_MS }
    const words = host.hear(0, FRAME_MS).split(' ')
    const word = `${words[(frames - 1) % words.length]!} `
    if (session.audio.input.transcription !== null) emit('session.input_transcript.delta', { delta: word, ...elapsed })
    emit('session.output_transcript.delta', { delta: `[${String(session.audio.output.language)}] ${word}`, ...elapsed })
    const audio = encodeAudio(speak(word, 24_000, host.seed).subarray(0, FRAME_BYTES / 2), PCM_24K).toString('base64')
    emit('session.output_audio.delta', { delta: audio, format: 'pcm16', sample_rate: 24_000, channels: 1, ...elapsed })
  }

  function append (event: RealtimeEvent): void {
    if (typeof event.audio !== 'string') return refuse(softErrors.missingParameter('audio'), event)
    waiting = Buffer.concat([waiting, Buffer.from(event.audio, 'base64')])
    for (; waiting.length >= FRAME_BYTES; waiting = waiting.subarray(FRAME_BYTES)) translateFrame()
  }

  function update (event: RealtimeEvent): void {
    if (!isFields(event.session)) return refuse(softErrors.missingParameter('session'), event)
    const unknown = Object.keys(event.session).find(key => !FIELDS.has(key))
    if (unknown !== undefined) return refuse(softErrors.unknownParameter(`session.${unknown}`), event)
    const { input, output } = isFields(event.session.audio) ? event.session.audio : {}
    if (isFields(input)) Object.assign(session.audio.input, input)
    if (isFields(output)) Object.assign(session.audio.output, output)
    emit('session.updated', { session })
  }

  function close (): void {
    if (waiting.length > 0) translateFrame()
    emit('session.closed', {})
    host.close(1000, '')
  }

  const handlers: Readonly<Record<string, (event: RealtimeEvent) => void>> = {
    'session.update': update,
    'session.input_audio_buffer.append': append,
    'session.close': close
  }

  return {
    open: () => emit('session.created', { session }),
    latency: () => 0,
    receive (event) {
      const handler = Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined
      if (handler) handler(event)
      else refuse(softErrors.invalidType(event.type), event)
    },
    receiveBinary: () => refuse(softErrors.binaryFrame()),
    receiveInvalid: problem => refuse(problem === 'json' ? softErrors.invalidJson() : softErrors.missingType()),
    expire () {
      const { type, code, message, close, reason } = fatalError('session_expired')
      refuse({ type, code, message })
      host.close(close, reason)
    }
  }
}
