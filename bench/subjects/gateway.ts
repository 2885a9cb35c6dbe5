import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

/** The library as compiled for the benchmark: out of the way of type checks, and where Node finds its dependencies. */
export const builtDirectory = fileURLToPath(new URL('../../node_modules/.cache/realtime-gateway-bench/', import.meta.url))

const entry = join(builtDirectory, 'lib', 'index.js')
const key = 'sk-bench-key-0000000001'

export const gateway: Subject = {
  name: 'gateway',
  label: 'fastify-realtime-gateway',
  missing: async () => existsSync(entry) ? undefined : 'the library is not compiled',
  start: (route) => startNode(route, {
    file: 'gateway.mjs',
    args: [key, entry],
    path: '/v1/realtime?model=bench',
    headers: { Authorization: `Bearer ${key}` }
  })
}
