import { isDearer, shareOf } from './rate.ts'
import type { BilledKind, Price, Rate } from '../../types/index.ts'

/** What was served, and what its operator says of it. */
export interface PricedModel {
  /** The provider of the deployment's `target`. */
  readonly provider: string
  /** The model that the provider says it serves, else the one that was asked for; on Azure it may be the name of a deployment. */
  readonly model: string
  /** The model that a deployment stands for, as LiteLLM's `base_model`, with or without its provider. It decides alone: an unknown one has no price. */
  readonly baseModel?: string | undefined
}

export interface PriceList {
  /** The price of a model, by its own name or, for a dated snapshot without a row, by the name before the date. `undefined`: unknown. */
  find (model: PricedModel): Price | undefined
}

/** @param rows a later row replaces an earlier one of the same model, whole */
export function createPriceList (rows: Iterable<Price>): PriceList {
  const byName = new Map<string, Price>()
  for (const row of rows) byName.set(row.model, row)
  return {
    find ({ provider, model, baseModel }) {
      const name = baseModel ?? model
      // A name with a slash may have its provider already, or be a name of that provider's that has one.
      const names = name.includes('/') ? [name, `${provider}/${name}`] : [`${provider}/${name}`]
      for (const each of names) {
        const known = each.replace(/^spacexai\//, 'xai/')
        const price = byName.get(known) ?? byName.get(known.replace(/-\d{4}-\d{2}-\d{2}$/, ''))
        if (price !== undefined) return price
      }
      return undefined
    }
  }
}

type Rates = Price['rates']
const cachedOf = { cachedText: 'inputText', cachedAudio: 'inputAudio', cachedImage: 'inputImage' } as const

/**
 * A price in which the operator has set some rates. Rates by time replace those by tokens, and the other way round: no provider bills both. A cached
 * rate that is kept never is dearer than the new rate of its input.
 */
export function withRates (base: Price | undefined, given: Rates, { model, source }: { readonly model: string, readonly source: string }): Price {
  const kept = Object.entries(base?.rates ?? {}).filter(([kind]) => !replaced(kind as BilledKind, given))
  const { assumed: _, checked: __, ...rest } = base ?? {}
  return { ...rest, model, source, rates: { ...Object.fromEntries(kept), ...given } }

  function replaced (kind: BilledKind, given: Rates): boolean {
    const timed = given.audioMs !== undefined
    if (kind === 'textItems') return false
    if (kind === 'audioMs') return Object.keys(given).some(each => each !== 'audioMs' && each !== 'textItems')
    if (timed) return true
    const input = given[cachedOf[kind as keyof typeof cachedOf]]
    return input !== undefined && isDearer(base!.rates[kind]!, input)
  }
}

/**
 * A price with a discount, a margin or a regional uplift, exactly: nothing is rounded before the turn is.
 * @param share hundredths of a percent of the price: 11 000 is ten per cent more, 9 500 five per cent less
 * @throws RangeError the share is no whole number, or negative
 */
export function withShare (price: Price, share: number): Price {
  if (!Number.isSafeInteger(share) || share < 0) throw new RangeError('the share of a price must be a whole number of at least 0')
  const rates = Object.entries(price.rates).map(([kind, rate]: [string, Rate]) => [kind, shareOf(rate, share)])
  return { ...price, rates: Object.fromEntries(rates) as Rates }
}

/** The price where the provider processes in one region; the price itself where it has no other one there. */
export function inRegion (price: Price, region: 'eu' | 'us'): Price {
  const share = price.regions?.[region]
  return share === undefined ? price : withShare(price, share)
}
