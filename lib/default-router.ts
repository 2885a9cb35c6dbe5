import { performance } from 'node:perf_hooks'
import { createMemoryCooldowns } from './router/cooldown.ts'
import { createRouter as createPureRouter } from './router/router.ts'
import type { RouterTools } from './router/router.ts'
import type { Deployment, Router, RoutingOptions } from '../types/index.ts'

/**
 * The built-in router on this process's clocks, for a host that builds its own router around it.
 * @param tools replaces single ones, for tests or to share `cooldowns` among several nodes
 */
export function createRouter (deployments: readonly Deployment[], routing: RoutingOptions = {}, tools: Partial<RouterTools> = {}): Router {
  return createPureRouter(deployments, routing, {
    random: Math.random,
    now: () => performance.now(),
    time: Date.now,
    ...tools,
    cooldowns: tools.cooldowns ?? createMemoryCooldowns()
  })
}
