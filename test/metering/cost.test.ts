import fc from 'fast-check'
import t from 'tap'
import { costOf, sumOf } from '../../lib/metering/cost.ts'
import { withDuration } from '../../lib/metering/duration.ts'
import { priceTable } from '../../lib/metering/price-table.ts'
import { createPriceList, inRegion } from '../../lib/metering/prices.ts'
import { noUsage } from '../../lib/providers/usage.ts'
import { openai } from '../../lib/providers/openai/adapter.ts'
import type { Cost, Price, Usage } from '../../types/index.ts'
import { deep, draws, seed } from '../fixtures/draws.ts'

const prices = createPriceList(priceTable)
const priceOf = (target: string): Price => {
  const [provider = '', model = ''] = target.split('/')
  return prices.find({ provider, model })!
}

// A turn with every kind of token, and one of reasoning as recorded.
const full: Usage = { ...noUsage, inputText: 1_000, cachedText: 640, inputAudio: 500, cachedAudio: 128, inputImage: 300, cachedImage: 64, outputText: 100, reasoning: 40, outputAudio: 200 }
const reasoned: Usage = { ...noUsage, inputText: 89, inputAudio: 51, outputText: 54, reasoning: 27, outputAudio: 60 }
const heard = (audioMs: number): Usage => ({ ...noUsage, of: 'transcription', audioMs })
const spoken = (audioMs: number): Usage => ({ ...noUsage, audioMs })
const transcribed: Usage = { ...noUsage, of: 'transcription', inputAudio: 26, outputText: 9 }

t.test('every family of models costs what was computed by hand', async t => {
  for (const [target, usage, nanos] of [
    // 360 x 4 000 + 640 x 400 + 372 x 32 000 + 128 x 400 + 236 x 5 000 + 64 x 500 + 100 x 24 000 + 200 x 64 000
    ['openai/gpt-realtime-2.1', full, 30_063_200n],
    ['openai/gpt-realtime-2', full, 30_063_200n],
    // 100 x 16 000 instead of 24 000
    ['openai/gpt-realtime-1.5', full, 29_263_200n],
    ['openai/gpt-realtime-2025-08-28', full, 29_263_200n],
    ['azure/gpt-realtime', full, 29_263_200n],
    // 360 x 600 + 640 x 60 + 372 x 10 000 + 128 x 300 + 236 x 800 + 64 x 80 + 100 x 2 400 + 200 x 20 000
    ['openai/gpt-realtime-2.1-mini', full, 8_446_720n],
    ['openai/gpt-realtime-mini', full, 8_446_720n],
    // 89 x 4 000 + 51 x 32 000 + 54 x 24 000 + 60 x 64 000; reasoning is in the 54.
    ['openai/gpt-realtime-2.1', reasoned, 7_124_000n],
    ['openai/gpt-realtime-2.1-mini', reasoned, 1_893_000n],
    // 26 x 6 000 + 9 x 10 000
    ['openai/gpt-4o-transcribe', transcribed, 246_000n],
    ['openai/gpt-4o-transcribe-diarize', transcribed, 246_000n],
    // 26 x 3 000 + 9 x 5 000
    ['openai/gpt-4o-mini-transcribe', transcribed, 123_000n],
    // 3 s, a twentieth of 17 000 000, 4 500 000, 6 000 000 and 34 000 000
    ['openai/gpt-realtime-whisper', heard(3_000), 850_000n],
    ['openai/gpt-live-transcribe', heard(3_000), 850_000n],
    ['openai/gpt-transcribe', heard(3_000), 225_000n],
    ['openai/whisper-1', heard(3_000), 300_000n],
    ['openai/gpt-realtime-translate', heard(3_000), 1_700_000n],
    // 3 600 s of 200 000 000 an hour
    ['xai/grok-transcribe', heard(3_600_000), 200_000_000n],
    // A minute; 5 s of 80 000 000 are 6 666 666 2/3, of 50 000 000 4 166 666 2/3; 2.09 s are 2 786 666 2/3
    ['xai/grok-voice-3.0', spoken(60_000), 80_000_000n],
    ['xai/grok-voice-latest', spoken(5_000), 6_666_667n],
    ['xai/grok-voice-2.0', spoken(2_090), 2_786_667n],
    ['xai/grok-voice-think-fast-2.0', spoken(3_000), 4_000_000n],
    ['xai/grok-voice-think-fast-1.0', spoken(5_000), 4_166_667n],
    ['xai/grok-voice-latest', { ...noUsage, of: 'item', textItems: 1 }, 4_000_000n],
    ['xai/grok-voice-latest', { ...full, audioMs: 1_000 }, 1_333_333n]
  ] as Array<[string, Usage, bigint]>) t.equal(costOf(usage, priceOf(target)).total, nanos, target)
})

