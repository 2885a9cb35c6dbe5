import { setMaxListeners } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { purposeOf } from '../catalogue.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { Deployment, Lease } from '../../types/index.ts'
import type { Slots } from './capacity.ts'
import { modelOf } from './deployment.ts'
import type { ReadyUpstream } from './dial.ts'
import { ParkedSocket } from './parked.ts'
import type { Probe } from './probe.ts'

/** Upstream sockets that were dialled ahead of need and have sent their first event. */
export interface WarmPool {
  /** Begins to dial. */
  start (): void
  /**
   * A socket of `deployment` that is alive, never handed out before; `undefined` when none waits.
   * @param lease takes the socket and its slot
   */
  take (deployment: Deployment, lease: Lease): ReadyUpstream | undefined
  /** Closes a waiting socket of `deployment`, so that its slot is free. `false`: none waits. */
  evict (deployment: Deployment): boolean
  /** Closes all that wait and dials no more. */
  close (): void
}

interface WarmPoolOptions {
  /** Those with `warm` get warm sockets, unless they are a wildcard or serve other sessions than voice. */
  readonly deployments: readonly Deployment[]
  readonly dial: Probe
  readonly slots: Slots
  readonly limits: ReaderLimits
  /** Makes the lease of one socket that waits. */
  readonly lease: () => Lease
}

const defaultMaxIdleMs = 20_000
const renewAt = 0.75

// After a refusal, or when a waiting socket is lost, the pool waits before it dials again: longer each time, and at least as long as the
// upstream said. Otherwise the pool itself could use up a provider's rate limit.
const firstBackOffMs = 1_000
const longestBackOffMs = 60_000

// How often it looks for a slot while the deployment is full: the pool is not told when a session ends.
const fullMs = 1_000

// What an upstream may send while its socket waits: its first events and a heartbeat now and then.
const maxHeadBytes = 256 * 1024

interface Waiting {
  /** Takes it out of the pool: from now on it is not renewed. */
  take (): ReadyUpstream
  /** Holds the socket and its slot. */
  readonly lease: Lease
}

export function createWarmPool ({ deployments, dial, slots, limits, lease: createLease }: WarmPoolOptions): WarmPool {
  const closing = new AbortController()
  // Each dial listens on this signal: Node would warn of a leak at eleven.
  setMaxListeners(0, closing.signal)
  const shelves = new Map(deployments.filter(isKept).map(deployment =>
    [deployment.id, { deployment, waiting: [] as Waiting[], dialling: 0, backOffMs: 0, timer: undefined as NodeJS.Timeout | undefined }]))
  type Shelf = NonNullable<ReturnType<typeof shelves.get>>

  function fill (shelf: Shelf): void {
    while (!closing.signal.aborted && shelf.timer === undefined && shelf.waiting.length + shelf.dialling < shelf.deployment.warm!.size) {
      if (!add(shelf)) return wait(shelf, fullMs)
    }
  }

  /** Dials one more. `false`: there is no slot for it. */
  function add (shelf: Shelf, added?: () => void): boolean {
    const { deployment } = shelf
    const release = slots.take(deployment)
    if (release === undefined) return false
    const lease = createLease()
    lease.defer(release)
    shelf.dialling++
    dial(deployment, lease, closing.signal).then(({ ready, refusal }) => {
      shelf.dialling--
      if (ready === undefined || closing.signal.aborted) {
        lease.release()
        backOff(shelf, refusal?.retryAfterMs)
        return
      }
      keep(shelf, ready, lease)
      added?.()
      fill(shelf)
    })
    return true
  }

  function backOff (shelf: Shelf, atLeastMs = 0): void {
    if (shelf.timer !== undefined) return
    shelf.backOffMs = Math.min(longestBackOffMs, shelf.backOffMs * 2 || firstBackOffMs)
    wait(shelf, Math.max(shelf.backOffMs, atLeastMs))
  }

  function wait (shelf: Shelf, ms: number): void {
    if (shelf.timer !== undefined || closing.signal.aborted) return
    shelf.timer = setTimeout(() => {
      shelf.timer = undefined
      fill(shelf)
    }, ms)
    shelf.timer.unref()
  }

  /** Parks a socket on its shelf until it is taken, lost, or too old. */
  function keep (shelf: Shelf, { socket, head, secret }: ReadyUpstream, lease: Lease): void {
    const drop = (): boolean => {
      const at = shelf.waiting.indexOf(entry)
      if (at === -1) return false
      discard(shelf.waiting.splice(at, 1)[0]!)
      return true
    }
    const replace = (): void => { if (drop()) fill(shelf) }
    // Without a wait, an upstream that answers and then hangs up would be dialled for ever.
    const lose = (): void => { if (drop()) backOff(shelf) }
    const parked = new ParkedSocket(socket, maxHeadBytes, limits, { ended: lose, failed: lose })
    const maxIdleMs = shelf.deployment.warm!.maxIdleMs ?? defaultMaxIdleMs
    // A fresh one is dialled before this one is too old, so that the pool is not empty in between.
    const renewal = setTimeout(() => {
      shelf.backOffMs = 0
      if (shelf.timer === undefined) add(shelf, replace)
    }, maxIdleMs * renewAt).unref()
    const end = setTimeout(replace, maxIdleMs).unref()
    const entry: Waiting = {
      lease,
      take () {
        clearTimeout(renewal)
        clearTimeout(end)
        return { ...parked.take(), secret }
      }
    }
    shelf.waiting.push(entry)
    parked.start(head)
  }

  return {
    start () {
      for (const shelf of shelves.values()) fill(shelf)
    },
    take (deployment, lease) {
      const shelf = shelves.get(deployment.id)
      // A router of the host's may name a deployment of its own making, with another target or credential.
      if (shelf === undefined || !isDeepStrictEqual(shelf.deployment, deployment)) return undefined
      // The oldest first: the others have longer to live.
      const entry = shelf.waiting.shift()
      if (entry === undefined) return undefined
      lease.defer(() => entry.lease.release())
      shelf.backOffMs = 0
      queueMicrotask(() => fill(shelf))
      return entry.take()
    },
    evict ({ id }) {
      const shelf = shelves.get(id)
      const entry = shelf?.waiting.shift()
      if (shelf === undefined || entry === undefined) return false
      discard(entry)
      wait(shelf, fullMs)
      return true
    },
    close () {
      closing.abort()
      for (const shelf of shelves.values()) {
        clearTimeout(shelf.timer)
        shelf.waiting.splice(0).forEach(discard)
      }
    }
  }
}

/** Whether sockets can be dialled ahead. Other sessions than voice have parameters that only the client knows. */
function isKept (deployment: Deployment): boolean {
  const { warm, model } = deployment
  return warm !== undefined && warm.size > 0 && !model.includes('*') && purposeOf(modelOf(deployment)) === 'realtime'
}

function discard (entry: Waiting): void {
  entry.take()
  entry.lease.release()
}
