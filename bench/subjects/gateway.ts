import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

/** This very checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

const key = 'sk-bench-key-0000000001'

/** The library of a checkout as compiled for the benchmark: out of the way of type checks, and where Node finds its dependencies. */
function builtDirectory (checkout: string): string {
  return join(checkout, 'node_modules', '.cache', 'realtime-gateway-bench')
}

/** What is measured is what is shipped: compiled JavaScript. It goes to a folder of its own, so that a build during the run does no harm. */
export function build (checkout: string = root): void {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(checkout, 'tsconfig.json'), '--outDir', builtDirectory(checkout)], { stdio: 'inherit', cwd: checkout })
}

function gatewayOf (checkout: string, name: string, label: string): Subject {
  const entry = join(builtDirectory(checkout), 'lib', 'index.js')
  return {
    name,
    label,
    missing: async () => existsSync(entry) ? undefined : 'the library is not compiled',
    start: (route) => startNode(route, {
      file: 'gateway.mjs',
      args: [key, entry],
      path: '/v1/realtime?model=bench',
      headers: { Authorization: `Bearer ${key}` }
    })
  }
}

export const gateway = gatewayOf(root, 'gateway', 'fastify-realtime-gateway')

/** The library of another checkout, which must have its dependencies installed. */
export function gatewayBefore (checkout: string): Subject {
  return gatewayOf(checkout, 'before', 'the same, before')
}
