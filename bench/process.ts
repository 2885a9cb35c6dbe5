import { execFile, execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { promisify } from 'node:util'

const ticksPerSecond = 100

/** Processor time of some processes, user and system, all threads. */
export interface Usage {
  readonly cpuNanos: number
  /** Time in which a thread could have run and something else had the processor. 0 where the system does not tell. */
  readonly waitNanos: number
}

export function usage (pids: readonly number[]): Usage {
  const each = pids.map(usageOf)
  return {
    cpuNanos: each.reduce((sum, { cpuNanos }) => sum + cpuNanos, 0),
    waitNanos: each.reduce((sum, { waitNanos }) => sum + waitNanos, 0)
  }
}

function usageOf (pid: number): Usage {
  try {
    // The scheduler's own account of every thread; utime and stime below are the same sum, but in 10 ms steps.
    const threads = readdirSync(`/proc/${pid}/task`)
      .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number))
    return {
      cpuNanos: threads.reduce((sum, [cpu]) => sum + cpu!, 0),
      waitNanos: threads.reduce((sum, [, wait]) => sum + wait!, 0)
    }
  } catch {
    const fields = afterName(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return { cpuNanos: (Number(fields[11]) + Number(fields[12])) * 1e9 / ticksPerSecond, waitNanos: 0 }
  }
}

// The second field is the program's name in parentheses and may hold spaces.
function afterName (stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Resident bytes of the processes. */
export function residentBytes (pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return sum + Number(kib) * 1024
  }, 0)
}

/** The process and its children. */
export function family (pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      return Number(afterName(readFileSync(`/proc/${name}/stat`, 'utf8'))[1]) === pid
    } catch {
      return false
    }
  })
  return [pid, ...children.map(Number)]
}

export interface Cores {
  readonly subject: number
  readonly load: number
}

/** Two of the processors that this process may use, or a reason why nothing can be pinned. */
export function chooseCores (): Cores | string {
  if (process.platform !== 'linux') return 'processors are pinned on Linux only'
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' })
  } catch {
    return 'taskset is not installed'
  }
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const allowed = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
  })
  if (allowed.length < 2) return 'there is only one processor'
  return { subject: allowed[0]!, load: allowed[1]! }
}

export function pinSelf (core: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)], { stdio: 'ignore' })
}

const children = new Set<ChildProcess>()
process.on('exit', () => { for (const child of children) child.kill() })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Starts a program, on one processor when `core` is given. It ends with this process at the latest. */
export function launch (core: number | undefined, command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = core === undefined
    ? spawn(command, args, options)
    : spawn('taskset', ['-c', String(core), command, ...args], options)
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** First line that a program prints about its version, `undefined` where it is missing. */
export async function versionOf (command: string, flag: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [flag])
    return (stdout + stderr).split('\n')[0]
  } catch {
    return undefined
  }
}

/** A port nobody listens on at the moment, for programs that cannot report the one they got. */
export async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function stop (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const cut = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await gone
  clearTimeout(cut)
}
