import t from 'tap'
import { litellmPrices, priceFieldNames, ratesOf } from '../../lib/metering/litellm-prices.ts'
import { createPriceList } from '../../lib/metering/prices.ts'
import { costOf } from '../../lib/metering/cost.ts'
import { noUsage } from '../../lib/providers/usage.ts'

// Rows of model_prices_and_context_window.json of 2026-08-01, verbatim but for fields that are no prices.
const file: unknown = JSON.parse(`{
"sample_spec":{"input_cost_per_token":0.0,"mode":"one of: chat, embedding, realtime","litellm_provider":"one of https://docs.litellm.ai"},
"gpt-realtime-2.1":{"cache_creation_input_audio_token_cost":4e-07,"cache_read_input_audio_token_cost":4e-07,"cache_read_input_token_cost":4e-07,"input_cost_per_audio_token":3.2e-05,"input_cost_per_image":5e-06,"input_cost_per_token":4e-06,"litellm_provider":"openai","mode":"realtime","output_cost_per_audio_token":6.4e-05,"output_cost_per_token":2.4e-05,"regional_processing_uplift_multiplier_eu":1.1,"regional_processing_uplift_multiplier_us":1.1},
"gpt-realtime-mini":{"cache_creation_input_audio_token_cost":3e-07,"input_cost_per_audio_token":1e-05,"input_cost_per_token":6e-07,"litellm_provider":"openai","mode":"realtime","output_cost_per_audio_token":2e-05,"output_cost_per_token":2.4e-06},
"gpt-realtime-whisper":{"input_cost_per_second":0.0002833333333333333,"litellm_provider":"openai","mode":"audio_transcription","source":"https://platform.openai.com/docs/models/gpt-realtime-whisper"},
"whisper-1":{"input_cost_per_second":0.0001,"litellm_provider":"openai","mode":"audio_transcription","output_cost_per_second":0.0001},
"azure/gpt-realtime-2025-08-28":{"cache_creation_input_audio_token_cost":4e-06,"cache_read_input_token_cost":4e-06,"input_cost_per_audio_token":3.2e-05,"input_cost_per_image":5e-06,"input_cost_per_token":4e-06,"litellm_provider":"azure","mode":"realtime","output_cost_per_audio_token":6.4e-05,"output_cost_per_token":1.6e-05},
"dall-e-3":{"input_cost_per_image":0.04,"litellm_provider":"openai","mode":"image_generation"}
}`)
const rows = litellmPrices(file, '2026-08-01')
const prices = createPriceList(rows)
const whole = (nanos: bigint): { nanos: bigint, per: bigint } => ({ nanos, per: 1n })

t.test("LiteLLM's rows become prices, an image's price that of its token, its uplift a share", async t => {
  t.strictSame(prices.find({ provider: 'openai', model: 'gpt-realtime-2.1' }), {
    model: 'openai/gpt-realtime-2.1',
    rates: {
      inputText: whole(4_000n),
      inputAudio: whole(32_000n),
      inputImage: whole(5_000n),
      cachedText: whole(400n),
      cachedAudio: whole(400n),
      outputText: whole(24_000n),
      outputAudio: whole(64_000n)
    },
    source: 'model_prices_and_context_window.json',
    checked: '2026-08-01',
    regions: { eu: 11_000, us: 11_000 }
  })
})

t.test('cached audio is read from either name, and cached text without a rate costs what other text does', async t => {
  const price = prices.find({ provider: 'openai', model: 'gpt-realtime-mini-2025-12-15' })
  t.strictSame([price?.rates.cachedAudio, price?.rates.cachedText], [whole(300n), undefined])
  t.strictSame(prices.find({ provider: 'azure', model: 'gpt-realtime-2025-08-28' })?.rates.cachedAudio, whole(4_000n))
  // 10 text at 600.
  t.equal(costOf({ ...noUsage, inputText: 10, cachedText: 10 }, price).total, 6_000n)
})

t.test('a second of whisper is counted once', async t => {
  const whisper = prices.find({ provider: 'openai', model: 'whisper-1' })
  // 3 s at 100 000.
  t.equal(costOf({ ...noUsage, of: 'transcription', audioMs: 3_000 }, whisper).total, 300_000n)
  t.strictSame(ratesOf({ input_cost_per_second: 0, output_cost_per_second: 0.0001 }), ratesOf({ input_cost_per_second: 0.0001 }), 'a nought beside it does not hide it')
  // 3 s at 283 333.3333333333.
  t.equal(costOf({ ...noUsage, of: 'transcription', audioMs: 3_000 }, prices.find({ provider: 'openai', model: 'gpt-realtime-whisper' })).total, 850_000n)
})

t.test('only realtime and transcription models are taken', async t => {
  t.strictSame(rows.map(({ model }) => model), ['openai/gpt-realtime-2.1', 'openai/gpt-realtime-mini', 'openai/gpt-realtime-whisper', 'openai/whisper-1', 'azure/gpt-realtime-2025-08-28'])
})

t.test("a deployment's own prices are read as they are written there, xAI's item of text too", async t => {
  t.strictSame(ratesOf({ input_cost_per_second: '0.001333333333333', input_cost_per_text_message: 0.004, rpm: 3 }), {
    audioMs: { nanos: 1_333_333_333_333n, per: 1_000_000_000n }, textItems: whole(4_000_000n)
  })
  t.strictSame(ratesOf({ input_cost_per_minute: 0.08 }), { audioMs: { nanos: 4_000n, per: 3n } })
  t.strictSame(ratesOf({ input_cost_per_image_token: '5e-06', input_cost_per_image: 1 }), { inputImage: whole(5_000n) })
  t.strictSame(ratesOf({ input_cost_per_token: 0, output_cost_per_token: -1, input_cost_per_audio_token: 'much' }), { inputText: whole(0n) })
  t.ok(priceFieldNames.includes('cache_read_input_audio_token_cost'))
})

t.test('what is no price file has no rows', async t => {
  for (const bad of [null, undefined, 7, 'text', [], {}, { a: null, b: 3, c: { mode: 'realtime' }, d: { mode: 'realtime', input_cost_per_token: {} } }]) t.strictSame(litellmPrices(bad), [])
  t.strictSame(litellmPrices({ m: { mode: 'realtime', input_cost_per_token: 1, regional_processing_uplift_multiplier_eu: 'x' } }), [
    { model: 'm', rates: { inputText: whole(1_000_000_000n) }, source: 'model_prices_and_context_window.json' }
  ])
})
