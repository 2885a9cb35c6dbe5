import { fileURLToPath } from 'node:url'
import { launch, stop } from '../process.ts'
import type { Route, Running } from './subject.ts'

interface NodeRelay {
  /** File in `bench/relays`. Plain JavaScript: nothing of a TypeScript loader may sit in the measured process. */
  readonly file: string
  readonly args?: readonly string[]
  /** Path and query that clients ask for. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Let `ws` use bufferutil where it is installed. Default: not, as nobody has it who did not ask for it. */
  readonly native?: boolean
}

/** Starts a relay that runs in Node, with nothing else than that in its process. */
export async function startNode (route: Route, relay: NodeRelay): Promise<Running> {
  const file = fileURLToPath(new URL(`../relays/${relay.file}`, import.meta.url))
  const { NODE_OPTIONS: _, ...env } = process.env
  if (relay.native !== true) env.WS_NO_BUFFER_UTIL = '1'
  if (route.caFile !== undefined) env.NODE_EXTRA_CA_CERTS = route.caFile
  const child = launch(route.core, process.execPath, ['--expose-gc', file, route.url, ...relay.args ?? []],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })
  const answer = (): Promise<Record<string, unknown>> => new Promise((resolve, reject) => {
    const failed = (code: number | null): void => reject(new Error(`${relay.file} ended with ${code}`))
    child.once('exit', failed)
    child.once('message', (message) => {
      child.off('exit', failed)
      resolve(message as Record<string, unknown>)
    })
  })
  const { port } = await answer()
  return {
    url: `ws://127.0.0.1:${Number(port)}${relay.path ?? '/'}`,
    headers: relay.headers ?? {},
    pids: () => [child.pid!],
    async collect () {
      const collected = answer()
      child.send({ collect: true })
      await collected
    },
    stop: () => stop(child)
  }
}
