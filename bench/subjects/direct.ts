import type { Subject } from './subject.ts'

/** Nothing in between: what the load generator and the upstream cost by themselves. */
export const direct: Subject = {
  name: 'direct',
  label: 'direct',
  missing: async () => undefined,
  start: async (route) => ({
    url: `${route.url}/v1/realtime`,
    headers: {},
    pids: () => [],
    collect: async () => {},
    stop: async () => {}
  })
}
