import type { SimulatedCall } from './answer.ts'
import { PCM_24K, bytesPerSample, encodeAudio, parseFormat } from './codec.ts'
import type { ContentPart, Entry, WireItem } from './conversation.ts'
import { openAiCallId } from './ids.ts'
import type { OpenAiContext } from './openai-context.ts'
import { isSecondGeneration } from './openai-session-object.ts'
import { obfuscation, tokens } from './text.ts'
import { speak } from './voice.ts'

/** The items of one response, while they are streamed. */
interface OpenAiOutput {
  /** As `response.done` lists them. */
  readonly items: readonly WireItem[]
  readonly textTokens: number
  readonly audioMs: number
  /**
   * Streams a message, spoken or written. A text over `limit` tokens is cut, and its item `incomplete`.
   * @param endless only an interruption closes the message
   */
  say (text: string, limit: number, endless: boolean): Generator<number, void>
  call (call: SimulatedCall): Generator<number, void>
  /** Closes the item that is being streamed, if any. */
  interrupt (): void
}

interface OutputOptions {
  readonly responseId: string
  readonly outOfBand: boolean
  readonly spoken: boolean
  readonly format: unknown
}

interface Chunk { readonly data: Buffer, readonly ms: number, readonly pauseMs: number }

const FIRST_AUDIO_MS = 100

export function createOpenAiOutput (context: OpenAiContext, { responseId, outOfBand, spoken, format }: OutputOptions): OpenAiOutput {
  const { host, session, conversation, emit } = context
  const model = session.model ?? ''
  const items: WireItem[] = []
  let textTokens = 0
  let audioMs = 0
  let closeItem: ((status: string) => void) | undefined

  function open (item: WireItem): { ids: Record<string, unknown>, close: (status: string, said: string, ms: number) => void } {
    const index = items.push(item) - 1
    const entry: Entry = { wire: item, said: '', audioMs: 0, finished: false }
    emit('response.output_item.added', { response_id: responseId, output_index: index, item })
    if (!outOfBand) {
      conversation.add(entry)
      emit('conversation.item.added', { previous_item_id: conversation.previous(item.id), item })
    }
    return {
      ids: { response_id: responseId, item_id: item.id, output_index: index },
      close (status, said, ms) {
        closeItem = undefined
        item.status = status
        Object.assign(entry, { said, audioMs: ms, finished: true })
        // A provider's quirk, recorded in every session: the second item of a conversation forgets its predecessor here.
        const previous = conversation.entries.indexOf(entry) === 1 ? null : conversation.previous(item.id)
        if (!outOfBand) emit('conversation.item.done', { previous_item_id: previous, item })
        emit('response.output_item.done', { response_id: responseId, output_index: index, item })
      }
    }
  }

  function * say (whole: string, limit: number, endless: boolean): Generator<number, void> {
    const all = tokens(whole)
    const pieces = all.slice(0, limit)
    const status = pieces.length < all.length ? 'incomplete' : 'completed'
    const item: WireItem = {
      id: context.id('item'),
      type: 'message',
      status: 'in_progress',
      role: 'assistant',
      content: [],
      ...(isSecondGeneration(model) && { phase: 'final_answer' })
    }
    const { ids: itemIds, close } = open(item)
    const ids = { ...itemIds, content_index: 0 }
    let said = ''
    let ms = 0
    const part = (): ContentPart => spoken ? { type: 'audio', transcript: said } : { type: 'text', text: said }
    const partFields = (): Record<string, unknown> => ({ ...ids, part: part(), ...(context.azure && { content: part() }) })
    emit('response.content_part.added', partFields())
    closeItem = as => {
      if (spoken) {
        emit('response.output_audio.done', ids)
        emit('response.output_audio_transcript.done', { ...ids, transcript: said })
      } else {
        emit('response.output_text.done', { ...ids, text: said })
      }
      emit('response.content_part.done', partFields())
      item.content = [spoken ? { type: 'output_audio', transcript: said } : { type: 'output_text', text: said }]
      close(as, said, ms)
    }
    const chunks = spoken ? audioChunks(pieces.join('')) : []
    // The text runs ahead of the sound: three deltas of each in turn, as recorded.
    while (pieces.length > 0 || chunks.length > 0) {
      for (const delta of pieces.splice(0, spoken ? 3 : pieces.length)) {
        yield 2 + host.random.int(20)
        said += delta
        textTokens++
        emit(`response.output_${spoken ? 'audio_transcript' : 'text'}.delta`, { ...ids, delta, obfuscation: obfuscation(delta, host.random) })
      }
      for (const chunk of chunks.splice(0, 3)) {
        yield ms === 0 ? FIRST_AUDIO_MS : 10 + host.random.int(chunk.pauseMs)
        if (context.sideband && audioMs === 0) emit('output_audio_buffer.started', { response_id: responseId })
        ms += chunk.ms
        audioMs += chunk.ms
        if (!context.sideband) emit('response.output_audio.delta', { ...ids, delta: chunk.data.toString('base64') })
      }
    }
    if (endless) yield Infinity
    closeItem(status)
  }

  // 250 ms to a delta; 400 ms, and faster, from the mini model of the second generation.
  function audioChunks (text: string): Chunk[] {
    const fast = model.startsWith('gpt-realtime-2.1-mini')
    const codec = parseFormat(format) ?? PCM_24K
    const samples = speak(text, codec.rate, host.seed)
    const size = codec.rate * (fast ? 0.4 : 0.25)
    const chunks: Chunk[] = []
    for (let at = 0; at < samples.length; at += size) {
      const data = encodeAudio(samples.subarray(at, at + size), codec)
      chunks.push({ data, ms: data.byteLength / bytesPerSample(codec) / codec.rate * 1000, pauseMs: fast ? 40 : 80 })
    }
    return chunks
  }

  function * call ({ name, arguments: given = {} }: SimulatedCall): Generator<number, void> {
    const text = typeof given === 'string' ? given : JSON.stringify(given)
    const callId = openAiCallId(host.random)
    const item: WireItem = { id: context.id('item'), type: 'function_call', status: 'in_progress', name, call_id: callId, arguments: '' }
    const { ids: itemIds, close } = open(item)
    const ids = { ...itemIds, call_id: callId }
    let written = ''
    closeItem = as => {
      emit('response.function_call_arguments.done', { ...ids, name, arguments: written })
      item.arguments = written
      close(as, '', 0)
    }
    for (const delta of tokens(text)) {
      yield 2 + host.random.int(20)
      written += delta
      textTokens++
      emit('response.function_call_arguments.delta', { ...ids, delta, obfuscation: obfuscation(delta, host.random) })
    }
    closeItem('completed')
  }

  return {
    items,
    get textTokens () { return textTokens },
    get audioMs () { return audioMs },
    say,
    call,
    interrupt: () => closeItem?.('incomplete')
  }
}
