export function percentile (values: ArrayLike<number>, share: number): number {
  if (values.length === 0) return NaN
  const sorted = Float64Array.from(values).sort()
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)]!
  return low + (sorted[Math.ceil(at)]! - low) * (at % 1)
}

export function median (values: ArrayLike<number>): number {
  return percentile(values, 0.5)
}
