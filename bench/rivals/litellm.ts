import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { family, freePort, launch, stop } from '../process.ts'
import type { Subject } from '../subjects/subject.ts'

const key = 'sk-bench-key-0000000001'
// It loads some thousand modules.
const startUpTimeout = 120_000

/** LiteLLM's proxy from a virtual environment, with one model, its master key and no database. */
export function litellm (environment: string | undefined): Subject {
  const command = environment === undefined ? '' : join(environment, 'bin', 'litellm')
  return {
    name: 'litellm',
    label: 'LiteLLM proxy',
    missing: async () => existsSync(command) ? undefined : 'no virtual environment with litellm[proxy] was named by --litellm',
    async start (route) {
      const port = await freePort()
      const file = join(route.directory, 'litellm.yaml')
      await writeFile(file, `model_list:
  - model_name: bench
    litellm_params: { model: openai/bench, api_key: sk-upstream-bench, api_base: "${route.url.replace(/^ws/, 'http')}/v1" }
general_settings: { master_key: ${key} }
litellm_settings: { telemetry: false }
`)
      const child = launch(route.core, command, ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'],
        { stdio: ['ignore', 'pipe', 'pipe'], cwd: route.directory, env: { ...process.env, LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_TELEMETRY: 'False' } })
      let said = ''
      for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-2_000) })
      const deadline = performance.now() + startUpTimeout
      while (!await alive(port)) {
        if (child.exitCode !== null || performance.now() > deadline) {
          await stop(child)
          throw new Error(`litellm does not listen: ${said}`)
        }
        await delay(200)
      }
      return {
        url: `ws://127.0.0.1:${port}/v1/realtime?model=bench`,
        headers: { Authorization: `Bearer ${key}` },
        pids: () => family(child.pid!),
        collect: async () => {},
        async stop () {
          if (child.exitCode !== null) return
          const gone = once(child, 'exit')
          await stop(child)
          await gone
        }
      }
    }
  }
}

async function alive (port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/health/liveliness`).then(({ ok }) => ok, () => false)
}
