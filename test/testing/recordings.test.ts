import t from 'tap'
import type { Test } from 'tap'
import { createSimulator, pcmChunks, speechPcm } from '../../lib/testing/index.ts'
import type { SimulatedAnswer, SimulatorFlavour } from '../../lib/testing/index.ts'
import { loadRecordings, recordingsFolder } from '../fixtures/recordings.ts'
import type { Interaction, Recording } from '../fixtures/recordings.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { append, connect } from './client.ts'
import type { Client } from './client.ts'

// The simulator is driven with what a real client sent, at the points where it sent it, and must answer with the same
// events in the same order, with the same fields.

type Fields = Record<string, unknown>

const recordings = loadRecordings()
// A skipped test and no plan: other files may share this process, and a plan would be theirs too.
if (recordings.length === 0) t.test('the simulator sends recorded events', { skip: `no recordings in ../${recordingsFolder.split(/[\\/]/).slice(-2).join('/')}` }, async () => {})

for (const recording of recordings) {
  t.test(`${recording.name}: the simulator sends the recorded events, in order and with their fields`, async t => {
    const events = await replay(t, recording)
    const received = recording.interactions.filter(({ direction }) => direction === 'received').map(({ data }) => data)
    t.same(order(events), order(received), 'the order of events')
    t.same(transcription(events), transcription(received), 'the kinds of transcription events')
    const wanted = fieldNames(received)
    const given = fieldNames(events)
    for (const [type, names] of wanted) t.same(given.get(type), names, `the fields of ${type}`)
  })
}

async function replay (t: Test, { provider, interactions }: Recording): Promise<RealtimeEvent[]> {
  const answers = answersOf(interactions)
  const heard = interactions.filter(({ data }) => data.type.endsWith('_transcription.completed') && data.status !== 'in_progress')
  const model = String(((interactions.find(({ data }) => data.type === 'session.created')?.data.session ?? {}) as Fields).model)
  const transcribes = interactions.some(({ data }) => data.type.endsWith('_transcription.completed'))
  const asked = /"transcription":\{"model":"([^"]+)"/.exec(JSON.stringify(interactions))?.[1]
  const simulator = await createSimulator({
    flavour: provider as SimulatorFlavour,
    models: provider === 'azure' && transcribes && asked ? [model, asked] : [model],
    scenario: ({ index }) => answers[index],
    hears: index => String(heard[index]?.data.transcript ?? 'Hello.')
  })
  t.teardown(() => simulator.close())
  const events: RealtimeEvent[] = []
  let conversation = ''
  for (let number = 0; number <= interactions.at(-1)!.connection; number++) {
    const resume = conversation === '' ? '' : `&conversation_id=${conversation}`
    const client = await connect(simulator, { query: `model=${model}${resume}` })
    await drive(client, interactions.filter(({ connection }) => connection === number))
    conversation = String(((client.of('conversation.created')[0]?.conversation ?? {}) as Fields).id ?? '')
    events.push(...client.events)
    client.ws.close()
    await client.closed
  }
  return events
}

// What the recorded model answered, response by response.
function answersOf (interactions: readonly Interaction[]): SimulatedAnswer[] {
  return interactions.filter(({ data }) => data.type === 'response.done').map(({ data }) => {
    const items = (data.response as Fields).output as Fields[]
    const texts = items.flatMap(item => (item.content ?? []) as Fields[]).map(part => String(part.transcript ?? part.text))
    return {
      ...(texts.length > 0 && { say: texts.join(' ') }),
      calls: items.filter(item => item.type === 'function_call').map(item => ({ name: String(item.name), arguments: String(item.arguments) }))
    }
  })
}

async function drive (client: Client, interactions: readonly Interaction[]): Promise<void> {
  const microphone = recordedSpeech(interactions)
  const received: RealtimeEvent[] = []
  let chunk = 0
  for (const { direction, data } of interactions) {
    if (direction === 'received') {
      received.push(data)
      continue
    }
    await client.until(() => hasAll(client.events, received))
    if (data.type === 'input_audio_buffer.append') append(client, microphone[chunk++]!)
    else client.send(translated(JSON.stringify(data), received, client.events))
  }
  await client.until(() => hasAll(client.events, received))
}

