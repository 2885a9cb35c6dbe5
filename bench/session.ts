import type { Certificate } from './certificate.ts'
import { openClient, type ClientLink, type Target } from './client.ts'
import { bindFrame } from './frames.ts'
import type { Upstream, UpstreamLink } from './upstream.ts'

/** Both ends of one session, in one process: one clock for both, and no talk between processes. */
export interface Pair {
  readonly client: ClientLink
  readonly upstream: UpstreamLink
}

export interface World {
  readonly upstream: Upstream
  readonly target: Target
  readonly certificate?: Certificate | undefined
}

let nextId = 0
// Sessions opened at a time: enough to keep both cores busy, few enough for every listen queue.
const openingAtOnce = 50

export async function openPair (world: World): Promise<Pair> {
  const client = await openClient(world.target, world.certificate)
  const id = nextId++
  const bound = world.upstream.bound(id)
  client.socket.write(bindFrame(id).wire)
  return { client, upstream: await bound }
}

export async function openPairs (world: World, count: number): Promise<Pair[]> {
  const pairs: Pair[] = []
  let started = 0
  const worker = async (): Promise<void> => {
    while (started < count) {
      started++
      pairs.push(await openPair(world))
    }
  }
  await Promise.all(Array.from({ length: Math.min(openingAtOnce, count) }, worker))
  return pairs
}

/** Closes all sessions and tells what went wrong at the upstream meanwhile. */
export async function closePairs (world: World, pairs: readonly Pair[]): Promise<void> {
  const faults = world.upstream.takeFaults()
  await Promise.all(pairs.map(({ client }) => client.close()))
  world.upstream.takeFaults()
  if (faults.length > 0) throw new Error(`${faults.length} faults at the upstream, the first: ${faults[0]}`)
}