t.test('two turns cost what LiteLLM billed for them, 0.00848 dollars', async t => {
  // 120 text and 80 audio in, 20 text and 80 audio out, gpt-realtime.
  t.equal(costOf({ ...noUsage, inputText: 120, inputAudio: 80, outputText: 20, outputAudio: 80 }, priceOf('openai/gpt-realtime')).total, 8_480_000n)
})

t.test('lines add up to the total, each with its quantity', async t => {
  t.strictSame(costOf(full, inRegion(priceOf('openai/gpt-realtime-2.1'), 'eu')), {
    total: 33_069_520n,
    lines: [
      { kind: 'inputText', quantity: 360, nanos: 1_584_000n },
      { kind: 'inputAudio', quantity: 372, nanos: 13_094_400n },
      { kind: 'inputImage', quantity: 236, nanos: 1_298_000n },
      { kind: 'cachedText', quantity: 640, nanos: 281_600n },
      { kind: 'cachedAudio', quantity: 128, nanos: 56_320n },
      { kind: 'cachedImage', quantity: 64, nanos: 35_200n },
      { kind: 'outputText', quantity: 100, nanos: 2_640_000n },
      { kind: 'outputAudio', quantity: 200, nanos: 14_080_000n }
    ]
  })
})

t.test('what nobody knows is never nothing', async t => {
  const gpt = priceOf('openai/gpt-realtime')
  const { inputAudio: _, ...noAudio } = gpt.rates
  t.strictSame(costOf(full, undefined), { total: null, reason: 'model_unpriced' })
  t.strictSame(costOf(full, { ...gpt, rates: noAudio }), { total: null, reason: 'rate_missing', kind: 'inputAudio' })
  t.strictSame(costOf(full, { ...gpt, rates: {} }), { total: null, reason: 'rate_missing', kind: 'inputText' })
  t.strictSame(costOf(full, priceOf('xai/grok-voice-latest')), { total: null, reason: 'quantity_missing', kind: 'audioMs' })
  t.strictSame(costOf(heard(3_000), priceOf('openai/gpt-4o-transcribe')), { total: null, reason: 'quantity_missing' })
  t.strictSame(costOf(noUsage, gpt), { total: 0n, lines: [] }, 'nothing used is nothing to pay')
})

t.test('tokens are priced where a usage tells its length too', async t => {
  t.equal(costOf({ ...transcribed, audioMs: 3_000 }, priceOf('openai/gpt-4o-transcribe')).total, 246_000n)
})

t.test('time that the provider does not tell is the clock, or the audio without voice detection; its own word stays', async t => {
  // LiteLLM billed 0.004477 dollars for 3.358 s by the clock, and 0.0064 for 4.8 s up plus down.
  const measured = { voiceDetection: true, clockMs: 3_357.86, clientMs: 3_000, upstreamMs: 1_800 }
  t.strictSame(withDuration(noUsage, measured), { ...noUsage, audioMs: 3_358, audioBasis: 'clock' })
  const pushed = withDuration(noUsage, { ...measured, voiceDetection: false })
  t.strictSame(pushed, { ...noUsage, audioMs: 4_800, audioBasis: 'audio' })
  t.equal(costOf(pushed, priceOf('xai/grok-voice-latest')).total, 6_400_000n)
  const told: Usage = { ...noUsage, audioMs: 1_000, audioBasis: 'provider' }
  t.equal(withDuration(told, measured), told)
  t.equal(withDuration(noUsage, { ...measured, clockMs: -1 }).audioMs, 0)
  t.equal(withDuration(noUsage, { ...measured, clockMs: NaN }).audioMs, 0)
})

t.test('a usage that is none has no cost, and does not throw', async t => {
  const gpt = priceOf('openai/gpt-realtime')
  const values: unknown[] = [-1, 0.5, NaN, Infinity, 2 ** 53, '3', null, undefined, 3n, {}]
  for (const value of values) {
    for (const kind of ['inputText', 'cachedAudio', 'outputAudio', 'reasoning', 'textItems', ...(value === undefined ? [] : ['audioMs'])]) {
      t.strictSame(costOf({ ...noUsage, [kind]: value }, gpt), { total: null, reason: 'usage_invalid' }, `${kind}: ${String(value)}`)
    }
  }
  for (const part of [{ cachedText: 1 }, { cachedAudio: 1 }, { cachedImage: 1 }, { reasoning: 1 }]) t.equal(costOf({ ...noUsage, ...part }, gpt).total, null)
})

