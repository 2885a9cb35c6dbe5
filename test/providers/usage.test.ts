import t from 'tap'
import type { RealtimeEvent, Usage } from '../../types/index.ts'
import { azure } from '../../lib/providers/azure/adapter.ts'
import { openai } from '../../lib/providers/openai/adapter.ts'
import { xai } from '../../lib/providers/xai/adapter.ts'
import { noUsage } from '../../lib/providers/usage.ts'

const done = (usage: unknown, status = 'completed'): RealtimeEvent => ({ type: 'response.done', response: { status, usage } })
const transcribed = (usage: unknown): RealtimeEvent => ({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'item_1', transcript: 'Hello.', usage })

// As recorded from gpt-realtime-2.1.
const nested = {
  total_tokens: 254,
  input_tokens: 140,
  output_tokens: 114,
  input_token_details: {
    text_tokens: 89, audio_tokens: 51, image_tokens: 0, cached_tokens: 64, cached_tokens_details: { text_tokens: 64, audio_tokens: 0, image_tokens: 0 }
  },
  output_token_details: { text_tokens: 54, audio_tokens: 60, reasoning_tokens: 27 }
}

t.test("OpenAI's and Azure's nested usage is read, whatever the status of the response", async t => {
  const expected: Usage = { ...noUsage, inputText: 89, inputAudio: 51, cachedText: 64, outputText: 54, outputAudio: 60, reasoning: 27 }
  for (const status of ['completed', 'cancelled', 'failed', 'incomplete']) {
    t.strictSame(openai.usage!(done(nested, status)), expected, status)
    t.strictSame(azure.usage!(done(nested, status)), expected, status)
  }
})

t.test("xAI's usage stands beside the response, with the seconds that are billed", async t => {
  const usage = {
    input_tokens: 156,
    input_token_details: { text_tokens: 10, audio_tokens: 146, grok_tokens: 0 },
    output_tokens: 185,
    output_token_details: { text_tokens: 15, audio_tokens: 170, grok_tokens: 0 },
    total_tokens: 341,
    output_audio_seconds: 3.38,
    billable_audio_seconds: 5
  }
  const expected: Usage = { ...noUsage, inputText: 10, inputAudio: 146, outputText: 15, outputAudio: 170, audioMs: 5_000, audioBasis: 'provider' }
  t.strictSame(xai.usage!({ type: 'response.done', response: { status: 'completed', usage: {} }, usage }), expected)
  t.strictSame(xai.usage!(done(usage)), expected, 'where it stands in the response alone')
  const { billable_audio_seconds: _, ...without } = usage
  t.equal(xai.usage!(done(without))!.audioMs, undefined, 'seconds that nobody told are unknown, and not 0')
})

t.test('a response without usage has none, which is not the same as nothing used', async t => {
  for (const adapter of [openai, azure, xai]) {
    for (const usage of [undefined, null, {}, [], 'much', 7]) t.equal(adapter.usage!(done(usage)), undefined)
    t.strictSame(adapter.usage!(done({ input_tokens: 0, output_tokens: 0 })), noUsage)
  }
})

t.test('a transcription is a charge of its own, by tokens or by seconds', async t => {
  t.strictSame(openai.usage!(transcribed({ type: 'duration', seconds: 3 })), { ...noUsage, of: 'transcription', audioMs: 3_000, audioBasis: 'provider' })
  t.strictSame(openai.usage!(transcribed({ type: 'duration', seconds: 0 })), { ...noUsage, of: 'transcription', audioMs: 0, audioBasis: 'provider' }, 'silence')
  t.strictSame(
    openai.usage!(transcribed({ type: 'tokens', total_tokens: 35, input_tokens: 26, input_token_details: { text_tokens: 0, audio_tokens: 26 }, output_tokens: 9 })),
    { ...noUsage, of: 'transcription', inputAudio: 26, outputText: 9 }
  )
  t.equal(openai.usage!(transcribed(undefined)), undefined)
  t.equal(xai.usage!(transcribed({ type: 'duration', seconds: 3 })), undefined, "part of xAI's minute")
})

