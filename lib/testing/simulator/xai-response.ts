import { builtInAnswer, toolChoice } from './answer.ts'
import type { SimulatedCall, SimulatedTurn } from './answer.ts'
import { PCM_24K, bytesPerSample, encodeAudio, parseFormat } from './codec.ts'
import type { AudioFormat } from './codec.ts'
import type { Entry, WireItem } from './conversation.ts'
import type { RunningResponse, SessionHost } from './session.ts'
import { sentences, tokens } from './text.ts'
import { speak } from './voice.ts'
import type { XaiContext } from './xai-context.ts'

/** What starts an xAI response. */
interface XaiRequest {
  readonly turn: SimulatedTurn
  /** A text to be spoken as it is (`force_message`). */
  readonly say?: string
  readonly metadata?: unknown
}

interface Chunk { readonly data: Buffer, readonly ms: number, readonly waitMs: number }

/** Starts an xAI response and streams it. */
export function startXaiResponse (context: XaiContext, request: XaiRequest, onEnd: () => void): RunningResponse {
  const { host, settings, conversation, emit, show } = context
  const id = context.id()
  const reckon = context.meter([...conversation.entries], `${settings.instructions} ${settings.tools.length > 0 ? JSON.stringify(settings.tools) : ''}`)
  const output: WireItem[] = []
  const calls: Entry[] = []
  const metadata = request.metadata === undefined ? {} : { metadata: request.metadata }
  let status = 'in_progress'
  let textTokens = 0
  let audioMs = 0
  let speaking: Entry | undefined

  // `status_details` is this very text and `usage` empty: the real usage stands beside the response.
  const snapshot = (): Record<string, unknown> =>
    ({ id, object: 'realtime.response', output: output.map(show), status, status_details: 'unimplemented', usage: {}, ...metadata })

  function finish (as: string): void {
    status = as
    // Only now may a client answer the calls.
    for (const call of calls) call.finished = true
    emit('response.done', { response: snapshot(), response_id: id, usage: reckon({ textTokens, audioMs }) })
    onEnd()
  }

  function * say (whole: string, endless: boolean): Generator<number, void> {
    const item: WireItem = { id: context.id(), object: 'realtime.item', type: 'message', status: 'in_progress', role: 'assistant' }
    const entry: Entry = { wire: { ...item, content: [] }, said: '', audioMs: 0, finished: true }
    const position = { response_id: id, content_index: 0, output_index: 0 }
    emit('response.output_item.added', { item: show(item), response_id: id, output_index: 0 })
    conversation.add(entry)
    speaking = entry
    emit('conversation.item.added', { item: show(entry.wire), previous_item_id: conversation.previous(item.id) })
    emit('response.content_part.added', { item_id: item.id, previous_item_id: '0', part: { type: 'audio', transcript: '' }, ...position })
    for (const sentence of sentences(whole)) yield * sayOne(sentence, item.id, entry)
    if (endless) yield Infinity
    speaking = undefined
    entry.wire.status = item.status = 'completed'
    entry.wire.content = [{ type: 'audio', transcript: entry.said }]
    output.push(entry.wire)
    emit('response.output_audio_transcript.done', { item_id: item.id, transcript: entry.said, ...position })
    emit('response.content_part.done', { item_id: item.id, ...position })
    emit('response.output_audio.done', { item_id: item.id, ...position })
    emit('response.output_item.done', { item: show(item), response_id: id, output_index: 0 })
  }

  // A sentence is one transcript delta, whose event id its audio deltas repeat as `rid`. Only the very first sound of
  // a response comes before its text.
  function * sayOne (sentence: string, itemId: string, entry: Entry): Generator<number, void> {
    const rid = context.id()
    const first = audioMs === 0
    const latencyMs = 500 + host.random.int(400)
    const startTime = Math.round(entry.audioMs / 10) / 100
    const codec = parseFormat(settings.output.format) ?? PCM_24K
    const position = { content_index: 0, output_index: 0, rid }

    const write = (): void => {
      entry.said += sentence
      textTokens += tokens(sentence).length
      emit('response.output_audio_transcript.delta', { event_id: rid, item_id: itemId, response_id: id, delta: sentence, ...position, start_time: startTime })
    }
    if (!first) write()
    for (const [index, chunk] of sentenceChunks(sentence, codec, host).entries()) {
      const opening = first && index === 0
      yield opening ? latencyMs : chunk.waitMs
      audioMs += chunk.ms
      entry.audioMs += chunk.ms
      if (settings.output.transport === 'binary') host.sendBinary(chunk.data)
      else {
        emit('response.output_audio.delta', {
          item_id: itemId,
          response_id: id,
          delta: chunk.data.toString('base64'),
          ...position,
          ...(opening && { latency: (latencyMs / 1000).toFixed(2) }),
          audio_duration_ms: Math.round(chunk.ms),
          ts: host.now()
        })
      }
      if (opening) write()
    }
  }

  function * call ({ name, arguments: given = {} }: SimulatedCall, index: number): Generator<number, void> {
    const text = typeof given === 'string' ? given : JSON.stringify(given)
    const callId = `call-${context.id()}-${index}`
    const item: WireItem = { id: context.id(), object: 'realtime.item', type: 'function_call', status: 'in_progress', role: 'user', call_id: callId, name, arguments: '' }
    const entry: Entry = { wire: { ...item, role: 'tool' }, said: '', audioMs: 0, finished: false }
    calls.push(entry)
    emit('response.output_item.added', { item: show(item), response_id: id, output_index: 0 })
    conversation.add(entry)
    emit('conversation.item.added', { item: show(entry.wire), previous_item_id: null })
    yield 50
    textTokens += tokens(text).length
    entry.wire.arguments = item.arguments = text
    entry.wire.status = item.status = 'completed'
    output.push(item)
    emit('response.function_call_arguments.delta', { item_id: item.id, response_id: id, delta: text, call_id: callId })
    emit('response.function_call_arguments.done', { item_id: item.id, response_id: id, output_index: 0, call_id: callId, name, arguments: text })
    emit('response.output_item.done', { item: show(item), response_id: id, output_index: 0 })
  }

  function * cycle (): Generator<number, void> {
    const failure = host.takeFailure()
    yield 150
    if (failure) {
      context.refuse({ type: 'internal_error', ...failure })
      finish('failed')
      return
    }
    const { say: text, calls: wanted = [], endless = false } = request.say === undefined
      ? host.scenario?.(request.turn) ?? builtInAnswer(request.turn, toolChoice(settings.toolChoice), true)
      : { say: request.say }
    if (text !== undefined) yield * say(text, endless)
    for (const [index, one] of wanted.entries()) yield * call(one, index)
    finish('completed')
  }

  emit('response.created', { response: snapshot() })
  host.clock.run(cycle(), () => status === 'in_progress')
  return {
    id,
    outOfBand: false,
    // No recording shows how xAI closes an item that is cut off. So nothing is closed here, the worst that a client may meet.
    cancel () {
      if (speaking) speaking.wire.status = 'incomplete'
      finish('cancelled')
    }
  }
}

// Recorded: 489 ms first, then about 520 ms at a third of its own length apart, and small remainders at once.
function sentenceChunks (sentence: string, codec: AudioFormat, { random, seed }: SessionHost): Chunk[] {
  const samples = speak(sentence, codec.rate, seed)
  const totalMs = samples.length / codec.rate * 1000
  const lengths = [Math.min(489, totalMs)]
  let left = totalMs - lengths[0]!
  for (; left > 680; left -= 520) lengths.push(520)
  if (left > 130) lengths.push(left - 128, 31, 97)
  else if (left > 0) lengths.push(left)
  const chunks: Chunk[] = []
  let at = 0
  for (const length of lengths) {
    const end = Math.min(samples.length, at + Math.round(length * codec.rate / 1000))
    const data = encodeAudio(samples.subarray(at, end), codec)
    at = end
    if (data.byteLength === 0) continue
    const ms = data.byteLength / bytesPerSample(codec) / codec.rate * 1000
    chunks.push({ data, ms, waitMs: length > 150 ? ms / 3 : 1 + random.int(4) })
  }
  return chunks
}
