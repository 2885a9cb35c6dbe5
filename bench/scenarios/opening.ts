import { usage } from '../process.ts'
import { closePairs, openPair, type World } from '../session.ts'
import type { Running } from '../subjects/subject.ts'

export interface Opening {
  readonly sessionsPerSecond: number
  /** Processor time of the subject for one session, opened and closed. */
  readonly cpuMicros: number
}

// Enough to keep a processor busy, as few as a busy hour brings.
const atOnce = 20

/** Sessions that are opened, greeted and closed, so many at a time. */
export async function opening (world: World, subject: Running, ms: number): Promise<Opening> {
  const before = { at: performance.now(), cpuNanos: usage(subject.pids()).cpuNanos }
  let opened = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < before.at + ms) {
      await closePairs(world, [await openPair(world)])
      opened++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return {
    sessionsPerSecond: opened / (performance.now() - before.at) * 1e3,
    cpuMicros: (usage(subject.pids()).cpuNanos - before.cpuNanos) / 1e3 / opened
  }
}
