import type { Fields } from '../../fields.ts'
import type { DialectContext, RealtimeEvent } from '../../../../types/index.ts'

/** What is known of a session beyond what xAI repeats. */
export interface SessionConfig {
  id: string | undefined
  model: string | undefined
  /** What the client calls the voice, and what xAI does. */
  voice: { readonly client: string, readonly xai: string } | undefined
  /** `null`: the client says itself when it has spoken. */
  turnDetection: Fields | null
  /** As the client asked for it. */
  transcription: { readonly model: string, readonly language: string | null } | undefined
  /** The client wants to read; xAI speaks anyway. */
  textOnly: boolean
  speed: number
  inputFormat: Fields
  outputFormat: Fields
}

/** An update of the session that xAI has neither accepted nor refused. */
export interface PendingUpdate {
  /** The `event_id` that an error would name it by. */
  readonly id: string
  /** The client has given it none. */
  readonly unnamed: boolean
  /** What it changes. */
  readonly sessionConfig: Partial<SessionConfig>
  /** It says something of turn detection. */
  readonly settles: boolean
}

/** A response that was asked for and has not begun. */
export interface Request {
  readonly eventId: string | undefined
  /** A commit asked for it. */
  readonly commit: boolean
  /** Whether the client has asked for it itself. `false`: only its commit has. */
  claimed: boolean
  /** Whether the client wants to read it; `undefined`: as the session says. */
  textOnly: boolean | undefined
  /** The client's name for its voice. */
  readonly voice: string | undefined
  /** It is no part of the conversation. */
  readonly apart: boolean
  /** What xAI has been told, or the client has said too late for that. */
  metadata: Fields | undefined
  /** Its own sound. */
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
  /** Whether one that is not the first speaks. */
  shifted: boolean
}

export interface Part {
  type: 'audio' | 'text'
  /** `undefined`: more was said than is collected. */
  text: string | undefined
  /** What the client has heard the end of. */
  readonly ended: Set<'sound' | 'text' | 'part'>
}

/** An item that was seen. */
export interface Kept {
  readonly id: string
  /** As the client knows it; where it is too large to be kept, without its texts. */
  item: Fields | undefined
  /** Nothing of `item` is left out. */
  whole: boolean
  previous: string | null
  /** Whether the client has heard that it was added, but not that it is done. */
  open: boolean
  /** The response that it is the output of, whether it still is being made, and its position there. */
  response: string | undefined
  growing: boolean
  index: number | undefined
  /** What has been said so far, by content index. */
  readonly parts: Map<number, Part>
  /** Of a call, and whether the client has heard that they are complete; `undefined`: they are longer than what is collected. */
  arguments: string | undefined
  argued: boolean
}

/** What the user said, as far as it was understood. */
export interface Speech {
  /** Milliseconds of audio. */
  from: number | undefined
  until: number | undefined
  /** What the client was told of the transcript. */
  told: string
  /** Whether the transcript is final. */
  final: boolean
  committed: boolean
  /** The client has heard that it began. */
  shown: boolean
}

/** All that is remembered of a session. Every list in it has a limit. */
export interface XaiState {
  readonly context: DialectContext
  /** What holds now, and whether xAI knows of turn detection. */
  readonly accepted: { readonly sessionConfig: SessionConfig, settled: boolean }
  /** What will hold when xAI has accepted all that it was sent. */
  readonly sessionConfig: SessionConfig
  /** The client says its session in xAI's own shape, which has no `type`; GA requires one. */
  ownShape: boolean
  /** Whether an answer to the default is on its way. */
  hiding: boolean
  /** In the order in which xAI answers. */
  updates: readonly PendingUpdate[]
  conversation: string | null
  /** xAI has repeated the metadata of a request. From then on a response without metadata answers no request that had some. */
  echoes: boolean
  readonly requests: Request[]
  readonly running: Map<string, Running>
  readonly items: Map<string, Kept>
  /** Ids of the items that the client has heard of. */
  readonly announced: Map<string, true>
  /** The last of the conversation. */
  last: string | null
  readonly speeches: Map<string, Speech>
  /** Counts the events of our own, and the ids that we give. */
  answers: number
}

/** How many of each are remembered. */
export const most = { updates: 16, requests: 16, running: 8, items: 32, parts: 8, announced: 256, speeches: 16 }

/** A text, or the arguments of a call, is collected up to so many characters: more than an hour of speech. A longer one is left out, not cut. */
export const longestText = 65_536

/** OpenAI's default; xAI's is that nobody listens for the end of a turn. */
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
