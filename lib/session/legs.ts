import { GatewayError } from '../errors.ts'
import { TokenBucket } from '../token-bucket.ts'
import { Leg } from '../wire/leg.ts'
import type { Verdict } from './pipeline/pipeline.ts'
import type { ProviderErrors } from './pipeline/provider-error.ts'
import type { Turns } from './pipeline/turns.ts'
import type { LegsOwner } from './owner.ts'
import type { SessionParts, UpstreamParts } from './parts.ts'
import type { Pump } from './pump.ts'
import { joinUpstream } from './upstream-side.ts'
import { Way } from './way.ts'

/** The two legs of a session, and the ways between them. */
export interface Legs {
  readonly client: Leg<Verdict>
  readonly upstream: Leg<Verdict>
  /** What the client sends. */
  readonly up: Way
  /** What the upstream sends. */
  readonly down: Way
  readonly upPump: Pump
  readonly downPump: Pump
  /** The errors that the upstream has told. */
  readonly errors: ProviderErrors
  /** Starts relaying: first what the upstream has said already, then both ways. */
  start (): void
  /** Asks the upstream to end the running response. */
  cancelResponse (): void
  /** Goes on with another upstream. The one before is closed, and nothing more of it is heard. */
  replaceUpstream (upstream: UpstreamParts): void
}

export function joinLegs (parts: SessionParts, turns: Turns, owner: LegsOwner): Legs {
  const { limits, held, now } = parts
  const messages = new TokenBucket(limits.messageRate, limits.messageBurst, now())
  const controls = new TokenBucket(limits.controlRate, limits.controlBurst, now())

  const up = new Way({
    admits (count, at) {
      if (!owner.listens()) return false
      if (messages.take(count, at)) return true
      owner.fail(new GatewayError('message_rate_exceeded'))
      return false
    },
    mayAnswer: () => true,
    passed () {},
    skimmed: bytes => turns.skimmed(bytes),
    fail: owner.fail,
    restsAfterCost: true
  }, limits, now, held)
  const client = new Leg<Verdict>(parts.client.socket, 'client', limits, up, {
    control () {
      // Whoever floods goes on when the session has failed: making an error for each would cost more than the flood.
      if (!owner.listens() || controls.take(1, now())) return
      owner.fail(new GatewayError('control_flood'))
    },
    drained: () => side.clientDrained(),
    ended: (code, reason, failure) => owner.ended('client', code, reason, failure),
    gone: () => owner.gone('client')
  }, held)
  let side = joinUpstream(parts.upstream, { client, up, parts, turns, owner })

  // Plain fields, set anew when the upstream is replaced: an object with getters would be a hash table for each session.
  const legs: Legs = {
    client,
    up,
    ...endsOf(side),
    start () {
      side.start()
      client.start(parts.client.head)
    },
    cancelResponse: () => side.cancelResponse(),
    replaceUpstream (upstream) {
      const old = side
      side = joinUpstream(upstream, { client, up, parts, turns, owner })
      Object.assign(legs, endsOf(side))
      old.leave()
      side.start()
    }
  }
  return legs
}

function endsOf ({ leg, down, upPump, downPump, errors }: ReturnType<typeof joinUpstream>): Pick<Legs, 'upstream' | 'down' | 'upPump' | 'downPump' | 'errors'> {
  return { upstream: leg, down, upPump, downPump, errors }
}
