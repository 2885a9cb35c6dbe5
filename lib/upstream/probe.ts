import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { purposeOf } from '../catalogue.ts'
import type { Deployment, Lease, RouteOutcome, UpstreamRefusal } from '../../types/index.ts'
import { dialDeployment } from './attempt.ts'
import type { AttemptTools } from './attempt.ts'
import type { Slots } from './capacity.ts'
import { modelOf } from './deployment.ts'
import type { ReadyUpstream } from './dial.ts'
import { ownFault } from './own-fault.ts'

/**
 * Dials a deployment without a client, and tells the router what came of it. Never rejects. Where it was aborted, there is neither `ready` nor
 * `refusal`. `lease` takes the socket that is ready.
 */
export type Probe = (deployment: Deployment, lease: Lease, signal: AbortSignal) => Promise<{ readonly ready?: ReadyUpstream, readonly refusal?: UpstreamRefusal }>

export function createProbe (tools: AttemptTools, report: (outcome: RouteOutcome, cause?: unknown) => void): Probe {
  return async (deployment, lease, signal) => {
    const startedAt = tools.now()
    report({ type: 'dial', deployment, probe: true })
    // What a client without parameters of its own would send, credential included.
    const kind = purposeOf(modelOf(deployment))
    const query = new URLSearchParams(kind === 'transcription' ? { intent: 'transcription' } : {})
    const { ready, refusal = { kind: 'fault' }, cause } = await dialDeployment(deployment, { kind, query }, tools, lease, signal)
    const ms = tools.now() - startedAt
    if (signal.aborted) {
      report({ type: 'dropped', deployment })
      return {}
    }
    if (ready !== undefined) {
      report({ type: 'ready', deployment, ms, probe: true })
      return { ready }
    }
    if (refusal.kind === 'fault' && ownFault(cause) !== undefined) {
      report({ type: 'dropped', deployment })
      return { refusal }
    }
    report({ type: 'refused', deployment, ms, refusal, probe: true }, cause)
    return { refusal }
  }
}

interface ProbingTools {
  readonly slots: Slots
  readonly probe: Probe
  /** Makes the lease of one probe. */
  readonly lease: () => Lease
  /** A number in [0, 1). */
  readonly random?: () => number
}

/**
 * Probes each deployment now and then, so that the router knows of a failure before a client does. A wildcard names no model and is
 * not probed, and one without a free slot answers well enough.
 * @param intervalMs mean time between two probes of one deployment
 * @returns stops probing
 */
export function startProbing (deployments: readonly Deployment[], intervalMs: number, { slots, probe, lease: createLease, random = Math.random }: ProbingTools): () => void {
  const stopped = new AbortController()
  const { signal } = stopped
  // One or two listeners for each deployment: Node would warn of a leak at eleven.
  setMaxListeners(0, signal)
  for (const deployment of deployments.filter(({ model }) => !model.includes('*'))) keepProbing(deployment)
  return () => stopped.abort()

  async function keepProbing (deployment: Deployment): Promise<void> {
    // Spread over the interval, so that many nodes and deployments do not knock all at once.
    while (await sleep(intervalMs * (0.5 + random()), true, { signal, ref: false }).catch(() => false)) {
      const release = slots.take(deployment)
      if (release === undefined) continue
      const lease = createLease()
      lease.defer(release)
      await probe(deployment, lease, signal)
      lease.release()
    }
  }
}
