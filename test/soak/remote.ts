import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { launch, residentBytes } from '../../bench/process.ts'
import type { HostState, Order, Report } from './gateway.ts'
import type { SessionNews } from './host.ts'

/** The gateway's process, seen from outside. */
export interface Remote {
  readonly port: number
  state (): Promise<HostState>
  drain (): Promise<void>
  /** Closes the app and waits for the process to end by itself; gives its exit code, or a signal where it did not. */
  end (): Promise<number | string>
  /** Resident memory in bytes. */
  rss (): number
  /** Open file descriptors; `undefined` where the system does not tell. */
  fds (): number | undefined
  /** Everything that the process wrote to stderr. */
  stderr (): string
  /** Its exit code once it is gone. */
  exited (): number | string | undefined
}

// Nothing that the process does may keep it from an answer for so long.
const answerTimeout = 15_000
const exitTimeout = 5_000

export async function startRemote (options: { upstreamPort: number, maxSessions: number }, tell: (news: SessionNews) => void): Promise<Remote> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = launch(undefined, process.execPath, ['--expose-gc', '--trace-warnings', '--import', 'tsx', fileURLToPath(new URL('gateway.ts', import.meta.url))],
    { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], env })
  let stderr = ''
  let exit: number | string | undefined
  child.stderr!.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
  child.on('exit', (code, signal) => { exit = code ?? signal ?? 'unknown' })
  child.on('message', (report: Report) => { if (report.type === 'news') tell(report.news) })

  function ask<T extends Report['type']> (order: Order, answer: T): Promise<Extract<Report, { type: T }>> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        child.off('message', hear).off('exit', fail)
      }
      const fail = (): void => {
        stop()
        reject(new Error(`the gateway's process gave no answer to "${order.type}" (${exit === undefined ? `within ${answerTimeout} ms` : `it ended with ${exit}`})\n${stderr}`))
      }
      const hear = (report: Report): void => {
        if (report.type !== answer) return
        stop()
        resolve(report as Extract<Report, { type: T }>)
      }
      const timer = setTimeout(fail, answerTimeout)
      child.on('message', hear).on('exit', fail)
      child.send(order)
    })
  }

  const { port } = await ask({ type: 'start', ...options }, 'started')
  return {
    port,
    state: async () => (await ask({ type: 'state' }, 'state')).state,
    async drain () { await ask({ type: 'drain' }, 'drained') },
    async end () {
      await ask({ type: 'close' }, 'closed')
      const timer = setTimeout(() => child.kill('SIGKILL'), exitTimeout)
      if (exit === undefined) await once(child, 'exit')
      clearTimeout(timer)
      return exit!
    },
    rss: () => residentBytes([child.pid!]),
    fds () {
      try {
        return readdirSync(`/proc/${child.pid}/fd`).length
      } catch {
        return undefined
      }
    },
    stderr: () => stderr,
    exited: () => exit
  }
}
