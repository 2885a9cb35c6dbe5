import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { purposeOf, realtimeModels } from '../../lib/catalogue.ts'
import { priceTable } from '../../lib/metering/price-table.ts'
import { createPriceList, inRegion, withRates, withShare } from '../../lib/metering/prices.ts'
import { rateOf } from '../../lib/metering/rate.ts'
import type { Price } from '../../types/index.ts'

const prices = createPriceList(priceTable)
const nameOf = (found: Price | undefined): string | undefined => found?.model

const speech = ['inputText', 'inputAudio', 'inputImage', 'cachedText', 'cachedAudio', 'cachedImage', 'outputText', 'outputAudio']

t.test('every model of the catalogue that is still served has a price', async t => {
  for (const { target } of realtimeModels.filter(({ status }) => status !== 'retired')) {
    const [provider = '', model = ''] = target.replace(/\*$/, '').split('/')
    const price = prices.find({ provider, model })
    t.ok(price, target)
    const billed = provider === 'xai' ? ['audioMs', 'textItems'] : purposeOf(model) === 'realtime' ? speech : price?.rates.audioMs ? ['audioMs'] : ['inputText', 'inputAudio', 'outputText']
    t.strictSame(Object.keys(price?.rates ?? {}).sort(), [...billed].sort(), `${target} has the rates it needs`)
  }
})

t.test('every row says where it is from and when that was read, and stands once', async t => {
  for (const { model, source, checked, assumed } of priceTable) {
    t.ok(source !== '', model)
    t.match(checked, /^\d{4}-\d{2}-\d{2}$/, model)
    t.equal(assumed !== undefined, model.startsWith('azure/') || model === 'xai/grok-voice-fast-1.0', model)
  }
  t.equal(new Set(priceTable.map(({ model }) => model)).size, priceTable.length)
})

t.test('no cached token is dearer than one that is not, and no rate is negative', async t => {
  for (const { model, rates } of priceTable) {
    for (const [cached, input] of [['cachedText', 'inputText'], ['cachedAudio', 'inputAudio'], ['cachedImage', 'inputImage']] as const) {
      if (rates[cached] !== undefined) t.ok(rates[cached].nanos * rates[input]!.per <= rates[input]!.nanos * rates[cached].per, `${model} ${cached}`)
    }
    for (const { nanos, per } of Object.values(rates)) t.ok(nanos > 0n && per > 0n, model)
  }
})

t.test('a model is found by the name that was served', async t => {
  for (const [provider, model, row] of [
    ['openai', 'gpt-realtime', 'openai/gpt-realtime'],
    ['openai', 'gpt-realtime-2025-08-28', 'openai/gpt-realtime'],
    ['openai', 'openai/gpt-realtime-2.1', 'openai/gpt-realtime-2.1'],
    ['openai', 'gpt-realtime-mini-2025-12-15', 'openai/gpt-realtime-mini'],
    ['openai', 'gpt-4o-mini-transcribe-2025-12-15', 'openai/gpt-4o-mini-transcribe'],
    ['azure', 'gpt-realtime-1.5-2026-02-23', 'azure/gpt-realtime-1.5'],
    ['xai', 'grok-voice-latest', 'xai/grok-voice-latest'],
    ['xai', 'xai/grok-voice-3.0', 'xai/grok-voice-3.0'],
    ['xai', 'spacexai/grok-voice-3.0', 'xai/grok-voice-3.0'],
    ['openai', 'gpt-realtime-3', undefined],
    ['openai', 'gpt-realtime-2.1-nano', undefined],
    ['azure', 'our-voice', undefined],
    ['azure', 'gpt-realtime-translate', undefined],
    ['mine', 'gpt-realtime', undefined],
    ['xai', '', undefined],
    ['openai', '__proto__', undefined]
  ] as const) t.equal(nameOf(prices.find({ provider, model })), row, `${provider}: ${model}`)
})

