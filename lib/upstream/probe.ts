import { setMaxListeners } from 'node:events'
import type { Slots } from './capacity.ts'
import type { ReadyUpstream } from './dial.ts'
import { dialDeployment, modelOf } from './connect.ts'
import type { ConnectTools } from './connect.ts'
import type { Deployment, RouteOutcome, UpstreamRefusal } from '../../types/index.ts'

/** Dials a deployment without a client, and tells the router what came of it. Never rejects; neither is there when it was aborted. */
export type Probe = (deployment: Deployment, signal: AbortSignal) => Promise<{ readonly ready?: ReadyUpstream, readonly refusal?: UpstreamRefusal }>

export function createProbe (tools: Omit<ConnectTools, 'pool'>, report: (outcome: RouteOutcome, cause?: unknown) => void): Probe {
  return async (deployment, signal) => {
    const startedAt = tools.now()
    report({ type: 'dial', deployment, probe: true })
    // What a client without parameters of its own would send, credential included.
    const { ready, refusal = { kind: 'fault' }, cause } = await dialDeployment(deployment, { model: modelOf(deployment), query: new URLSearchParams() }, tools, signal)
    const ms = tools.now() - startedAt
    if (signal.aborted) {
      ready?.socket.destroy()
      report({ type: 'dropped', deployment })
      return {}
    }
    if (ready !== undefined) {
      report({ type: 'ready', deployment, ms, probe: true })
      return { ready }
    }
    report({ type: 'refused', deployment, ms, refusal, probe: true }, cause)
    return { refusal }
  }
}

/**
 * Probes each deployment now and then, so that the router knows of a failure before a client does. A wildcard names no model and is
 * not probed, and one without a free slot answers well enough.
 * @param intervalMs mean time between two probes of one deployment
 * @param random a number in [0, 1)
 * @returns stops probing
 */
export function startProbing (deployments: readonly Deployment[], intervalMs: number, slots: Slots, probe: Probe, random: () => number = Math.random): () => void {
  const stopped = new AbortController()
  const { signal } = stopped
  // One or two for each deployment, which is no leak.
  setMaxListeners(0, signal)
  for (const deployment of deployments.filter(({ model }) => !model.includes('*'))) keepProbing(deployment)
  return () => stopped.abort()

  async function keepProbing (deployment: Deployment): Promise<void> {
    // Spread over the interval, so that many nodes and deployments do not knock all at once.
    while (await slept(intervalMs * (0.5 + random()), signal)) {
      const release = slots.take(deployment)
      if (release === undefined) continue
      const { ready } = await probe(deployment, signal)
      ready?.socket.destroy()
      release()
    }
  }
}

/** Waits `ms`; `false` when it was aborted meanwhile. */
function slept (ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve(!signal.aborted)
    }
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener('abort', done)
  })
}
