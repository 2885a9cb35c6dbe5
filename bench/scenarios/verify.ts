import { appendFrame, deltaFrame } from '../frames.ts'
import { closePairs, openPair, type World } from '../session.ts'
import type { FrameReader } from '../wire.ts'

const patience = 5_000

/** Sends one frame each way and compares every byte: the timed runs only count and measure lengths. */
export async function verify (world: World): Promise<void> {
  const pair = await openPair(world)
  const up = appendFrame()
  const down = deltaFrame()
  const arrivals = Promise.all([
    arrival(pair.upstream.reader, up.payload, 'upstream'),
    arrival(pair.client.reader, down.payload, 'client')
  ])
  pair.client.socket.write(up.wire)
  pair.upstream.socket.write(down.wire)
  await arrivals
  await closePairs(world, [pair])
}

function arrival (reader: FrameReader, expected: Buffer, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing arrived at the ${where}`)), patience)
    reader.take((payload) => {
      clearTimeout(timer)
      if (payload.equals(expected)) resolve()
      else reject(new Error(`other bytes arrived at the ${where}`))
    })
  })
}
