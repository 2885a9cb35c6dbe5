import type { ReadyUpstream } from './dial.ts'
import type { Deployment, RouteOutcome, UpstreamRefusal } from '../../types/index.ts'

export interface ProbeOptions {
  /** A wildcard names no model and is not probed. */
  readonly deployments: readonly Deployment[]
  /** Mean time between two probes of one deployment, in milliseconds. */
  readonly intervalMs: number
  /** Dials as a session would; never rejects. */
  readonly dial: (deployment: Deployment, signal: AbortSignal) => Promise<{ readonly ready?: ReadyUpstream, readonly refusal?: UpstreamRefusal }>
  readonly report: (outcome: RouteOutcome) => void
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A number in [0, 1). */
  readonly random: () => number
}

/**
 * Dials each deployment now and then up to its first event, so that the router knows of a failure before a client does.
 * @returns stops probing
 */
export function startProbes ({ deployments, intervalMs, dial, report, now, random }: ProbeOptions): () => void {
  const stopped = new AbortController()
  for (const deployment of deployments.filter(({ model }) => !model.includes('*'))) void probe(deployment)
  return () => stopped.abort()

  async function probe (deployment: Deployment): Promise<void> {
    const { signal } = stopped
    // Spread over the interval, so that many nodes and deployments do not knock all at once.
    while (await slept(intervalMs * (0.5 + random()), signal)) {
      const startedAt = now()
      report({ type: 'dial', deployment, probe: true })
      const { ready, refusal } = await dial(deployment, signal)
      ready?.socket.destroy()
      const ms = now() - startedAt
      if (signal.aborted) report({ type: 'dropped', deployment })
      else if (ready !== undefined) report({ type: 'ready', deployment, ms, probe: true })
      else report({ type: 'refused', deployment, ms, refusal: refusal ?? { kind: 'fault' }, probe: true })
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
