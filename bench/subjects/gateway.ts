import { existsSync } from 'node:fs'
import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

const key = 'sk-bench-key-0000000001'

export const gateway: Subject = {
  name: 'gateway',
  label: 'fastify-realtime-gateway',
  missing: async () => existsSync(new URL('../../dist/lib/index.js', import.meta.url)) ? undefined : 'dist/lib/index.js is not built',
  start: (route) => startNode(route, {
    file: 'gateway.mjs',
    args: [key],
    path: '/v1/realtime?model=bench',
    headers: { Authorization: `Bearer ${key}` }
  })
}