// The recorder cut the audio to 32 bytes, so each recorded piece is replaced by 100 ms of speech or of silence.
function recordedSpeech (interactions: readonly Interaction[]): Buffer[] {
  const pieces = interactions.filter(({ direction, data }) => direction === 'sent' && data.type === 'input_audio_buffer.append')
  const loud = pieces.map(({ data }) => {
    const bytes = Buffer.from(String(data.audio), 'base64')
    let sum = 0
    for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readInt16LE(at) ** 2
    return Math.sqrt(sum / (bytes.length / 2)) > 150
  })
  const near = (flags: boolean[], index: number, every: boolean): boolean => {
    const around = flags.slice(Math.max(0, index - 2), index + 3)
    return every ? around.every(Boolean) : around.some(Boolean)
  }
  // Pauses between words are no end of a turn.
  const widened = loud.map((_, index) => near(loud, index, false))
  const speech = widened.map((_, index) => near(widened, index, true))
  const voice = pcmChunks(speechPcm({ leadMs: 0, speechMs: pieces.length * 100, silenceMs: 0 }))
  return speech.map((isSpeech, index) => isSpeech ? voice[index]! : Buffer.alloc(4800))
}

// Ids differ from session to session: those of the recording are replaced by those that came in the same place.
function translated (text: string, recorded: readonly RealtimeEvent[], events: readonly RealtimeEvent[]): string {
  for (const type of ['conversation.item.added', 'response.output_item.added', 'response.created']) {
    const theirs = recorded.filter(event => event.type === type)
    const ours = events.filter(event => event.type === type)
    theirs.forEach((event, index) => {
      const from = (event.item ?? event.response) as Fields
      const to = (ours[index]?.item ?? ours[index]?.response ?? {}) as Fields
      for (const key of ['id', 'call_id']) if (from[key] && to[key]) text = text.replaceAll(String(from[key]), String(to[key]))
    })
  }
  return text
}

function isStable ({ type }: RealtimeEvent): boolean {
  return !type.endsWith('.delta') && !type.includes('input_audio_transcription') && type !== 'ping' && type !== 'rate_limits.updated'
}

function hasAll (events: readonly RealtimeEvent[], wanted: readonly RealtimeEvent[]): boolean {
  const last = wanted.findLast(({ type }) => type.includes('input_audio_transcription'))
  if (last && !events.some(({ type }) => type === last.type) && wanted.some(({ type }) => type === 'response.done')) return false
  return [...new Set(wanted.filter(isStable).map(({ type }) => type))].every(type =>
    events.filter(event => event.type === type).length >= wanted.filter(event => event.type === type).length)
}

// What may differ between two runs of the real service is taken out: the number of deltas, how text and sound
// interleave after the first of each, the optional rate limits, and where the transcription falls.
function order (events: readonly RealtimeEvent[]): string[] {
  const out: string[] = []
  let run = new Set<string>()
  for (const event of events) {
    if (!isStable(event) && !event.type.endsWith('.delta')) continue
    if (event.type.includes('input_audio_transcription')) continue
    if (!event.type.endsWith('.delta')) run = new Set()
    else if (run.has(event.type)) continue
    else run.add(event.type)
    out.push(event.type)
  }
  return out
}

function transcription (events: readonly RealtimeEvent[]): string[] {
  const types = events.filter(({ type }) => type.includes('input_audio_transcription')).map(({ type, status }) => `${type} ${String(status ?? '')}`)
  return [...new Set(types)].sort()
}

function fieldNames (events: readonly RealtimeEvent[]): Map<string, string[]> {
  const all = new Map<string, Set<string>>()
  for (const event of events) {
    const names = all.get(event.type) ?? new Set()
    collect(event, '', names)
    all.set(event.type, names)
  }
  return new Map([...all].map(([type, names]) => [type, [...names].sort()]))
}

function collect (value: unknown, path: string, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const entry of value) collect(entry, `${path}[]`, names)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      names.add(`${path}.${key}`)
      collect(inner, `${path}.${key}`, names)
    }
  }
}
