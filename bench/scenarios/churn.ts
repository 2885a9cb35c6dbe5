import { setTimeout as delay } from 'node:timers/promises'
import { appendFrame, deltaFrame } from '../frames.ts'
import { residentBytes } from '../process.ts'
import { openPair, type World } from '../session.ts'
import { median } from '../stats.ts'
import type { Running } from '../subjects/subject.ts'

export interface ChurnOptions {
  readonly minutes: number
  /** Sessions at a time. */
  readonly sessions: number
  readonly seed: number
}

export interface ChurnResult {
  readonly sessionsServed: number
  /** Settled resident memory, MiB: after a garbage collection, the sessions still running. */
  readonly seriesMiB: readonly number[]
  /** Median of the last third over that of the first third after the warm-up. */
  readonly growth: number
  readonly errors: readonly string[]
}

const periodMs = 50
const lifeMs = { least: 1_000, most: 5_000 }
const warmUpShare = 0.1

/** Sessions that come, talk for some seconds and go, for minutes; memory must stay where it is. */
export async function churn (world: World, subject: Running, options: ChurnOptions): Promise<ChurnResult> {
  const random = generator(options.seed)
  const up = appendFrame()
  const down = deltaFrame()
  const end = performance.now() + options.minutes * 60_000
  const errors: string[] = []
  let served = 0

  const live = async (): Promise<void> => {
    while (performance.now() < end) {
      const pair = await openPair(world)
      pair.client.onLost = (reason) => errors.push(reason)
      pair.upstream.onText = () => pair.upstream.socket.write(down.wire)
      const talk = setInterval(() => pair.client.socket.write(up.wire), periodMs)
      await delay(lifeMs.least + random() * (lifeMs.most - lifeMs.least))
      clearInterval(talk)
      await pair.client.close()
      served++
    }
  }

  const series: number[] = []
  const every = options.minutes * 60_000 / 60
  const watch = async (): Promise<void> => {
    while (performance.now() < end - every) {
      await delay(every)
      await subject.collect()
      series.push(residentBytes(subject.pids()) / 2 ** 20)
      console.log(`  ${(series.length * every / 60_000).toFixed(1).padStart(5)} min  ${series.at(-1)!.toFixed(1)} MiB  ${served} sessions`)
    }
  }
  await Promise.all([watch(), ...Array.from({ length: options.sessions }, () => live().catch((error: Error) => { errors.push(error.message) }))])

  // A frame may cross a closing session's last breath; a client that was lost has said so above.
  world.upstream.takeFaults()
  const steady = series.slice(Math.ceil(series.length * warmUpShare))
  const third = Math.floor(steady.length / 3)
  return {
    sessionsServed: served,
    seriesMiB: series,
    growth: median(steady.slice(-third)) / median(steady.slice(0, third)),
    errors
  }
}

// Mulberry32: small, and the same series for the same seed.
function generator (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