t.test('a base model decides alone, with or without its provider', async t => {
  t.equal(nameOf(prices.find({ provider: 'azure', model: 'our-voice', baseModel: 'azure/gpt-realtime-2025-08-28' })), 'azure/gpt-realtime')
  t.equal(nameOf(prices.find({ provider: 'azure', model: 'our-voice', baseModel: 'gpt-realtime-2.1' })), 'azure/gpt-realtime-2.1')
  t.equal(nameOf(prices.find({ provider: 'azure', model: 'gpt-realtime', baseModel: 'gpt-realtime-3' })), undefined)
})

t.test('a later row replaces an earlier one, and an exact name one without its date', async t => {
  const row = (model: string): Price => ({ model, rates: {}, source: 'mine' })
  const own = createPriceList([...priceTable, row('openai/gpt-realtime'), row('openai/gpt-realtime-1.5-2026-02-23')])
  t.equal(own.find({ provider: 'openai', model: 'gpt-realtime' })!.source, 'mine')
  t.equal(nameOf(own.find({ provider: 'openai', model: 'gpt-realtime-1.5-2026-02-23' })), 'openai/gpt-realtime-1.5-2026-02-23')
  t.equal(nameOf(own.find({ provider: 'openai', model: 'gpt-realtime-1.5' })), 'openai/gpt-realtime-1.5')
})

const named = { model: 'openai/mine', source: 'configuration' }
const base = prices.find({ provider: 'openai', model: 'gpt-realtime' })

t.test("an operator's rates replace what they name, and keep the rest", async t => {
  const price = withRates(base, { inputAudio: rateOf(0.00002, 1)! }, named)
  t.strictSame(price, { ...named, rates: { ...base!.rates, inputAudio: { nanos: 20_000n, per: 1n } } })
  t.strictSame(withRates(undefined, { inputText: rateOf(1, 1)! }, named), { ...named, rates: { inputText: { nanos: 1_000_000_000n, per: 1n } } })
})

t.test("an operator's free input is free from the cache too", async t => {
  const { rates } = withRates(base, { inputText: rateOf(0, 1)! }, named)
  t.equal(rates.cachedText, undefined)
  t.ok(rates.cachedAudio)
})

t.test('a price of time replaces one of tokens, and the other way round; items keep theirs', async t => {
  t.strictSame(Object.keys(withRates(base, { audioMs: rateOf(1, 1)! }, named).rates), ['audioMs'])
  const grok = prices.find({ provider: 'xai', model: 'grok-voice-latest' })
  t.strictSame(Object.keys(withRates(grok, { outputAudio: rateOf(1, 1)! }, named).rates).sort(), ['outputAudio', 'textItems'])
  t.strictSame(Object.keys(withRates(grok, { audioMs: rateOf(1, 1)! }, named).rates).sort(), ['audioMs', 'textItems'])
  t.strictSame(Object.keys(withRates(grok, { textItems: rateOf(0, 1)! }, named).rates).sort(), ['audioMs', 'textItems'])
})

t.test('a discount and a region are exact', async t => {
  const price = prices.find({ provider: 'openai', model: 'gpt-realtime-2.1' })!
  t.strictSame(inRegion(price, 'eu').rates.cachedText, { nanos: 440n, per: 1n })
  t.strictSame(withShare(price, 9_500).rates.outputAudio, { nanos: 60_800n, per: 1n })
  t.strictSame(withShare(price, 0).rates.outputAudio, { nanos: 0n, per: 1n })
  t.equal(inRegion(base!, 'eu'), base)
  for (const share of [-1, 0.5, NaN, Infinity]) t.throws(() => withShare(price, share), RangeError)
})

t.test('docs/metering.md has every model that has a price', async t => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/metering.md'), 'utf8')
  for (const { model } of priceTable.filter(({ model }) => !model.startsWith('azure/'))) t.ok(text.includes(`\`${model}\``), model)
})
