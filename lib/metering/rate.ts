import type { Rate } from '../../types/index.ts'

// Dollars have nine digits of nano-dollars behind them.
const nanoDigits = 9
// No price has more, and a text of a million digits or an exponent of a billion would take for ever.
const mostDigits = 40

/**
 * The rate that a price in dollars stands for, exactly, by its decimal text: a number's shortest text is what was written for it, so `4e-7` is
 * 400 nano-dollars and nothing more.
 * @param dollars a number, or a decimal text like `0.000032` or `3.2e-05`
 * @param per how many units the price buys; at least 1
 * @returns `undefined` for what is no price: negative, not finite, no decimal, or absurdly long
 */
export function rateOf (dollars: unknown, per: number): Rate | undefined {
  if (typeof dollars !== 'number' && typeof dollars !== 'string') return undefined
  const match = /^\+?(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(String(dollars).trim())
  if (match === null) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  const shift = Number(exponent) - fraction.length + nanoDigits
  if (digits.length > mostDigits || Math.abs(shift) > mostDigits) return undefined
  return lowest(BigInt(digits) * 10n ** BigInt(Math.max(shift, 0)), BigInt(per) * 10n ** BigInt(Math.max(-shift, 0)))
}

/**
 * A rate with a discount, a margin or an uplift.
 * @param share hundredths of a percent of the rate: 10 000 leaves it as it is, 9 500 takes five per cent off
 */
export function shareOf ({ nanos, per }: Rate, share: number): Rate {
  return lowest(nanos * BigInt(share), per * 10_000n)
}

/** Whether the first rate is dearer. */
export function isDearer (one: Rate, other: Rate): boolean {
  return one.nanos * other.per > other.nanos * one.per
}

/** What a quantity costs in nano-dollars, rounded to the nearest, a half up. */
export function priced (quantity: number, { nanos, per }: Rate): bigint {
  return (2n * BigInt(quantity) * nanos + per) / (2n * per)
}

/** The same rate in the smallest numbers, so that equal rates look equal. */
function lowest (nanos: bigint, per: bigint): Rate {
  let [a, b] = [nanos, per]
  while (b !== 0n) [a, b] = [b, a % b]
  return { nanos: nanos / a, per: per / a }
}
