import { GatewayError } from '../errors.ts'
import { Leg } from '../wire/leg.ts'
import type { LegEvents } from '../wire/leg.ts'
import type { ReadFailure } from '../wire/read-failure.ts'
import { createDialectStages } from './pipeline/dialect.ts'
import { createPipeline } from './pipeline/pipeline.ts'
import type { Verdict } from './pipeline/pipeline.ts'
import type { Turns } from './pipeline/turns.ts'
import type { SessionParts } from './parts.ts'
import type { Peer } from './phase.ts'
import { Pump } from './pump.ts'
import { TokenBucket } from './rate.ts'
import { Way } from './way.ts'
import type { SessionError } from '../../types/index.ts'

/** Who decides how a session ends. */
export interface LegsOwner {
  /** Whether what the client sends still goes to the upstream. */
  listens (): boolean
  /** Whether the upstream may still be asked for more. */
  asks (): boolean
  /** Something of the upstream's has passed. */
  passed (): void
  fail (error: SessionError, closeCode?: number): void
  ended (peer: Peer, code: number, reason: string, failure?: ReadFailure): void
  /** A socket is closed. */
  gone (peer: Peer): void
}

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
  /** Starts relaying: first what the upstream has said already, then both ways. */
  start (): void
  /** Asks the upstream to end the running response. */
  cancelResponse (): void
}

const cancel = '{"type":"response.cancel"}'

export function joinLegs (parts: SessionParts, turns: Turns, owner: LegsOwner): Legs {
  const { limits, unfinished, now, clientStages = [], upstreamStages = [] } = parts
  const { usualNames = true } = parts.upstream
  const dialect = createDialectStages(parts.upstream.dialect ?? { translation: undefined }, () => {
    upPipeline.refresh()
    downPipeline.refresh()
  })
  const upPipeline = createPipeline([turns.client, ...clientStages, dialect.client])
  const downPipeline = createPipeline([...usualNames ? [turns.upstream, dialect.upstream] : [dialect.upstream, turns.upstream], ...upstreamStages])
  const messages = new TokenBucket(limits.messageRate, limits.messageBurst, now())
  const controls = new TokenBucket(limits.controlRate, limits.controlBurst, now())

  const up = new Way(upPipeline, {
    admits (count) {
      if (!owner.listens()) return false
      if (messages.take(count, now())) return true
      owner.fail(new GatewayError('message_rate_exceeded'))
      return false
    },
    mayAnswer: () => true,
    passed () {},
    skimmed: bytes => turns.skimmed(bytes),
    fail: owner.fail
  }, now, unfinished)
  const down = new Way(downPipeline, {
    admits: () => true,
    mayAnswer: owner.asks,
    passed: owner.passed,
    skimmed () {},
    fail: owner.fail
  }, now, unfinished)

  const events = (peer: Peer, control: () => void, drained: () => void): LegEvents => ({
    control,
    drained,
    ended: (code, reason, failure) => owner.ended(peer, code, reason, failure),
    gone: () => owner.gone(peer)
  })
  const client = new Leg<Verdict>(parts.client.socket, 'client', limits, up, events('client', () => {
    if (!controls.take(1, now())) owner.fail(new GatewayError('control_flood'))
  }, () => {
    downPump.drained()
    upPump.release('answers')
  }), unfinished)
  const upstream = new Leg<Verdict>(parts.upstream.socket, 'server', limits, down, events('upstream', () => {}, () => {
    upPump.drained()
    downPump.release('answers')
  }), unfinished)
  const upPump = new Pump(client, upstream, limits)
  const downPump = new Pump(upstream, client, limits)
  up.join({ source: client, on: upPump, returning: downPump })
  down.join({ source: upstream, on: downPump, returning: upPump })

  return {
    client,
    upstream,
    up,
    down,
    upPump,
    downPump,
    start () {
      upstream.start(parts.upstream.head)
      client.start(parts.client.head)
    },
    cancelResponse () {
      for (const text of dialect.toUpstream(cancel)) upstream.send(text)
    }
  }
}
