import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

export const parseStringify: Subject = {
  name: 'parse-stringify',
  label: 'parse and stringify relay',
  missing: async () => undefined,
  start: (route) => startNode(route, { file: 'ws.mjs', args: ['parse'] })
}
