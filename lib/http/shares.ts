import { FairShare } from '../admission/fair-share.ts'
import { OpenRate } from '../admission/open-rate.ts'
import { GatewayError } from '../errors.ts'
import type { Lease, Principal } from '../../types/index.ts'

/** What keeps one key from taking everybody's places. */
export interface Shares {
  /**
   * A known client asks for a session: counts it, and takes its parts of the sessions and of the upgrades that wait.
   * @param lease gets the session's part
   * @returns gives the upgrade's part back, once the client is answered
   * @throws GatewayError `open_rate_exceeded`, `fair_share_exceeded`
   */
  enter (principal: Principal, lease: Lease): () => void
}

interface SharesOptions {
  readonly maxSessions: number
  readonly maxUpgrades: number
  readonly openRate: number
  readonly openBurst: number
}

/** @param now monotonic clock in milliseconds */
export function createShares ({ maxSessions, maxUpgrades, openRate, openBurst }: SharesOptions, now: () => number): Shares {
  const rate = new OpenRate(openRate, openBurst)
  const sessions = new FairShare(maxSessions)
  const upgrades = new FairShare(maxUpgrades)
  return {
    enter ({ keyHash, id }, lease) {
      const owner = keyHash ?? id
      if (!rate.admits(owner, now())) throw new GatewayError('open_rate_exceeded')
      const slot = sessions.take(owner)
      if (slot === undefined) throw new GatewayError('fair_share_exceeded')
      lease.defer(slot)
      // Whoever has a session may want another, though it waits for none now: dials that all hang must leave room for it.
      const answered = upgrades.take(owner, sessions.owners)
      if (answered === undefined) throw new GatewayError('fair_share_exceeded')
      return answered
    }
  }
}
