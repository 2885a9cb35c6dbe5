import { randomBytes } from 'node:crypto'
import { frame, opcodes } from './wire.ts'

// 50 ms of 24 kHz 16-bit mono is 2,400 bytes, 3,200 in base64: what voice clients send 20 times a second.
const audioBytes = 2_400

export interface Sample {
  /** The whole frame as it goes on the wire. */
  readonly wire: Buffer
  readonly payload: Buffer
}

function fromClient (event: object): Sample {
  const payload = Buffer.from(JSON.stringify(event))
  return { wire: frame(opcodes.text, payload, true), payload }
}

function fromUpstream (event: object): Sample {
  const payload = Buffer.from(JSON.stringify(event))
  return { wire: frame(opcodes.text, payload, false), payload }
}

/** Client audio, `bytes` before base64. */
export function appendFrame (bytes = audioBytes): Sample {
  return fromClient({ type: 'input_audio_buffer.append', event_id: 'event_client_000001', audio: randomBytes(bytes).toString('base64') })
}

/** Upstream audio. */
export function deltaFrame (bytes = audioBytes): Sample {
  return fromUpstream({
    type: 'response.output_audio.delta',
    event_id: 'event_DBench0000000000001',
    response_id: 'resp_DBench0000000000001',
    item_id: 'item_DBench0000000000001',
    output_index: 0,
    content_index: 0,
    delta: randomBytes(bytes).toString('base64')
  })
}

/** The upstream's greeting, sent right after its handshake. */
export const createdFrame = fromUpstream({
  type: 'session.created',
  event_id: 'event_DBench0000000000000',
  session: { id: 'sess_DBench0000000000000', object: 'realtime.session', type: 'realtime', model: 'bench' }
})

export const commitFrame = fromClient({ type: 'input_audio_buffer.commit', event_id: 'event_client_000002' })

export const createFrame = fromClient({ type: 'response.create', event_id: 'event_client_000003' })

export const responseCreatedFrame = fromUpstream({
  type: 'response.created',
  event_id: 'event_DBench0000000000002',
  response: { id: 'resp_DBench0000000000001', object: 'realtime.response', status: 'in_progress', output: [], usage: null }
})

export const responseDoneFrame = fromUpstream({
  type: 'response.done',
  event_id: 'event_DBench0000000000003',
  response: {
    id: 'resp_DBench0000000000001',
    object: 'realtime.response',
    status: 'completed',
    output: [],
    usage: { total_tokens: 30, input_tokens: 20, output_tokens: 10 }
  }
})

/** The first client event; its id tells the upstream which client it now serves. */
export function bindFrame (id: number): Sample {
  return fromClient({ type: 'input_audio_buffer.clear', event_id: `bind_${id}` })
}

/** @returns `undefined` for another event than that of `bindFrame` */
export function boundId (payload: Buffer): number | undefined {
  const id = /"event_id":"bind_(\d+)"/.exec(payload.toString())?.[1]
  return id === undefined ? undefined : Number(id)
}
