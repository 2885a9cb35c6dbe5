import { startNode } from './node.ts'
import type { Subject } from './subject.ts'

/** No rival but the floor: what Node itself takes to move the bytes. */
export const tunnel: Subject = {
  name: 'tunnel',
  label: 'byte tunnel in Node',
  missing: async () => undefined,
  start: (route) => startNode(route, { file: 'tunnel.mjs' })
}
