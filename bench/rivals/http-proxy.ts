import { startNode } from '../subjects/node.ts'
import type { Subject } from '../subjects/subject.ts'

export const httpProxy: Subject = {
  name: 'http-proxy',
  label: '@fastify/http-proxy',
  missing: async () => undefined,
  start: (route) => startNode(route, { file: 'http-proxy.mjs' })
}
