import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { appendFrame, deltaFrame } from '../frames.ts'
import { residentBytes } from '../process.ts'
import { closePairs, openPairs, type Pair, type World } from '../session.ts'
import type { Running } from '../subjects/subject.ts'

export interface StallOptions {
  /** Who stops reading. */
  readonly stalled: 'client' | 'upstream'
  readonly sessions: number
  /** What the other peer sends meanwhile, for each session. */
  readonly bytesEach: number
}

export interface StallResult {
  readonly sentMiB: number
  /** What left the sender while the other side did not read: in the subject, and in the kernel's buffers around it. */
  readonly underWayMiB: number
  /** Most that the subject's resident memory grew by during the stall, for all sessions together. */
  readonly growthMiB: number
  /** The same with the time after the stall, when all that waited rushes through. */
  readonly drainGrowthMiB: number
  /** All frames arrived, complete and none twice. */
  readonly complete: boolean
  /** From the end of the stall to the last byte. */
  readonly drainMs: number
}

const samplePeriodMs = 25
// The stall lasts until nothing has moved for this long, below every clock that cuts a stalled peer off.
const quietMs = 1_500
const longestStallMs = 15_000
const longestDrainMs = 120_000
// Few messages with many bytes upwards: the number of messages that a client may send is limited.
const warmUpBytes = 200e6
const appendBytes = 192 * 1024
const deltaBytes = 24 * 1024

interface Flow {
  readonly pair: Pair
  readonly sender: Socket
  readonly receiver: Socket
  written: number
  arrived: number
}

/** One side stops reading while the other sends; then it reads on, and everything must arrive. */
export async function stall (world: World, subject: Running, options: StallOptions): Promise<StallResult> {
  const down = options.stalled === 'client'
  const frame = down ? deltaFrame(deltaBytes) : appendFrame(appendBytes)
  const frames = Math.ceil(options.bytesEach / frame.wire.length)
  const faults: string[] = []
  const pairs = await openPairs(world, options.sessions)
  const flows = pairs.map((pair): Flow => {
    const [sender, receiver] = down ? [pair.upstream, pair.client] : [pair.client, pair.upstream]
    const flow: Flow = { pair, sender: sender.socket, receiver: receiver.socket, written: 0, arrived: 0 }
    receiver.onText = (length) => {
      if (length === frame.payload.length) flow.arrived++
      else faults.push(`${length} bytes arrived`)
    }
    pair.client.onLost = (reason) => faults.push(reason)
    return flow
  })

  // A process takes memory for traffic as such: it carries some first, so that what grows is what the stall costs.
  const warmUp = Math.ceil(warmUpBytes / flows.length / frame.wire.length)
  for (const flow of flows) feed(flow, frame.wire, warmUp)
  await quiet(() => flows.reduce((sum, { arrived }) => sum + arrived, 0), 500, longestDrainMs)
  for (const flow of flows) flow.written = flow.arrived = 0
  await subject.collect()
  const before = residentBytes(subject.pids())

  const total = (key: 'written' | 'arrived'): number => flows.reduce((sum, flow) => sum + flow[key], 0)
  let peak = before
  const sampler = setInterval(() => { peak = Math.max(peak, residentBytes(subject.pids())) }, samplePeriodMs)
  for (const flow of flows) {
    flow.receiver.pause()
    feed(flow, frame.wire, frames)
  }
  await quiet(() => total('written'), quietMs, longestStallMs)
  const stalledPeak = peak
  const underWay = flows.reduce((sum, { sender, written }) => sum + written * frame.wire.length - sender.writableLength, 0)

  const resumed = performance.now()
  for (const { receiver } of flows) receiver.resume()
  let drained = resumed
  while (total('arrived') < frames * flows.length && faults.length === 0 && performance.now() - resumed < longestDrainMs) {
    await delay(5)
    drained = performance.now()
  }
  clearInterval(sampler)
  const complete = faults.length === 0 && flows.every(({ arrived }) => arrived === frames)
  await closePairs(world, pairs).catch((error: Error) => faults.push(error.message))
  if (faults.length > 0) console.log(`  ! ${faults.length} faults, the first: ${faults[0]}`)
  return {
    sentMiB: frames * flows.length * frame.wire.length / 2 ** 20,
    underWayMiB: underWay / 2 ** 20,
    growthMiB: (stalledPeak - before) / 2 ** 20,
    drainGrowthMiB: (peak - before) / 2 ** 20,
    complete,
    drainMs: drained - resumed
  }
}

/** Hands the next frame over when the last one has left for the kernel. */
function feed (flow: Flow, frame: Buffer, frames: number): void {
  if (flow.written === frames || flow.sender.destroyed) return
  flow.written++
  flow.sender.write(frame, () => feed(flow, frame, frames))
}

async function quiet (count: () => number, forMs: number, atMostMs: number): Promise<void> {
  const deadline = performance.now() + atMostMs
  let last = count()
  let since = performance.now()
  while (performance.now() < deadline && performance.now() - since < forMs) {
    await delay(samplePeriodMs)
    if (count() === last) continue
    last = count()
    since = performance.now()
  }
}
