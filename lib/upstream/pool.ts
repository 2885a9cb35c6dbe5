import { setMaxListeners } from 'node:events'
import type { Duplex } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import type { Slots } from './capacity.ts'
import { encodeFrame, opcodes } from '../wire/frame.ts'
import { MessageReader } from '../wire/reader.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { ReadyUpstream } from './dial.ts'
import type { Probe } from './probe.ts'
import type { Deployment } from '../../types/index.ts'

/** A warm socket, and the slot on its deployment that goes with it. */
export interface WarmUpstream {
  readonly upstream: ReadyUpstream
  readonly release: () => void
}

/** Upstream sockets that were dialled ahead of need and have sent their first event. */
export interface WarmPool {
  /** Begins to dial. */
  start (): void
  /** A socket of `deployment` that is alive, never handed out before; `undefined` when none waits. */
  take (deployment: Deployment): WarmUpstream | undefined
  /** Closes a waiting socket of `deployment`, so that its slot is free. `false`: none waits. */
  evict (deployment: Deployment): boolean
  /** Closes all that wait and dials no more. */
  close (): void
}

export interface WarmPoolOptions {
  /** Those with `warm` are kept warm; a wildcard cannot be. */
  readonly deployments: readonly Deployment[]
  readonly dial: Probe
  readonly slots: Slots
  readonly limits: ReaderLimits
}

const defaultMaxIdleMs = 20_000
const renewAt = 0.75

// After a refusal, and after the loss of a socket, the pool waits, longer each time and never shorter than the upstream said: it must
// not be what keeps a provider's rate limit full.
const firstBackOffMs = 1_000
const longestBackOffMs = 60_000

// How often it looks for a slot while the deployment is full. A session's end is what makes room, and nobody tells.
const fullMs = 1_000

// What an upstream may say while it waits: its first events and a heartbeat now and then.
const maxHeadBytes = 256 * 1024

interface Waiting extends WarmUpstream {
  readonly socket: Duplex
  /** Bytes that came so far; a session reads them again from the first. */
  readonly chunks: Buffer[]
  readonly stop: () => void
}

export function createWarmPool ({ deployments, dial, slots, limits }: WarmPoolOptions): WarmPool {
  const closing = new AbortController()
  // As many listen as are dialled at a time, which is no leak.
  setMaxListeners(0, closing.signal)
  const shelves = new Map(deployments.filter(({ warm, model }) => warm !== undefined && warm.size > 0 && !model.includes('*')).map(deployment =>
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
    shelf.dialling++
    dial(deployment, closing.signal).then(({ ready, refusal }) => {
      shelf.dialling--
      if (ready === undefined || closing.signal.aborted) {
        ready?.socket.destroy()
        release()
        backOff(shelf, refusal?.retryAfterMs)
        return
      }
      keep(shelf, ready, release)
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

  /** Reads on while the socket waits, so that its pings are answered and its end is seen. */
  function keep (shelf: Shelf, { socket, head, secret }: ReadyUpstream, release: () => void): void {
    const chunks: Buffer[] = []
    let bytes = 0
    const drop = (): boolean => {
      const at = shelf.waiting.indexOf(entry)
      if (at === -1) return false
      shelf.waiting.splice(at, 1)
      discard(entry)
      return true
    }
    const replace = (): void => { if (drop()) fill(shelf) }
    // An upstream that answers and then hangs up would be dialled in circles.
    const lose = (): void => { if (drop()) backOff(shelf) }
    const reader = new MessageReader(false, limits, {
      inspects: false,
      judge: () => undefined,
      take: () => {},
      forward: () => {},
      control: (opcode, payload) => {
        if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, payload, true))
        else if (opcode === opcodes.close) lose()
      },
      fail: lose
    })
    const read = (chunk: Buffer): void => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > maxHeadBytes) lose()
      else reader.push(chunk)
    }
    const maxIdleMs = shelf.deployment.warm!.maxIdleMs ?? defaultMaxIdleMs
    // A fresh one is dialled before this one is too old, so that the shelf does not run empty in between.
    const renewal = setTimeout(() => {
      shelf.backOffMs = 0
      if (shelf.timer === undefined) add(shelf, replace)
    }, maxIdleMs * renewAt).unref()
    const end = setTimeout(replace, maxIdleMs).unref()
    const entry: Waiting = {
      socket,
      chunks,
      release,
      get upstream () {
        return { socket, head: Buffer.concat(chunks), secret }
      },
      stop () {
        clearTimeout(renewal)
        clearTimeout(end)
        reader.stop()
        socket.pause()
        socket.off('data', read).off('end', lose).off('close', lose)
      }
    }
    shelf.waiting.push(entry)
    socket.on('end', lose).on('close', lose)
    if (head.length > 0) read(head)
    if (shelf.waiting.includes(entry)) socket.on('data', read).resume()
  }

  return {
    start () {
      for (const shelf of shelves.values()) fill(shelf)
    },
    take (deployment) {
      const shelf = shelves.get(deployment.id)
      // A router of the host's may name a deployment of its own making, with another target or credential.
      if (shelf === undefined || !isDeepStrictEqual(shelf.deployment, deployment)) return undefined
      // The oldest first: the others have longer to live.
      const entry = shelf.waiting.shift()
      if (entry === undefined) return undefined
      entry.stop()
      shelf.backOffMs = 0
      const { upstream, release } = entry
      queueMicrotask(() => fill(shelf))
      return { upstream, release }
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

function discard (entry: Waiting): void {
  entry.stop()
  entry.socket.destroy()
  entry.release()
}
