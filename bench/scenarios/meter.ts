import { setTimeout as delay } from 'node:timers/promises'
import { usage } from '../process.ts'
import { percentile } from '../stats.ts'
import type { Slice, SliceOptions } from './slice.ts'

export interface Load {
  /** Round trips so far. */
  trips: number
  /** Latencies are kept only while it is set. */
  times: number[] | undefined
  readonly faults: string[]
}

const patience = 10_000

/** Waits until no frame is under way any more, and fails where one went wrong. */
export async function settle (load: Load, idle: () => boolean): Promise<void> {
  const deadline = performance.now() + patience
  while (!idle() && load.faults.length === 0) {
    if (performance.now() > deadline) load.faults.push('frames are missing')
    await delay(5)
  }
  if (load.faults.length > 0) throw new Error(`${load.faults.length} faults, the first: ${load.faults[0]}`)
}

/** Waits out the warm-up, then reads clocks and counters around the measured stretch. */
export async function meter (load: Load, pids: readonly number[], options: SliceOptions): Promise<Slice> {
  await delay(options.warmUpMs)
  const times: number[] = []
  load.times = times
  const before = { trips: load.trips, at: performance.now(), used: usage(pids), own: process.cpuUsage() }
  await delay(options.measureMs)
  const used = usage(pids)
  const cpu = used.cpuNanos - before.used.cpuNanos
  const own = process.cpuUsage(before.own)
  const elapsed = performance.now() - before.at
  const trips = load.trips - before.trips
  load.times = undefined
  return {
    cpuMicros: cpu / 1e3 / trips,
    roundTripsPerSecond: trips / elapsed * 1e3,
    subjectBusy: cpu / 1e6 / elapsed,
    subjectWait: (used.waitNanos - before.used.waitNanos) / 1e6 / elapsed,
    loadBusy: (own.user + own.system) / 1e3 / elapsed,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99)
  }
}