const count = fc.nat({ max: 1_000_000 })
const usage = fc.tuple(count, count, count, count, count, count, count, count).map(([a, b, c, d, e, f, g, h]): Usage => ({
  ...noUsage, inputText: a, cachedText: d % (a + 1), inputAudio: b, cachedAudio: e % (b + 1), inputImage: c, cachedImage: f % (c + 1), outputText: g, outputAudio: h, audioMs: a + 7 * b
}))
const price = fc.constantFrom(...priceTable.filter(({ rates }) => rates.audioMs !== undefined || rates.outputAudio !== undefined))

t.test('property: what is from the cache is never dearer', async () => {
  fc.assert(fc.property(usage, price, (used, at) => {
    const plain = costOf({ ...used, cachedText: 0, cachedAudio: 0, cachedImage: 0 }, at).total!
    return costOf(used, at).total! <= plain
  }), { numRuns: draws(10_000), seed })
})

t.test('property: money is whole numbers, never of floating point and never below nothing, and the lines are the total', async () => {
  fc.assert(fc.property(usage, price, (used, at) => {
    const cost = costOf(used, at)
    if (cost.total === null) return false
    return cost.lines.every(({ nanos }) => typeof nanos === 'bigint' && nanos >= 0n) && cost.total === cost.lines.reduce((sum, { nanos }) => sum + nanos, 0n)
  }), { numRuns: draws(10_000), seed })
})

t.test('property: any event of a provider has a cost or a reason, and nothing throws', async () => {
  fc.assert(fc.property(fc.anything(), fc.anything(), price, (value, details, at) => {
    for (const raw of [value, { input_tokens: value, input_token_details: details, output_token_details: details, seconds: value }]) {
      const used = openai.usage!({ type: 'response.done', response: { usage: raw } })
      if (used !== undefined && costOf(used, at).total === undefined) return false
    }
    return true
  }), { numRuns: draws(10_000), seed })
})

t.test(`the sum of ${deep ? 500_000 : 100_000} random turns is exact, in any order and grouping`, async t => {
  const turns = deep ? 500_000 : 100_000
  // A small generator, because drawing as many by fast-check takes minutes.
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
  const gpt = priceOf('openai/gpt-realtime-2.1')
  const grok = priceOf('xai/grok-voice-latest')
  const tokens = { inputText: 0, inputAudio: 0, cachedText: 0, cachedAudio: 0, outputText: 0, outputAudio: 0 }
  const costs: Cost[] = []
  let seconds = 0n
  for (let i = 0; i < turns; i++) {
    if (i % 4 === 0) {
      const s = next(120)
      // A second is 1 333 333 1/3: a third of the seconds more, rounded.
      seconds += BigInt(s) * 1_333_333n + BigInt([0, 0, 1][s % 3]!) + BigInt(Math.floor(s / 3))
      costs.push(costOf(spoken(s * 1_000), grok))
      continue
    }
    const [inputText, inputAudio] = [next(128_000), next(128_000)]
    const turn = { inputText, inputAudio, cachedText: next(inputText + 1), cachedAudio: next(inputAudio + 1), outputText: next(32_000), outputAudio: next(32_000) }
    for (const kind of Object.keys(tokens) as Array<keyof typeof tokens>) tokens[kind] += turn[kind]
    costs.push(costOf({ ...noUsage, ...turn }, gpt))
  }
  const expected = seconds + BigInt(tokens.inputText - tokens.cachedText) * 4_000n + BigInt(tokens.inputAudio - tokens.cachedAudio) * 32_000n +
    BigInt(tokens.cachedText + tokens.cachedAudio) * 400n + BigInt(tokens.outputText) * 24_000n + BigInt(tokens.outputAudio) * 64_000n
  t.strictSame(sumOf(costs), { total: expected, unknown: 0 })
  for (let i = costs.length - 1; i > 0; i--) {
    const other = next(i + 1)
    const kept = costs[i]!
    costs[i] = costs[other]!
    costs[other] = kept
  }
  t.strictSame(sumOf(costs), { total: expected, unknown: 0 })
  const cut = next(turns)
  t.equal(sumOf(costs.slice(0, cut)).total + sumOf(costs.slice(cut)).total, expected)
  t.strictSame(sumOf([...costs, { total: null, reason: 'model_unpriced' }]), { total: expected, unknown: 1 }, 'what is unknown is counted, and adds nothing')
})
