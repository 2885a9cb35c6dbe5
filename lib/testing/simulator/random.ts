/** A small seeded source of numbers (mulberry32): the same seed gives the same ids, padding and audio. */
export interface Random {
  /** A number in [0, 1). */
  next (): number
  /** A whole number in [0, below). */
  int (below: number): number
  /** `length` characters of `alphabet`. */
  text (length: number, alphabet: string): string
}

/** Digits, capitals, small letters: the order in which OpenAI's ids sort. */
export const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export function createRandom (seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    next,
    int,
    text (length, alphabet) {
      let out = ''
      for (let i = 0; i < length; i++) out += alphabet[int(alphabet.length)]
      return out
    }
  }
}
