import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { family, launch, stop } from '../process.ts'
import type { Route, Running } from './subject.ts'

const startUpTimeout = 5_000

/** Starts a proxy that is an installed program and waits until it listens. */
export async function startProgram (route: Route, port: number, command: string, args: readonly string[]): Promise<Running> {
  const child = launch(route.core, command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-2_000) })
  const deadline = performance.now() + startUpTimeout
  while (!await listens(port)) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop(child)
      throw new Error(`${command} does not listen: ${said}`)
    }
    await delay(20)
  }
  return {
    url: `ws://127.0.0.1:${port}/`,
    headers: {},
    pids: () => family(child.pid!),
    collect: async () => {},
    stop: () => stop(child)
  }
}

async function listens (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
