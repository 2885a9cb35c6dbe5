import { costOf } from '../lib/metering/cost.ts'
import { priceTable } from '../lib/metering/price-table.ts'
import { createPriceList } from '../lib/metering/prices.ts'
import { openai } from '../lib/providers/openai/adapter.ts'
import { xai } from '../lib/providers/xai/adapter.ts'
import { readEvent } from '../lib/wire/json/event.ts'
import { machine } from './machine.ts'
import { median, percentile } from './stats.ts'

// What a turn costs to be metered: `npx tsx bench/metering.ts`. The time from the bytes of its `response.done` to the cost, parsing included.

const bar = 60
const rounds = 20_000
const prices = createPriceList(priceTable)
const output = [{ id: 'item_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_audio', transcript: 'It is foggy and twelve degrees in London. '.repeat(20) }] }]
const nested = {
  total_tokens: 205,
  input_tokens: 41,
  output_tokens: 164,
  input_token_details: { text_tokens: 14, audio_tokens: 27, image_tokens: 0, cached_tokens: 0, cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 } },
  output_token_details: { text_tokens: 28, audio_tokens: 136 }
}
const flat = { ...nested, output_audio_seconds: 3.38, billable_audio_seconds: 5 }
const events = {
  openai: { adapter: openai, model: 'gpt-realtime-2025-08-28', event: { type: 'response.done', event_id: 'event_1', response: { id: 'resp_1', status: 'completed', output, usage: nested } } },
  xai: { adapter: xai, model: 'grok-voice-latest', event: { type: 'response.done', event_id: '1', response: { id: '1', status: 'completed', output, usage: {} }, usage: flat } }
}

let failed = false
for (const [provider, { adapter, model, event }] of Object.entries(events)) {
  const bytes = Buffer.from(JSON.stringify(event))
  const times: number[] = []
  let total = 0n
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    const used = adapter.usage!(readEvent(bytes.toString())!)!
    total += costOf(used, prices.find({ provider, model })).total!
    const took = Number(process.hrtime.bigint() - start) / 1e3
    // The first half warms the compiler up.
    if (round >= rounds / 2) times.push(took)
  }
  const typical = median(times)
  if (typical > bar) failed = true
  console.log(`${provider.padEnd(7)} ${bytes.length} bytes, median ${typical.toFixed(1)} µs, 99th percentile ${percentile(times, 0.99).toFixed(1)} µs, ` +
    `${typical > bar ? 'OVER' : 'within'} ${bar} µs; ${total / BigInt(rounds)} nano-dollars a turn`)
}

const { processor, processors, system, versions } = await machine()
console.log(`${processors} x ${processor}, ${system}, Node.js ${versions['node']}`)
if (failed) process.exitCode = 1
