import { appendFrame, deltaFrame } from '../frames.ts'
import type { Pair } from '../session.ts'
import { meter, settle, type Load } from './meter.ts'
import type { Slice, SliceOptions } from './slice.ts'

// The rhythm of a voice client: 50 ms of audio every 50 ms, in both directions at once.
const periodMs = 50
// Frames that may be under way in one direction of a session; beyond it the slice fails.
const ring = 256

/** One direction of one session. Frames keep their order, so the send times form a queue. */
interface Lane {
  readonly send: () => void
  readonly sent: Float64Array
  head: number
  tail: number
}

/** Every session sends one frame per 50 ms up and one down, spread evenly over the period. */
export async function paced (pairs: readonly Pair[], pids: readonly number[], options: SliceOptions): Promise<Slice> {
  const up = appendFrame()
  const down = deltaFrame()
  const load: Load = { trips: 0, times: undefined, faults: [] }

  const lane = (send: () => void): Lane => ({ send, sent: new Float64Array(ring), head: 0, tail: 0 })
  const arrived = (on: Lane, length: number, expected: number): void => {
    if (length !== expected) load.faults.push(`a frame of ${length} bytes arrived`)
    load.times?.push(performance.now() - on.sent[on.tail % ring]!)
    on.tail++
    load.trips += 0.5
  }
  const upward: Lane[] = []
  const downward: Lane[] = []
  for (const { client, upstream } of pairs) {
    const there = lane(() => client.socket.write(up.wire))
    const back = lane(() => upstream.socket.write(down.wire))
    upstream.onText = (length) => arrived(there, length, up.payload.length)
    client.onText = (length) => arrived(back, length, down.payload.length)
    client.onLost = (reason) => load.faults.push(reason)
    upward.push(there)
    downward.push(back)
  }

  // Half a period lies between the two directions of a session, else one would ride on the other's wake-up.
  const order = [...upward, ...downward]
  const start = performance.now()
  let next = 0
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - start) / periodMs * order.length)
    for (; next < due; next++) {
      const lane = order[next % order.length]!
      if (lane.head - lane.tail >= ring) load.faults.push('frames pile up')
      lane.sent[lane.head++ % ring] = performance.now()
      lane.send()
    }
  }, 1)

  const slice = await meter(load, pids, options)
  clearInterval(timer)
  await settle(load, () => order.every(({ head, tail }) => head === tail))
  return slice
}