t.test('xAI bills items of text; audio, the output of a function and response.create are free', async t => {
  const item = (value: unknown): RealtimeEvent => ({ type: 'conversation.item.create', item: value })
  const message = (...types: string[]): RealtimeEvent => item({ type: 'message', role: 'user', content: types.map(type => ({ type })) })
  const billed: Usage = { ...noUsage, of: 'item', textItems: 1 }
  t.strictSame(xai.usage!(message('input_text')), billed)
  t.strictSame(xai.usage!(message('input_text', 'input_text')), billed, 'one item, however many parts')
  t.strictSame(xai.usage!(item({ type: 'force_message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] })), billed, 'a scripted speech')
  for (const event of [
    message('input_audio'), message('input_text', 'input_audio'), message(), item({ type: 'function_call_output', call_id: 'c', output: 'Foggy.', content: [{ type: 'input_text', text: 'Foggy.' }] }), item(null), { type: 'response.create' }
  ]) t.equal(xai.usage!(event), undefined)
  for (const adapter of [openai, azure]) t.equal(adapter.usage!(message('input_text')), undefined)
})

t.test('where parts and total disagree, the dearer reading of the parts wins, and the rest counts as text', async t => {
  for (const [usage, expected] of [
    [{ input_tokens: 10, input_token_details: { text_tokens: 8, audio_tokens: 8 } }, { inputText: 8, inputAudio: 8 }],
    [{ input_tokens: 20, input_token_details: { text_tokens: 8, audio_tokens: 8 } }, { inputText: 12, inputAudio: 8 }],
    [{ input_tokens: 20, output_tokens: 5 }, { inputText: 20, outputText: 5 }],
    [{ output_tokens: 9, output_token_details: { image_tokens: 9 } }, { outputText: 9 }],
    [{ output_tokens: 5, output_token_details: { text_tokens: 5, reasoning_tokens: 6 } }, { outputText: 5, reasoning: 5 }]
  ] as const) t.strictSame(openai.usage!(done(usage)), { ...noUsage, ...expected, doubtful: true })
})

t.test('cached tokens are never more than the input, and without parts they save the least', async t => {
  const cached = (details: object): Usage => openai.usage!(done({ input_tokens: 250, input_token_details: { text_tokens: 100, audio_tokens: 100, image_tokens: 50, ...details } }))!
  const wholes = { ...noUsage, inputText: 100, inputAudio: 100, inputImage: 50, doubtful: true }
  t.strictSame(cached({ cached_tokens: 128 }), { ...wholes, cachedText: 100, cachedImage: 28 })
  t.strictSame(cached({ cached_tokens: 192 }), { ...wholes, cachedText: 100, cachedImage: 50, cachedAudio: 42 })
  t.strictSame(cached({ cached_tokens: 1_000 }), { ...wholes, cachedText: 100, cachedImage: 50, cachedAudio: 100 })
  t.strictSame(cached({ cached_tokens_details: { audio_tokens: 101 } }), { ...wholes, cachedAudio: 100 })
  t.strictSame(cached({ cached_tokens: 1, cached_tokens_details: { audio_tokens: 64 } }), { ...wholes, cachedAudio: 64 })
})

t.test('numbers that are no counts become the nearest that are', async t => {
  for (const [said, read] of [[-5, 0], [2.5, 3], [1e300, 1e9], [Infinity, 1e9], [NaN, 0], ['7', 0], [{}, 0], [true, 0]] as const) {
    t.strictSame(openai.usage!(done({ input_token_details: { audio_tokens: said } })), { ...noUsage, inputAudio: read, doubtful: true }, String(said))
  }
  for (const [said, read, doubtful] of [[-5, 0, true], [2.0900000000000003, 2_090, false], [1e300, 1e9, true]] as const) {
    t.strictSame(xai.usage!(done({ billable_audio_seconds: said })), { ...noUsage, audioMs: read, audioBasis: 'provider', doubtful }, String(said))
  }
  t.ok(Object.is(openai.usage!(done({ input_token_details: { audio_tokens: -0.2 } }))!.inputAudio, 0), 'no negative nought')
})
