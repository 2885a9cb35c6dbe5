import { decodedBytes } from '../../wire/json/base64.ts'
import type { RealtimeEvent, Stage, StageMessage, TurnInfo, TurnTimes } from '../../../types/index.ts'

// Both shapes of the protocol: GA and beta.
const audioDeltas: readonly string[] = ['response.output_audio.delta', 'response.audio.delta']

// One list for all sessions.
const clientTypes: readonly string[] = ['response.create', 'input_audio_buffer.append']
const upstreamTypes: readonly string[] = ['session.created', 'session.updated', 'input_audio_buffer.speech_stopped', 'response.created', 'response.done', 'conversation.item.input_audio_transcription.completed', ...audioDeltas]

/** A response of which nothing comes for so long is unresponsive, in milliseconds. */
const unresponsiveAfter = 10_000

// The longest text of an event that decodes to more bytes than this is no id, so it is the audio.
const longestId = 96

// A provider runs one response at a time, and a few outside of the conversation. Beyond this many the oldest is forgotten, so that a provider
// that never ends its responses cannot fill the memory.
const mostRunning = 64

/** Hears what may be billed, in the words of whoever said it, before a turn is told. Events must not be changed. */
export interface BillingTap {
  upstream (event: RealtimeEvent): void
  /** Items that the client adds. Absent: the provider bills none, and they are not read. */
  client? (event: RealtimeEvent): void
}

const billedByItem = 'conversation.item.create'
const transcribed = 'conversation.item.input_audio_transcription.completed'

/** A turn without what the session knows: whose it is, and where. */
export type Turn = Pick<TurnInfo, 'number' | 'servedModel' | 'responseId' | 'status' | 'usage' | 'times' | 'audioBytes'>

interface Running {
  readonly id: string | undefined
  readonly asked: number | undefined
  readonly began: number
  firstAudio: number | undefined
  audio: number
}

/** Follows the responses of a session by what the client and the provider say, without changing it. */
export class Turns {
  /** What the client sends, before any other stage. */
  readonly client: Stage
  /** What the provider sends, in its own words. */
  readonly upstream: Stage
  readonly #now: () => number
  readonly #startedAt: number
  readonly #ended: (turn: Turn) => void
  readonly #tap: BillingTap | undefined
  readonly #running: Running[] = []
  #finished = 0
  #number = 0
  /** When the user or the client asked for the response that has not begun yet. */
  #asked: number | undefined
  #servedModel: string | undefined
  #clientAudio = 0

  /**
   * @param now the session's clock, in milliseconds
   * @param ended called with each response that ends
   * @param tap hears what may be billed
   */
  constructor (now: () => number, ended: (turn: Turn) => void, tap?: BillingTap) {
    this.#now = now
    this.#startedAt = now()
    this.#ended = ended
    this.#tap = tap
    this.client = {
      types: tap?.client === undefined ? clientTypes : [...clientTypes, billedByItem],
      skims: true,
      handle: message => {
        if (message.type === 'response.create') this.#asked = this.#time()
        else if (message.type === billedByItem) this.#bill(message.event(), tap?.client)
        else if (message.type !== undefined) this.#clientAudio += audioOf(message, 'audio')
        return undefined
      }
    }
    this.upstream = {
      types: upstreamTypes,
      handle: message => {
        this.#hear(message)
        return undefined
      }
    }
  }

  /** Responses that have begun and not ended. */
  get running (): number {
    return this.#running.length
  }

  /** Responses that have ended. */
  get finished (): number {
    return this.#finished
  }

  /**
   * Whether a response is running of which nothing has come for `unresponsiveAfter`.
   * @param heardAt when the provider's last message came
   */
  isUnresponsive (heardAt: number): boolean {
    const last = this.#running.at(-1)
    return last !== undefined && this.#now() - Math.max(heardAt, this.#startedAt + last.began) >= unresponsiveAfter
  }

  /** Audio of the client's that went on unread, in decoded bytes. */
  skimmed (bytes: number): void {
    this.#clientAudio += bytes
  }

