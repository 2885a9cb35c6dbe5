// The program under test in a process of its own, told what to do and asked how it is over IPC.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startHost } from './host.ts'
import type { SessionNews } from './host.ts'

export type Order =
  | { readonly type: 'start', readonly upstreamPort: number, readonly maxSessions: number }
  | { readonly type: 'state' | 'drain' | 'close' }

/** What the process is asked for after a garbage collection. */
export interface HostState {
  readonly sessions: number
  readonly heapBytes: number
  /** Sockets, timers and the like that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Longest that an event had to wait since the state was last asked for, in milliseconds. */
  readonly lagMs: number
}

export type Report =
  | { readonly type: 'news', readonly news: SessionNews }
  | { readonly type: 'started', readonly port: number }
  | { readonly type: 'state', readonly state: HostState }
  | { readonly type: 'drained' | 'closed' }

let host: Awaited<ReturnType<typeof startHost>> | undefined
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

process.on('message', (order: Order) => {
  obey(order).then(report => process.send!(report), (error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function obey (order: Order): Promise<Report> {
  switch (order.type) {
    case 'start':
      host = await startHost({ ...order, tell: news => { process.send!({ type: 'news', news } satisfies Report) } })
      return { type: 'started', port: host.port }
    case 'state':
      return { type: 'state', state: stateOf() }
    case 'drain':
      await host!.realtime.drain()
      return { type: 'drained' }
    case 'close':
      await host!.close()
      delay.disable()
      // From here on nothing may keep the process: it has to end by itself.
      setImmediate(() => process.disconnect())
      return { type: 'closed' }
  }
}

function stateOf (): HostState {
  const lagMs = delay.max / 1e6
  // A first collection finds what a second can free.
  for (let i = 0; i < 2; i++) (globalThis as { gc?: () => void }).gc?.()
  delay.reset()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  return { sessions: host!.realtime.sessions.size, heapBytes: process.memoryUsage().heapUsed, resources, lagMs }
}
