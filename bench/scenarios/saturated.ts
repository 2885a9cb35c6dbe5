import { appendFrame, deltaFrame } from '../frames.ts'
import type { Pair } from '../session.ts'
import { meter, settle, type Load } from './meter.ts'
import type { Slice, SliceOptions } from './slice.ts'

/**
 * Every session sends a frame, the upstream answers each with one, and the answer brings the next frame: one
 * frame in flight a session, so no two of them can share a read or a write.
 */
export async function saturated (pairs: readonly Pair[], pids: readonly number[], options: SliceOptions): Promise<Slice> {
  const up = appendFrame()
  const down = deltaFrame()
  const load: Load = { trips: 0, times: undefined, faults: [] }
  let running = true
  let underWay = pairs.length

  for (const { client, upstream } of pairs) {
    let sent = performance.now()
    upstream.onText = (length) => {
      if (length !== up.payload.length) load.faults.push(`upstream got ${length} bytes`)
      upstream.socket.write(down.wire)
    }
    client.onText = (length) => {
      if (length !== down.payload.length) load.faults.push(`client got ${length} bytes`)
      const now = performance.now()
      load.trips++
      load.times?.push(now - sent)
      sent = now
      if (running) client.socket.write(up.wire)
      else underWay--
    }
    client.onLost = (reason) => load.faults.push(reason)
    client.socket.write(up.wire)
  }

  const slice = await meter(load, pids, options)
  running = false
  await settle(load, () => underWay === 0)
  return slice
}
