import type { RealtimeEvent } from '../../../types/index.ts'
import { encodeAudio } from './codec.ts'
import { textOf } from './conversation.ts'
import type { Entry, WireItem } from './conversation.ts'
import { softErrors } from './errors.ts'
import type { SoftError } from './errors.ts'
import { isFields } from './fields.ts'
import type { Fields } from './fields.ts'
import type { OpenAiContext } from './openai-context.ts'
import { speak } from './voice.ts'

const LONGEST_CALL_ID = 32

/** @param param where the item stands in its event */
export function longCallId ({ call_id: id }: Fields, param: string): SoftError | undefined {
  return typeof id === 'string' && id.length > LONGEST_CALL_ID ? softErrors.textTooLong(`${param}.call_id`, id.length, LONGEST_CALL_ID) : undefined
}

/** The `conversation.item.*` events of a client. */
export function itemHandlers (context: OpenAiContext): Record<string, (event: RealtimeEvent) => void> {
  const { conversation, emit, refuse, host } = context
  let heardItems = 0

  function create (event: RealtimeEvent): void {
    if (!isFields(event.item)) return refuse(softErrors.missingParameter('item'), event)
    if (typeof event.item.type !== 'string') return refuse(softErrors.missingParameter('item.type'), event)
    const tooLong = longCallId(event.item, 'item')
    if (tooLong) return refuse(tooLong, event)
    const item = shown(event.item as WireItem)
    const isKnownCall = conversation.entries.some(({ wire }) => wire.type === 'function_call' && wire.call_id === item.call_id)
    if (item.type === 'function_call_output' && !isKnownCall) return refuse(softErrors.unknownCall(item.call_id), event)
    if (!conversation.add(toEntry(item), event.previous_item_id)) return refuse(softErrors.noSuchPrevious(event.previous_item_id), event)
    const fields = { previous_item_id: conversation.previous(item.id), item }
    emit('conversation.item.added', fields)
    emit('conversation.item.done', fields)
  }

  // The item as the server shows it: with an id, and a status unless it is a function's output.
  function shown ({ id, type, status: _, ...rest }: WireItem): WireItem {
    return {
      id: typeof id === 'string' ? id : context.id('item'),
      type,
      ...(type !== 'function_call_output' && { status: 'completed' }),
      ...rest
    }
  }

  function toEntry (item: WireItem): Entry {
    const audio = item.content?.find(part => part.type === 'input_audio')
    const bytes = audio?.audio ? Buffer.from(audio.audio, 'base64').byteLength : 0
    const audioMs = bytes / 48
    const heard = audio && typeof audio.transcript !== 'string' ? host.hear(heardItems++, audioMs) : ''
    return { wire: item, said: textOf(item) || heard, audioMs, finished: true }
  }

  function retrieve (event: RealtimeEvent): void {
    const entry = conversation.find(event.item_id)
    if (!entry) return refuse(softErrors.noSuchItem('retrieve', event.item_id), event)
    const content = entry.wire.content?.map(part => {
      if (part.type === 'input_audio' && entry.utterance) return { ...part, audio: entry.utterance.audio.toString('base64') }
      if (part.type === 'output_audio') return { ...part, audio: spokenAudio(entry) }
      return part
    })
    emit('conversation.item.retrieved', { item: content ? { ...entry.wire, content } : entry.wire })
  }

  function spokenAudio ({ said, audioMs }: Entry): string {
    const samples = speak(said, 24_000, host.seed).subarray(0, Math.round(audioMs * 24))
    return encodeAudio(samples, { type: 'audio/pcm', rate: 24_000 }).toString('base64')
  }

  function truncate (event: RealtimeEvent): void {
    const entry = conversation.find(event.item_id)
    const part = entry?.wire.content?.[0]
    if (!entry || part?.type !== 'output_audio') return refuse(softErrors.noSuchItem('truncate', event.item_id), event)
    const { audio_end_ms: end, content_index: index = 0 } = event
    if (typeof end !== 'number') return refuse(softErrors.missingParameter('audio_end_ms'), event)
    const length = Math.round(entry.audioMs)
    if (end > length) return refuse(softErrors.audioTooShort(length, end), event)
    // What was not heard is forgotten, the whole transcript with it.
    entry.audioMs = end
    part.transcript = ''
    emit('conversation.item.truncated', { item_id: entry.wire.id, content_index: index, audio_end_ms: end })
  }

  function remove (event: RealtimeEvent): void {
    if (!conversation.remove(event.item_id)) return refuse(softErrors.noSuchItem('delete', event.item_id), event)
    emit('conversation.item.deleted', { item_id: event.item_id })
  }

  return {
    'conversation.item.create': create,
    'conversation.item.retrieve': retrieve,
    'conversation.item.truncate': truncate,
    'conversation.item.delete': remove
  }
}
