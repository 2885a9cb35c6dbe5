import type { CooldownStore, DeploymentStatus, RouteOutcome } from '../../types/index.ts'

interface CooldownRules {
  readonly allowedFails: number
  readonly cooldownMs: number
  readonly credentialsCooldownMs: number
}

// A cooldown begins where more than half of at least ten outcomes in a minute are failures: failures in a row alone would overlook a
// deployment at which every other dial fails.
const rateWindowMs = 60_000
const rateMinimum = 10
const rateShare = 0.5

type Cause = NonNullable<DeploymentStatus['cause']>

/**
 * The circuit breaker of one deployment. Closed: it is dialled. Open: it is in cooldown and not dialled. Half-open: the cooldown is
 * over, and one dial may try; the next are let in when that one is ready.
 */
export class Cooldown {
  readonly #id: string
  readonly #rules: CooldownRules
  readonly #store: CooldownStore
  /** Failures in a row, of dials and of sessions apart: a deployment may answer every dial and lose every session. */
  #dials = 0
  #sessions = 0
  #windowStart = 0
  #outcomes = 0
  #failures = 0
  /** Whether the one dial after a cooldown is under way. */
  #trying = false
  #cause: Cause | undefined

  constructor (id: string, rules: CooldownRules, store: CooldownStore) {
    this.#id = id
    this.#rules = rules
    this.#store = store
  }

  get cause (): Cause | undefined {
    return this.#cause
  }

  /**
   * When its cooldown ends, in Unix milliseconds; 0 when it is in none.
   * @param time Unix time in milliseconds
   */
  cooldownUntil (time: number): number {
    const until = this.#store.until(this.#id)
    return until > time ? until : 0
  }

  get trying (): boolean {
    return this.#trying
  }

  /** @returns whether this outcome began a cooldown */
  hear (outcome: RouteOutcome, time: number): boolean {
    switch (outcome.type) {
      case 'dial':
        if (this.#store.until(this.#id) !== 0) this.#trying = true
        return false
      case 'dropped':
        this.#trying = false
        return false
      case 'ready':
        this.#trying = false
        this.#count(false, time)
        // A warm socket was dialled earlier, so it says nothing about dials now.
        if (outcome.warm) return false
        this.#dials = 0
        // A dial says nothing about lost sessions: a cooldown that they began lasts for its whole time.
        if (this.#store.until(this.#id) !== 0 && (this.#cause !== 'session' || this.cooldownUntil(time) === 0)) this.#store.clear(this.#id)
        return false
      case 'refused': {
        const { kind, retryAfterMs } = outcome.refusal
        // These say nothing about the deployment: a mistake of the client; sessions that its provider does not have; and, behind a wildcard, a
        // model name that the client has made up.
        if (kind === 'client' || kind === 'unsupported' || (kind === 'not_found' && outcome.deployment.model.includes('*'))) {
          this.#trying = false
          return false
        }
        return this.#failed(kind, retryAfterMs, time)
      }
      case 'ended':
        if (outcome.unresponsive || outcome.closeCode === 1006 || outcome.closeCode === 1011) return this.#failed('session', undefined, time)
        this.#sessions = 0
        return false
      default:
        return false
    }
  }

  #failed (cause: Cause, retryAfterMs: number | undefined, time: number): boolean {
    const { allowedFails, cooldownMs, credentialsCooldownMs } = this.#rules
    const tried = this.#trying
    this.#trying = false
    this.#count(true, time)
    const inARow = cause === 'session' ? ++this.#sessions : ++this.#dials
    const often = this.#outcomes >= rateMinimum && this.#failures > this.#outcomes * rateShare
    const atOnce = tried || cause === 'rate_limit' || cause === 'credentials' || cause === 'quota'
    if (cooldownMs === 0 || !(atOnce || often || inARow >= allowedFails)) return false
    const wait = cause === 'credentials' || cause === 'quota'
      ? Math.max(credentialsCooldownMs, cooldownMs)
      : cause === 'rate_limit' ? retryAfterMs ?? cooldownMs : cooldownMs
    this.#cause = cause
    this.#dials = this.#sessions = this.#outcomes = this.#failures = 0
    this.#store.start(this.#id, time + wait)
    return true
  }

  #count (failed: boolean, time: number): void {
    if (time - this.#windowStart >= rateWindowMs) {
      this.#windowStart = time
      this.#outcomes = this.#failures = 0
    }
    this.#outcomes++
    if (failed) this.#failures++
  }
}

/** The cooldowns of this process alone. */
export function createMemoryCooldowns (): CooldownStore {
  const until = new Map<string, number>()
  return {
    until: id => until.get(id) ?? 0,
    start: (id, time) => { until.set(id, Math.max(time, until.get(id) ?? 0)) },
    clear: id => { until.delete(id) }
  }
}
