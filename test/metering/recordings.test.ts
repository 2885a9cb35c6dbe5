import t from 'tap'
import type { Test } from 'tap'
import { azure } from '../../lib/providers/azure/adapter.ts'
import { openai } from '../../lib/providers/openai/adapter.ts'
import { xai } from '../../lib/providers/xai/adapter.ts'
import { costOf } from '../../lib/metering/cost.ts'
import { priceTable } from '../../lib/metering/price-table.ts'
import { createPriceList } from '../../lib/metering/prices.ts'
import type { RealtimeEvent } from '../../types/index.ts'
import { loadRecordings, recordingsFolder } from '../fixtures/recordings.ts'
import type { Recording } from '../fixtures/recordings.ts'

const adapters = { openai, azure, xai }
const prices = createPriceList(priceTable)

// By hand, in nano-dollars, an amount for each event that is billed, in their order. gpt-realtime, a token: text 4 000 in, 400 cached, 16 000 out; audio 32 000
// in, 64 000 out. gpt-realtime-whisper: 17 000 000 a minute. grok-voice-latest: 80 000 000 a minute, 4 000 000 an item of text.
const expected: Readonly<Record<string, readonly bigint[]>> = {
  // 3 s of transcription; then 14 text and 27 audio in, 28 text and 136 audio out: 56 000 + 864 000 + 448 000 + 8 704 000.
  'openai/audio_in_server_vad_turn': [850_000n, 10_072_000n],
  // 16 text in, 9 text and 15 audio out: 64 000 + 144 000 + 960 000.
  'openai/text_in_audio_out_turn': [1_168_000n],
  // 63 in and 22 out: 252 000 + 352 000; then 103 in, 64 of them cached, and 13 out: 156 000 + 25 600 + 208 000.
  'openai/tool_call_round': [604_000n, 389_600n],
  // 14 text and 26 audio in, 28 text and 80 audio out: 56 000 + 832 000 + 448 000 + 5 120 000. Its transcription failed.
  'azure/audio_in_server_vad_transcription_requires_deployment': [6_456_000n],
  // 16 text in, 16 text and 82 audio out: 64 000 + 256 000 + 5 248 000.
  'azure/text_in_audio_out_turn': [5_568_000n],
  // 5 s: 6 666 666 2/3.
  'xai/audio_in_server_vad_turn': [6_666_667n],
  // An item and 1 s, an item and 3 s.
  'xai/session_resumption_after_drop': [4_000_000n, 1_333_333n, 4_000_000n, 4_000_000n],
  // An item and 1 s.
  'xai/text_in_audio_out_turn': [4_000_000n, 1_333_333n],
  // An item and 1 s; the output of the function is free; 4 s: 5 333 333 1/3.
  'xai/tool_call_round': [4_000_000n, 1_333_333n, 5_333_333n]
}

/** What each billed event costs, at the price of the model that was named last before it. */
function costs (t: Test, { provider, interactions }: Recording): Array<bigint | null> {
  const { usage } = adapters[provider as keyof typeof adapters]
  let [model, transcription] = ['', '']
  return interactions.flatMap(({ data }) => {
    const session = data['session'] as { model?: string, audio?: { input?: { transcription?: { model?: string } | null } } } | undefined
    if (data.type === 'session.created' || data.type === 'session.updated') {
      model = session?.model ?? model
      transcription = session?.audio?.input?.transcription?.model ?? transcription
    }
    const used = usage!(data)
    if (used === undefined) return []
    t.equal(used.doubtful, false, `the numbers of ${data.type} add up`)
    return [costOf(used, prices.find({ provider, model: used.of === 'transcription' ? transcription : model })).total]
  })
}

const recordings = loadRecordings()
if (recordings.length === 0) t.comment(`skipped: no recordings at ${recordingsFolder}`)

for (const recording of recordings) {
  const { name, provider, interactions } = recording
  const known = expected[name]
  t.test(`the recording ${name} ${known === undefined ? 'has a price for all that is billed' : 'costs what was computed by hand'}`, async t => {
    const found = costs(t, recording)
    if (known === undefined) t.notOk(found.includes(null))
    else t.strictSame(found, known)
  })

  t.test(`the recording ${name} has usage for every response and every transcription that says so`, async t => {
    const { usage } = adapters[provider as keyof typeof adapters]
    const told = (event: RealtimeEvent): boolean => event.type === 'response.done' || (event.type.endsWith('.completed') && event['usage'] !== undefined)
    for (const { data } of interactions.filter(({ data }) => told(data))) t.ok(usage!(data), data.type)
  })
}
