import { residentBytes } from '../process.ts'
import { closePairs, openPairs, type World } from '../session.ts'
import { median } from '../stats.ts'
import type { Running } from '../subjects/subject.ts'
import { saturated } from './saturated.ts'
import type { SliceOptions } from './slice.ts'

export interface AtWork {
  /** Resident KiB a session while all are at work, median of the samples. */
  readonly residentKiB: number
  /** The same at its highest. */
  readonly peakKiB: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const sampleMs = 50
const warmUpSessions = 20

/** What sessions hold while they carry as much as the subject can. In a fresh process: memory that was had once is seldom given back. */
export async function atWork (world: World, subject: Running, sessions: number, options: SliceOptions): Promise<AtWork> {
  await closePairs(world, await openPairs(world, warmUpSessions))
  await subject.collect()
  const before = residentBytes(subject.pids())
  const pairs = await openPairs(world, sessions)
  const samples: number[] = []
  const start = performance.now()
  const timer = setInterval(() => {
    if (performance.now() - start > options.warmUpMs) samples.push((residentBytes(subject.pids()) - before) / sessions / 1024)
  }, sampleMs)
  const { p50Ms, p99Ms } = await saturated(pairs, subject.pids(), options)
  clearInterval(timer)
  await closePairs(world, pairs)
  return { residentKiB: median(samples), peakKiB: Math.max(...samples), p50Ms, p99Ms }
}
