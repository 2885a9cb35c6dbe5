import { deltaFrame } from '../frames.ts'
import type { Pair } from '../session.ts'
import { meter, settle, type Load } from './meter.ts'
import type { Slice, SliceOptions } from './slice.ts'

/** The upstream of every session sends audio, the next frame when the client has the last: one trip is one frame down. */
export async function downstream (pairs: readonly Pair[], pids: readonly number[], audioBytes: number, options: SliceOptions): Promise<Slice> {
  const down = deltaFrame(audioBytes)
  const load: Load = { trips: 0, times: undefined, faults: [] }
  let running = true
  let underWay = pairs.length
  for (const { client, upstream } of pairs) {
    client.onText = length => {
      if (length !== down.payload.length) load.faults.push(`client got ${length} bytes`)
      load.trips++
      if (running) upstream.socket.write(down.wire)
      else underWay--
    }
    client.onLost = reason => load.faults.push(reason)
    upstream.socket.write(down.wire)
  }
  const slice = await meter(load, pids, options)
  running = false
  await settle(load, () => underWay === 0)
  return slice
}