  /** The session is over. Each running response is told as a turn, without a status. */
  end (): void {
    for (const running of this.#running.splice(0)) this.#tell(running, {})
  }

  #time (): number {
    return this.#now() - this.#startedAt
  }

  #hear (message: StageMessage): void {
    switch (message.type) {
      case 'session.created':
      case 'session.updated': {
        const model = fieldOf(message.event(), 'session', 'model')
        if (typeof model === 'string') this.#servedModel = model
        this.#bill(message.event(), this.#tap?.upstream)
        return
      }
      case 'input_audio_buffer.speech_stopped':
        this.#asked = this.#time()
        return
      case 'response.created': {
        const id = fieldOf(message.event(), 'response', 'id')
        if (this.#running.length === mostRunning) this.#running.shift()
        this.#running.push({ id: typeof id === 'string' ? id : undefined, asked: this.#asked, began: this.#time(), firstAudio: undefined, audio: 0 })
        this.#asked = undefined
        return
      }
      case 'response.done':
        this.#bill(message.event(), this.#tap?.upstream)
        this.#finish(message.event())
        return
      case transcribed:
        this.#bill(message.event(), this.#tap?.upstream)
        return
      case undefined:
        return
      default:
        this.#hearAudio(message)
    }
  }

  #bill (event: RealtimeEvent | undefined, hear: ((event: RealtimeEvent) => void) | undefined): void {
    if (event !== undefined) hear?.(event)
  }

  #hearAudio (message: StageMessage): void {
    // With one running response a delta is its, so the delta need not be parsed.
    const id = this.#running.length > 1 ? message.event()?.['response_id'] : undefined
    const running = this.#running.find(each => each.id === id) ?? this.#running.at(-1)
    if (running === undefined) return
    running.firstAudio ??= this.#time()
    running.audio += audioOf(message, 'delta')
  }

  #finish (event: RealtimeEvent | undefined): void {
    this.#finished++
    const id = fieldOf(event, 'response', 'id')
    const exact = this.#running.findIndex(each => each.id === id)
    const at = exact !== -1 ? exact : this.#running.findIndex(each => each.id === undefined || typeof id !== 'string')
    const running = at === -1 ? undefined : this.#running.splice(at, 1)[0]
    this.#tell(running, {
      ...(typeof id === 'string' && { responseId: id }),
      status: fieldOf(event, 'response', 'status'),
      // xAI has `usage` beside the response, whose own is empty. OpenAI has it in the response only.
      usage: event?.['usage'] ?? fieldOf(event, 'response', 'usage') ?? undefined
    })
  }

  #tell (running: Running | undefined, said: { readonly responseId?: string, readonly status?: unknown, readonly usage?: unknown }): void {
    const times: TurnTimes = {
      ...(running?.asked !== undefined && { asked: running.asked }),
      ...(running !== undefined && { began: running.began }),
      ...(running?.firstAudio !== undefined && { firstAudio: running.firstAudio }),
      ended: this.#time()
    }
    const audioBytes = { client: this.#clientAudio, upstream: running?.audio ?? 0 }
    this.#clientAudio = 0
    this.#ended({
      number: ++this.#number,
      servedModel: this.#servedModel,
      responseId: said.responseId ?? running?.id,
      status: typeof said.status === 'string' ? said.status : undefined,
      usage: said.usage,
      times,
      audioBytes
    })
  }
}

/** Decoded size in bytes of an event's audio. The longest text is the audio, unless it is as short as an id: then the event is parsed. */
function audioOf (message: StageMessage, field: 'audio' | 'delta'): number {
  const { audioBytes } = message
  if (audioBytes > longestId) return audioBytes
  const audio = message.event()?.[field]
  if (typeof audio !== 'string') return 0
  const text = Buffer.from(audio)
  return decodedBytes(text, 0, text.length)
}

function fieldOf (event: RealtimeEvent | undefined, part: string, field: string): unknown {
  const inner = event?.[part]
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[field] : undefined
}
