import type { Deployment, DeploymentStatus, RouteOutcome } from '../../types/index.ts'
import type { Cooldown } from './cooldown.ts'
import { MovingMedian } from './moving-median.ts'
import { SlidingCount } from '../sliding-count.ts'

/** What is known of a deployment from its sessions so far. Strategies read it; only the router changes it. */
export class DeploymentState {
  readonly deployment: Deployment
  readonly cooldown: Cooldown
  /** Sessions and dials under way. */
  sessions = 0
  /** When it was last chosen first, as a number that grows by one with every choice. */
  chosenAt = 0
  readonly starts = new SlidingCount()
  readonly tokens = new SlidingCount()
  readonly dialMs = new MovingMedian()
  readonly firstAudioMs = new MovingMedian()
  /** Milliseconds until a user hears something: dial and first audio, as far as both are known. Read far more often than it changes. */
  latency: number | undefined

  constructor (deployment: Deployment, cooldown: Cooldown) {
    this.deployment = deployment
    this.cooldown = cooldown
  }

  /** @param now milliseconds on the router's clock */
  hear (outcome: RouteOutcome, now: number): void {
    switch (outcome.type) {
      case 'dial':
        this.sessions++
        if (!outcome.probe) this.starts.add(1, now)
        break
      case 'ready':
        // A warm socket says nothing of how long a dial takes.
        if (!outcome.warm) this.#timed(this.dialMs, outcome.ms)
        if (outcome.probe) this.sessions--
        break
      case 'refused':
      case 'dropped':
      case 'ended':
        this.sessions--
        break
      case 'first_audio':
        this.#timed(this.firstAudioMs, outcome.ms)
        break
      case 'turn':
        this.tokens.add(outcome.tokens, now)
        break
    }
  }

  #timed (median: MovingMedian, ms: number): void {
    median.add(ms)
    this.latency = (this.dialMs.value ?? 0) + (this.firstAudioMs.value ?? 0)
  }

  status (now: number): Omit<DeploymentStatus, 'state' | 'cooldownLeftMs' | 'cause'> {
    const { id, model, target } = this.deployment
    return {
      id,
      model,
      target,
      sessions: this.sessions,
      startsLastMinute: this.starts.total(now),
      tokensLastMinute: this.tokens.total(now),
      dialMs: this.dialMs.value,
      firstAudioMs: this.firstAudioMs.value
    }
  }
}
