import { Leg } from '../wire/leg.ts'
import { createDialectStages } from './pipeline/dialect.ts'
import { createPipeline } from './pipeline/pipeline.ts'
import type { Verdict } from './pipeline/pipeline.ts'
import { createProviderErrors } from './pipeline/provider-error.ts'
import type { ProviderErrors } from './pipeline/provider-error.ts'
import type { Turns } from './pipeline/turns.ts'
import type { LegsOwner } from './owner.ts'
import type { SessionParts, UpstreamParts } from './parts.ts'
import { Pump } from './pump.ts'
import { Way } from './way.ts'

/** One upstream of a session, joined to its client. */
interface UpstreamSide {
  readonly leg: Leg<Verdict>
  readonly down: Way
  readonly upPump: Pump
  readonly downPump: Pump
  readonly errors: ProviderErrors
  /** Begins to read: first what the upstream has said already. */
  start (): void
  /** Asks the upstream to end the running response. */
  cancelResponse (): void
  /** What waited for the client has gone. */
  clientDrained (): void
  /** Another upstream serves the session now: this one is closed, and nothing more of it is heard. */
  leave (): void
}

/** What a side is joined to. */
interface SideTools {
  readonly client: Leg<Verdict>
  /** What the client sends; goes to this side from now on. */
  readonly up: Way
  readonly parts: SessionParts
  readonly turns: Turns
  readonly owner: LegsOwner
}

const cancel = '{"type":"response.cancel"}'

export function joinUpstream (upstream: UpstreamParts, { client, up, parts, turns, owner }: SideTools): UpstreamSide {
  const { limits, held, now, clientStages = [], upstreamStages = [] } = parts
  const { usualNames = true } = upstream
  const dialect = createDialectStages(upstream.dialect ?? { translation: undefined }, () => {
    upPipeline.refresh()
    downPipeline.refresh()
  })
  const upPipeline = createPipeline([turns.client, ...clientStages, dialect.client], limits.maxEventValues)
  const errors = createProviderErrors(now, upstream.secret)
  const downPipeline = createPipeline([errors.stage, ...usualNames ? [turns.upstream, dialect.upstream] : [dialect.upstream, turns.upstream], ...upstreamStages])
  let left = false

  const down = new Way({
    admits: () => !left,
    mayAnswer: owner.asks,
    passed: () => { if (!left) owner.passed() },
    skimmed () {},
    fail: owner.fail,
    restsAfterCost: false
  }, limits, now, held)
  const leg = new Leg<Verdict>(upstream.socket, 'server', limits, down, {
    control () {},
    drained () {
      upPump.drained()
      downPump.release('answers')
    },
    ended: (code, reason, failure) => { if (!left) owner.ended('upstream', code, reason, failure) },
    gone () {
      if (left) upstream.lease.release()
      else owner.gone('upstream')
    }
  }, held)
  const upPump = new Pump(client, leg, limits)
  const downPump = new Pump(leg, client, limits)
  up.join({ source: client, on: upPump, returning: downPump, pipeline: upPipeline })
  down.join({ source: leg, on: downPump, returning: upPump, pipeline: downPipeline })

  return {
    leg,
    down,
    upPump,
    downPump,
    errors,
    start: () => leg.start(upstream.head),
    cancelResponse () {
      for (const text of dialect.toUpstream(cancel)) leg.send(text)
    },
    clientDrained () {
      downPump.drained()
      upPump.release('answers')
    },
    leave () {
      left = true
      down.stop()
      upPump.abandon()
      downPump.abandon()
      leg.close(1000, '')
      const timer = setTimeout(() => leg.destroy(), limits.closeTimeout)
      upstream.lease.defer(() => {
        clearTimeout(timer)
        leg.destroy()
      })
    }
  }
}
