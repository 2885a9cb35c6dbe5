import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { appendFrame, commitFrame, createFrame, deltaFrame, responseCreatedFrame, responseDoneFrame } from '../frames.ts'
import { residentBytes, usage } from '../process.ts'
import { closePairs, openPairs, type Pair, type World } from '../session.ts'
import { median, percentile } from '../stats.ts'
import type { Running } from '../subjects/subject.ts'

export interface CrowdResult {
  readonly sessions: number
  readonly turns: number
  readonly errors: readonly string[]
  readonly openSeconds: number
  readonly turnsSeconds: number
  readonly turnP50Ms: number
  readonly turnP99Ms: number
  readonly residentMiB: number
  readonly cpuSeconds: number
}

const audioFrames = 10
const patience = 60_000
// A turn starts every millisecond in this many sessions: a crowd, not one burst.
const startsPerMs = 2

/** Why this many sessions cannot be open here, `undefined` when they can. Every session takes two sockets on each side. */
export function tooMany (sessions: number): string | undefined {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
  const needed = 2 * sessions + 500
  return limit >= needed ? undefined : `${needed} open files are needed and the limit is ${limit}; raise it with ulimit -n`
}

/** Many sessions at once, and each holds one turn: audio up, commit, response with audio down. */
export async function crowd (world: World, subject: Running, sessions: number): Promise<CrowdResult> {
  const { cpuNanos } = usage(subject.pids())
  const opening = performance.now()
  const pairs = await openPairs(world, sessions)
  const started = performance.now()
  const errors: string[] = []
  for (const { client } of pairs) client.onLost = (reason) => errors.push(reason)

  const times: number[] = []
  const turns: Array<Promise<void>> = []
  for (const pair of pairs) {
    if (turns.length % startsPerMs === 0) await delay(1)
    const start = performance.now()
    turns.push(turn(pair).then(() => { times.push(performance.now() - start) }, (error: Error) => { errors.push(error.message) }))
  }
  await Promise.all(turns)
  const result = {
    sessions: pairs.length,
    turns: times.length,
    errors,
    openSeconds: (started - opening) / 1e3,
    turnsSeconds: (performance.now() - started) / 1e3,
    turnP50Ms: median(times),
    turnP99Ms: percentile(times, 0.99),
    residentMiB: residentBytes(subject.pids()) / 2 ** 20,
    cpuSeconds: (usage(subject.pids()).cpuNanos - cpuNanos) / 1e9
  }
  await closePairs(world, pairs).catch((error: Error) => errors.push(error.message))
  return result
}

const up = appendFrame()
const down = deltaFrame()
const expectedUp = [...Array.from({ length: audioFrames }, () => up), commitFrame, createFrame]
const expectedDown = [responseCreatedFrame, ...Array.from({ length: audioFrames }, () => down), responseDoneFrame]

function turn ({ client, upstream }: Pair): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a turn did not end')), patience)
    let heard = 0
    let answered = 0
    const check = (length: number, expected: number | undefined, where: string): void => {
      if (length !== expected) reject(new Error(`${where} got ${length} bytes instead of ${expected}`))
    }
    upstream.onText = (length) => {
      check(length, expectedUp[heard++]?.payload.length, 'upstream')
      if (heard === expectedUp.length) for (const { wire } of expectedDown) upstream.socket.write(wire)
    }
    client.onText = (length) => {
      check(length, expectedDown[answered++]?.payload.length, 'client')
      if (answered < expectedDown.length) return
      clearTimeout(timer)
      resolve()
    }
    for (const { wire } of expectedUp) client.socket.write(wire)
  })
}
