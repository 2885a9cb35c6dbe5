import { createRandom } from './random.ts'
import type { Random } from './random.ts'

// A small formant synthesiser: a buzz (the vocal folds) or noise (the breath) through three resonances (the mouth).
// Nobody would take it for a person, but it is audible, has the rhythm and the energy of speech, and costs no file.

interface Phone {
  readonly ms: number
  /** Centre frequencies of the three resonances, in Hz. */
  readonly formants: readonly [number, number, number]
  readonly voiced: number
  readonly noise: number
}

const VOWELS: Readonly<Record<string, readonly [number, number, number]>> = {
  a: [730, 1190, 2440],
  e: [530, 1840, 2480],
  i: [300, 2250, 2950],
  o: [540, 890, 2410],
  u: [320, 870, 2240],
  y: [390, 1990, 2550]
}

/** Milliseconds of audio for one letter: "Hi there!" takes 0.7 s, as in a recorded session. */
const LETTER_MS = 72
const PAUSE_MS = 160
const CACHE_SIZE = 32

const cache = new Map<string, Int16Array>()

/**
 * Speaks a text. The same text, rate and seed give the same samples.
 * @param rate samples per second, 8000 or more.
 */
export function speak (text: string, rate: number, seed: number): Int16Array {
  const key = `${rate} ${seed} ${text}`
  const known = cache.get(key)
  if (known) return known
  const samples = synthesize(phones(text), rate, createRandom(seed), text.trimEnd().endsWith('?'))
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!)
  cache.set(key, samples)
  return samples
}

function phones (text: string): Phone[] {
  const out: Phone[] = []
  for (const letter of text.toLowerCase().normalize('NFD')) {
    const vowel = VOWELS[letter]
    if (vowel) out.push({ ms: LETTER_MS * 1.5, formants: vowel, voiced: 1, noise: 0.02 })
    else if (/[mnlrwj]/.test(letter)) out.push({ ms: LETTER_MS, formants: [280, 1100, 2300], voiced: 0.5, noise: 0.02 })
    else if (/[sfhxzcv]/.test(letter)) out.push({ ms: LETTER_MS, formants: [1800, 2800, 3500], voiced: 0.1, noise: 0.35 })
    else if (/[\p{L}\p{N}]/u.test(letter)) out.push({ ms: LETTER_MS * 0.8, formants: [500, 1500, 2500], voiced: 0.35, noise: 0.15 })
    else if (/[.,!?;:]/.test(letter)) out.push(silence(PAUSE_MS))
    else if (letter === ' ') out.push(silence(LETTER_MS * 0.5))
  }
  return out
}

function silence (ms: number): Phone {
  return { ms, formants: [500, 1500, 2500], voiced: 0, noise: 0 }
}

function synthesize (sounds: readonly Phone[], rate: number, random: Random, question: boolean): Int16Array {
  const total = sounds.reduce((sum, sound) => sum + Math.round(sound.ms * rate / 1000), 0)
  const samples = new Int16Array(total)
  const mouth = [resonator(rate, 90), resonator(rate, 110), resonator(rate, 160)]
  // A step of each gain towards its target per sample: 8 ms from one sound to the next, without clicks.
  const glide = 1 - Math.exp(-1000 / (8 * rate))
  let phase = 0
  let voiced = 0
  let noise = 0
  let at = 0
  for (const sound of sounds) {
    sound.formants.forEach((frequency, i) => mouth[i]!.tune(frequency))
    const end = at + Math.round(sound.ms * rate / 1000)
    for (; at < end; at++) {
      const progress = at / total
      const melody = question && progress > 0.8 ? 1 + (progress - 0.8) * 1.5 : 1 - 0.2 * progress
      const pitch = 135 * melody * (1 + 0.03 * Math.sin(at / rate * 2 * Math.PI * 3))
      phase = (phase + pitch / rate) % 1
      voiced += (sound.voiced - voiced) * glide
      noise += (sound.noise - noise) * glide
      // Open for 60 % of a cycle and then shut: the sharp edge is what gives a buzz its overtones.
      const folds = phase < 0.6 ? Math.sin(Math.PI * phase / 0.6) : -0.3
      const source = folds * voiced + (random.next() * 2 - 1) * noise
      const value = mouth[0]!.pass(source) + 0.6 * mouth[1]!.pass(source) + 0.3 * mouth[2]!.pass(source)
      samples[at] = Math.max(-32_000, Math.min(32_000, value * 22_000))
    }
  }
  return samples
}

/** A two-pole band pass of unit gain at its centre. */
function resonator (rate: number, width: number): { tune (frequency: number): void, pass (input: number): number } {
  const radius = Math.exp(-Math.PI * width / rate)
  let turn = 0
  let gain = 0
  let last = 0
  let older = 0
  return {
    tune (frequency) {
      const angle = 2 * Math.PI * Math.min(frequency, rate * 0.45) / rate
      turn = 2 * radius * Math.cos(angle)
      gain = (1 - radius) * Math.sqrt(1 - 2 * radius * Math.cos(2 * angle) + radius * radius)
    },
    pass (input) {
      const output = gain * input + turn * last - radius * radius * older
      older = last
      last = output
      return output
    }
  }
}
