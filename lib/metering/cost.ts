import { priced } from './rate.ts'
import type { BilledKind, Cost, CostLine, Price, Rate, Usage } from '../../types/index.ts'

const counted = ['inputText', 'inputAudio', 'inputImage', 'cachedText', 'cachedAudio', 'cachedImage', 'outputText', 'outputAudio', 'reasoning', 'textItems'] as const

// Input that came from the cache has a line of its own, and costs what other input does where its rate is not known.
const kinds: ReadonlyArray<readonly [kind: BilledKind, quantity: (usage: Usage) => number, instead?: BilledKind]> = [
  ['inputText', usage => usage.inputText - usage.cachedText],
  ['inputAudio', usage => usage.inputAudio - usage.cachedAudio],
  ['inputImage', usage => usage.inputImage - usage.cachedImage],
  ['cachedText', usage => usage.cachedText, 'inputText'],
  ['cachedAudio', usage => usage.cachedAudio, 'inputAudio'],
  ['cachedImage', usage => usage.cachedImage, 'inputImage'],
  ['outputText', usage => usage.outputText],
  ['outputAudio', usage => usage.outputAudio],
  ['audioMs', usage => usage.audioMs ?? 0],
  ['textItems', usage => usage.textItems]
]

/**
 * What a usage costs at a price: a line for each kind that was used, each rounded once to the nano-dollar, and their sum. Takes any usage, one of a
 * foreign adapter too, and never throws.
 * @param price of the model that was served; `undefined`: nobody knows it
 */
export function costOf (usage: Usage, price: Price | undefined): Cost {
  if (!isValid(usage)) return { total: null, reason: 'usage_invalid' }
  if (price === undefined) return { total: null, reason: 'model_unpriced' }
  const { rates } = price
  const timed = rates.audioMs !== undefined
  if (timed && usage.audioMs === undefined && usage.of !== 'item') return { total: null, reason: 'quantity_missing', kind: 'audioMs' }
  let total = 0n
  const lines: CostLine[] = []
  for (const [kind, quantityOf, instead] of kinds) {
    const quantity = quantityOf(usage)
    if (quantity === 0) continue
    const rate: Rate | undefined = rates[kind] ?? (instead && rates[instead])
    if (rate === undefined) {
      // Nobody but xAI bills an item, and what is billed by time is not billed by tokens.
      if (timed || kind === 'textItems') continue
      if (kind !== 'audioMs') return { total: null, reason: 'rate_missing', kind }
      // A transcription may tell its length beside its tokens.
      if (!hasTokens(usage)) return { total: null, reason: 'quantity_missing' }
      continue
    }
    const nanos = priced(quantity, rate)
    total += nanos
    lines.push({ kind, quantity, nanos })
  }
  return { total, lines }
}

/** The sum of costs, in any order: the nano-dollars that are known, and of how many nobody knows. */
export function sumOf (costs: Iterable<Cost>): { readonly total: bigint, readonly unknown: number } {
  let total = 0n
  let unknown = 0
  for (const cost of costs) {
    if (cost.total === null) unknown++
    else total += cost.total
  }
  return { total, unknown }
}

function hasTokens (usage: Usage): boolean {
  return usage.inputText + usage.inputAudio + usage.inputImage + usage.outputText + usage.outputAudio > 0
}

function isValid (usage: Usage): boolean {
  return counted.every(kind => isCount(usage[kind])) && (usage.audioMs === undefined || isCount(usage.audioMs)) &&
    usage.cachedText <= usage.inputText && usage.cachedAudio <= usage.inputAudio && usage.cachedImage <= usage.inputImage && usage.reasoning <= usage.outputText
}

function isCount (value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
