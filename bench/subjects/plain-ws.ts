import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

export const plainWs: Subject = {
  name: 'plain-ws',
  label: 'plain ws relay',
  missing: async () => undefined,
  start: (route) => startNode(route, { file: 'ws.mjs', args: ['plain'] })
}
