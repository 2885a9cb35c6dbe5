/** A generator whose draws follow from its seed alone. */
export interface Random {
  /** In [0, 1). */
  next (): number
  /** A whole number, both ends included. */
  int (from: number, to: number): number
  /** As `int`, with each order of magnitude as likely as the next. */
  spread (from: number, to: number): number
  chance (probability: number): boolean
  pick<T> (list: readonly T[]): T
  /** One of the keys, in proportion to its number. */
  weighted<T extends string> (weights: Readonly<Record<T, number>>): T
}

/** mulberry32, started from several numbers so that each session of a run has draws of its own. */
export function createRandom (...seeds: readonly number[]): Random {
  let state = seeds.reduce((mixed, seed) => scramble(mixed ^ scramble(seed + 0x9e3779b9)), 0)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    return (scramble(state) >>> 0) / 2 ** 32
  }
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    int,
    spread: (from, to) => Math.min(to, Math.floor(Math.exp(Math.log(from + 1) + next() * (Math.log(to + 2) - Math.log(from + 1)))) - 1),
    chance: probability => next() < probability,
    pick: list => list[int(0, list.length - 1)]!,
    weighted (weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][]
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      return entries.find(([, weight]) => (left -= weight) < 0)?.[0] ?? entries.at(-1)![0]
    }
  }
}

function scramble (value: number): number {
  let mixed = Math.imul(value ^ (value >>> 15), value | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return mixed ^ (mixed >>> 14)
}
