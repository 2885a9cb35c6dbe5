import { setTimeout as delay } from 'node:timers/promises'
import { appendFrame, deltaFrame } from '../frames.ts'
import { residentBytes } from '../process.ts'
import { closePairs, openPairs, type Pair, type World } from '../session.ts'
import type { Running } from '../subjects/subject.ts'

export interface MemoryResult {
  readonly sessions: number
  /** Resident KiB a session that was opened and greeted, and nothing else. */
  readonly idleKiB: number
  /** The same after each session carried one frame up and one down. */
  readonly usedKiB: number
}

// Sessions opened and closed first, so that code and pools that are there once are not counted as a session's.
const warmUpSessions = 200
const settleMs = 1_000

/** Resident memory for a session, out of the growth over many of them in a fresh process. */
export async function memory (world: World, subject: Running, sessions: number): Promise<MemoryResult> {
  const first = await openPairs(world, warmUpSessions)
  await exchange(first)
  await closePairs(world, first)
  const before = await settled(subject)
  const pairs = await openPairs(world, sessions)
  const idle = await settled(subject)
  await exchange(pairs)
  const used = await settled(subject)
  await closePairs(world, pairs)
  return { sessions, idleKiB: (idle - before) / sessions / 1024, usedKiB: (used - before) / sessions / 1024 }
}

async function settled (subject: Running): Promise<number> {
  await delay(settleMs)
  await subject.collect()
  await delay(settleMs)
  return residentBytes(subject.pids())
}

async function exchange (pairs: readonly Pair[]): Promise<void> {
  const up = appendFrame()
  const down = deltaFrame()
  for (const { client, upstream } of pairs) {
    await new Promise<void>((resolve) => {
      upstream.onText = () => upstream.socket.write(down.wire)
      client.onText = () => resolve()
      client.socket.write(up.wire)
    })
  }
}
