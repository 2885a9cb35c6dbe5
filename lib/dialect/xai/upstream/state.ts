import type { Fields } from '../../fields.ts'
import type { DialectContext, RealtimeEvent } from '../../../../types/index.ts'

/** Settings of a session that xAI does not show, or shows by other names. */
export interface SessionConfig {
  id: string | undefined
  model: string | undefined
  /** The voice by the client's name and by xAI's. */
  voice: { readonly client: string, readonly xai: string } | undefined
  /** `null`: it is off, and the client commits its turns itself. */
  turnDetection: Fields | null
  /** As the client asked for it. */
  transcription: { readonly model: string, readonly language: string | null } | undefined
  /** The client wants text only. xAI speaks anyway. */
  textOnly: boolean
  speed: number
  inputFormat: Fields
  outputFormat: Fields
}

/** An update of the session that xAI has neither accepted nor refused. */
export interface PendingUpdate {
  /** The `event_id` by which an error names it. */
  readonly id: string
  /** The client gave it no `event_id`. */
  readonly unnamed: boolean
  /** What it changes. */
  readonly sessionConfig: Partial<SessionConfig>
  /** Whether it sets turn detection. */
  readonly settles: boolean
}

/** A response that was asked for and has not begun. */
export interface Request {
  readonly eventId: string | undefined
  /** A commit asked for it. */
  readonly commit: boolean
  /** Whether the client has asked for it itself. `false`: only its commit has. */
  claimed: boolean
  /** Whether the client wants it as text; `undefined`: as the session says. */
  textOnly: boolean | undefined
  /** The client's name for its voice. */
  readonly voice: string | undefined
  /** `conversation: 'none'`: it is not part of the conversation. */
  readonly apart: boolean
  /** The metadata that xAI was told, or that the client said too late for that. */
  metadata: Fields | undefined
  /** Its own audio format. */
  readonly format: Fields | undefined
  cancelled: boolean
  /** The client's `response.create` that was not sent, as the commit has asked for the same. */
  unsent: RealtimeEvent | undefined
}

/** A response that has begun and not ended. */
export interface Running extends Omit<Request, 'textOnly' | 'unsent'> {
  readonly textOnly: boolean
  /** Items so far. */
  items: number
  /** Whether an item that is not the first speaks. */
  shifted: boolean
}

export interface Part {
  type: 'audio' | 'text'
  /** The text so far; `undefined`: it is longer than what is collected. */
  text: string | undefined
  /** The ends that the client has heard. */
  readonly ended: Set<'sound' | 'text' | 'part'>
}

/** An item that was seen. */
export interface Kept {
  readonly id: string
  /** The item as the client knows it, without its texts where it is too large. */
  item: Fields | undefined
  /** Whether nothing of `item` is left out. */
  whole: boolean
  previous: string | null
  /** Whether the client has heard that it was added, but not that it is done. */
  open: boolean
  /** The response that has it as output; whether it is still growing; its position in the output. */
  response: string | undefined
  growing: boolean
  index: number | undefined
  /** The parts so far, by content index. */
  readonly parts: Map<number, Part>
  /** The arguments of a call (`undefined`: they are longer than what is collected), and whether the client has heard their end. */
  arguments: string | undefined
  argued: boolean
}

/** What the user said, as far as it was understood. */
export interface Speech {
  /** Milliseconds of audio. */
  from: number | undefined
  until: number | undefined
  /** The transcript as far as the client was told. */
  told: string
  /** Whether the transcript is final. */
  final: boolean
  committed: boolean
  /** Whether the client has heard `speech_started`. */
  shown: boolean
}

/** All that is remembered of a session. Every list in it is bounded. */
export interface XaiState {
  readonly context: DialectContext
  /** The settings that xAI has accepted, and whether turn detection is among them. */
  readonly accepted: { readonly sessionConfig: SessionConfig, settled: boolean }
  /** The settings once xAI has accepted all updates that are on their way. */
  readonly sessionConfig: SessionConfig
  /** The client writes its session in xAI's own shape, which has no `type`. GA requires one. */
  ownShape: boolean
  /** Whether the answer to the gateway's own update, the default turn detection, has not come yet. */
  hiding: boolean
  /** Updates that xAI has not answered, in the order in which it will. */
  updates: readonly PendingUpdate[]
  conversation: string | null
  /** xAI has repeated the metadata of a request. From then on, a response without metadata does not answer a request with metadata. */
  echoes: boolean
  readonly requests: Request[]
  readonly running: Map<string, Running>
  readonly items: Map<string, Kept>
  /** Ids of items that the client has been told of. */
  readonly announced: Map<string, true>
  /** The id of the last item of the conversation. */
  last: string | null
  readonly speeches: Map<string, Speech>
  /** Counts the answers and ids that the gateway makes up. */
  answers: number
}

/** How many of each are remembered. */
export const most = { updates: 16, requests: 16, running: 8, items: 32, parts: 8, announced: 256, speeches: 16 }

/** A text, or the arguments of a call, is collected up to so many characters: more than an hour of speech. A longer one is left out, not cut. */
export const longestText = 65_536

/** OpenAI's default. On xAI turn detection is off by default. */
export const defaultTurnDetection: Fields = { type: 'server_vad', create_response: true, interrupt_response: true }

const pcm: Fields = { type: 'audio/pcm', rate: 24_000 }

export function start (context: DialectContext): XaiState {
  const sessionConfig: SessionConfig = {
    id: undefined,
    model: undefined,
    voice: undefined,
    turnDetection: defaultTurnDetection,
    transcription: undefined,
    textOnly: false,
    speed: 1,
    inputFormat: pcm,
    outputFormat: pcm
  }
  return {
    context,
    accepted: { sessionConfig, settled: context.attached === true },
    sessionConfig: { ...sessionConfig },
    ownShape: false,
    hiding: false,
    updates: [],
    conversation: null,
    echoes: false,
    requests: [],
    running: new Map(),
    items: new Map(),
    announced: new Map(),
    last: null,
    speeches: new Map(),
    answers: 0
  }
}
