import t from 'tap'
import { createMeter } from '../../lib/metering/meter.ts'
import type { MeterOptions } from '../../lib/metering/meter.ts'
import { createPriceList } from '../../lib/metering/prices.ts'
import { priceTable } from '../../lib/metering/price-table.ts'
import { openaiUsage } from '../../lib/providers/openai/usage.ts'
import { xaiUsage } from '../../lib/providers/xai/usage.ts'
import type { RealtimeEvent } from '../../types/index.ts'

const prices = createPriceList(priceTable)
const openai: MeterOptions = { usage: openaiUsage, priceOf: model => prices.find({ provider: 'openai', model: model ?? 'gpt-realtime' }) }
const xai: MeterOptions = { usage: xaiUsage, priceOf: model => prices.find({ provider: 'xai', model: model ?? 'grok-voice-latest' }) }

const done = (usage: object | undefined, status = 'completed'): RealtimeEvent => ({ type: 'response.done', response: { status, usage } })
const served = (model: string, more: object = {}): RealtimeEvent => ({ type: 'session.created', session: { model, ...more } })
// 1,000 tokens of audio in at 32 dollars a million, 500 out at 64: 32,000,000 + 32,000,000 nano-dollars.
const spoken = { total_tokens: 1_500, input_tokens: 1_000, output_tokens: 500, input_token_details: { audio_tokens: 1_000 }, output_token_details: { audio_tokens: 500 } }

t.test('a response costs what its tokens do, at the price of the model that was served', async t => {
  const meter = createMeter(() => openai)
  meter.hear(done(spoken))
  t.match(meter.take(), { billed: [{ of: 'response', inputAudio: 1_000, outputAudio: 500 }], cost: { nanos: 64_000_000, unpriced: 0 } })
  meter.hear(served('gpt-realtime-2.1-mini'))
  meter.hear(done(spoken))
  t.strictSame(meter.take().cost, { nanos: 20_000_000, unpriced: 0 }, 'of the mini: 10 and 20 dollars a million')
  t.strictSame(meter.total(), { nanos: 84_000_000, unpriced: 0 })
})

t.test('what came since the turn before is told once', async t => {
  const meter = createMeter(() => xai)
  meter.hear({ type: 'conversation.item.create', item: { type: 'message', content: [{ type: 'input_text', text: 'Hello' }] } })
  meter.hear({ type: 'response.done', response: { status: 'completed', usage: {} }, usage: { billable_audio_seconds: 6 } })
  const { billed, cost } = meter.take()
  t.strictSame(billed.map(({ of }) => of), ['item', 'response'])
  // 0.004 for the item, 6 seconds of 0.08 a minute.
  t.strictSame(cost, { nanos: 4_000_000 + 8_000_000, unpriced: 0 })
  t.strictSame(meter.take(), { billed: [], cost: { nanos: 0, unpriced: 0 } })
  meter.hear({ type: 'conversation.item.create', item: { type: 'message', content: [{ type: 'input_text', text: 'Bye' }] } })
  t.strictSame(meter.total(), { nanos: 16_000_000, unpriced: 0 }, 'and what came after the last turn is in the total')
})

t.test('a transcription has the price of its own model', async t => {
  const meter = createMeter(() => openai)
  const transcription: RealtimeEvent = { type: 'conversation.item.input_audio_transcription.completed', usage: { type: 'tokens', total_tokens: 110, input_tokens: 100, output_tokens: 10, input_token_details: { audio_tokens: 100, text_tokens: 0 } } }
  meter.hear(transcription)
  t.strictSame(meter.take().cost, { nanos: 0, unpriced: 1 }, 'nobody said which model it is')
  for (const session of [{ audio: { input: { transcription: { model: 'gpt-4o-transcribe' } } } }, { input_audio_transcription: { model: 'gpt-4o-transcribe' } }]) {
    meter.hear(served('gpt-realtime', session))
    meter.hear(transcription)
    const { cost } = meter.take()
    t.equal(cost.unpriced, 0)
    t.ok(cost.nanos > 0 && cost.nanos < 2_000_000, `${cost.nanos}`)
  }
})

t.test('what has no price is counted, and never taken for free', async t => {
  const meter = createMeter(() => openai)
  meter.hear(served('gpt-realtime-of-tomorrow'))
  meter.hear(done(spoken))
  t.strictSame(meter.take().cost, { nanos: 0, unpriced: 1 })
  meter.hear(done(undefined))
  t.strictSame(meter.take(), { billed: [], cost: { nanos: 0, unpriced: 1 } }, 'a response that tells no usage')
  meter.hear(done(undefined, 'cancelled'))
  meter.hear(done(undefined, 'failed'))
  t.strictSame(meter.take().cost, { nanos: 0, unpriced: 0 }, 'one that never began')
})

t.test('many items between two turns are all counted, and not all listed', async t => {
  const meter = createMeter(() => xai)
  for (let i = 0; i < 1_000; i++) meter.hear({ type: 'conversation.item.create', item: { type: 'message', content: [{ type: 'input_text', text: 'x' }] } })
  const { billed, cost } = meter.take()
  t.equal(billed.length, 64)
  t.equal(cost.nanos, 4_000_000_000)
})
