import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { DeploymentOptions, RealtimeGatewayOptions } from '../../types/index.ts'
import { builtPackage } from '../fixtures/built-package.ts'
import { startProgram } from '../fixtures/program.ts'
import type { Program } from '../fixtures/program.ts'

export const key = 'sk-process-key-0001'

interface Served extends Program {
  readonly port: number
}

/** Starts a program of the folder; `through` is what it is started by: `['ip', 'netns', 'exec', 'name']`. */
export async function start (t: Test, name: 'host' | 'provider', args: readonly string[] = [], { through = [], env = {} }: { through?: readonly string[], env?: Record<string, string> } = {}): Promise<Served> {
  const [command, ...rest] = [...through, process.execPath, programAt(name), ...args]
  const program = startProgram(t, command!, rest, { env: { ...process.env, ...env } })
  const [, port] = await program.printed(/^port (\d+)$/m)
  return { ...program, port: Number(port) }
}

export function programAt (name: string): string {
  return join(import.meta.dirname, 'programs', `${name}.mjs`)
}

export function deploymentOf ({ port }: { port: number }, host = '127.0.0.1'): DeploymentOptions {
  return { model: 'voice', target: 'openai/gpt-test', apiKey: 'sk-provider-0001', baseUrl: `http://${host}:${port}/v1` }
}

/** What starts a gateway with these options: the arguments of the program `host`. */
export async function hostArgs (options: RealtimeGatewayOptions): Promise<string[]> {
  return [join(await builtPackage(), 'dist', 'lib', 'index.js'), JSON.stringify({ keys: [{ key }], ...options })]
}

interface State {
  readonly sessions: number
  readonly deployments: ReadonlyArray<{ readonly id: string, readonly state: string }>
  /** The wall clock of the gateway's process, in milliseconds. */
  readonly time: number
}

export async function stateOf ({ port }: { port: number }): Promise<State> {
  return await (await fetch(`http://127.0.0.1:${port}/state`)).json() as State
}

/** Looks every 50 ms until `test` holds of what a gateway tells. Its process has no other way to say it. */
export async function untilState (gateway: { port: number }, test: (state: State) => boolean): Promise<State> {
  for (;;) {
    const state = await stateOf(gateway)
    if (test(state)) return state
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
}

/** Why a test that needs these commands cannot run, for all to read; `false`: it can. */
export function lacking (title: string, commands: readonly string[], { root = false } = {}): string | false {
  const missing = commands.filter(command => !runs('sh', ['-c', `command -v ${command}`]))
  const reason = process.platform !== 'linux' ? 'it takes Linux' : missing.length > 0 ? `it takes ${missing.join(', ')}` : root && process.getuid?.() !== 0 ? 'it takes root' : false
  if (reason !== false) console.error(skipNote(title, reason))
  return reason
}

/** `.ci/run` shows lines of this form. */
export function skipNote (title: string, reason: string): string {
  return `note: skipped: ${title}: ${reason}`
}

/** Whether a command ends well. */
export function runs (command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
