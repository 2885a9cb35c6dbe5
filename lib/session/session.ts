import { GatewayError } from '../errors.ts'
import type { GatewayErrorCode } from '../errors.ts'
import { Leg } from '../wire/leg.ts'
import type { LegEvents } from '../wire/leg.ts'
import type { ReadFailure } from '../wire/reader.ts'
import { cutReason, redactReason, relayedCode } from './close.ts'
import { Heartbeat } from './heartbeat.ts'
import { Pump } from './pump.ts'
import type { SessionParts, SessionLimits } from './parts.ts'
import { TokenBucket } from './rate.ts'
import { Turns } from './turns.ts'
import type { SessionInfo, SessionSummary } from '../../types/index.ts'

/** Close code for a client that goes on doing what it was told not to. */
const policyViolation = 1008

/** How long, in milliseconds, one peer's answers are waited for when the other broke a rule. */
const settlePatience = 1_000

/** Two legs joined: what one receives the other sends, until one ends. */
export class Session {
  readonly id: string
  readonly #parts: SessionParts
  readonly #limits: SessionLimits
  readonly #client: Leg
  readonly #upstream: Leg
  readonly #up: Pump
  readonly #down: Pump
  readonly #heartbeats: readonly [Heartbeat, Heartbeat]
  readonly #messages: TokenBucket
  readonly #controls: TokenBucket
  readonly #startedAt: number
  #activeAt: number
  #state: SessionInfo['state'] = 'open'
  #clientGone = false
  #upstreamGone = false
  readonly #turns: Turns
  #drainError: GatewayError | undefined
  #end: { by: SessionSummary['endedBy'], code: number, error?: GatewayErrorCode } | undefined
  #upstreamClose = { code: 1000, reason: '' }
  #deadline: NodeJS.Timeout | undefined
  #lingering = false
  #cutting = false

  constructor (parts: SessionParts) {
    this.id = parts.id
    this.#parts = parts
    this.#limits = parts.limits
    const now = parts.now()
    this.#startedAt = this.#activeAt = now
    this.#client = new Leg(parts.client.socket, 'client', parts.limits, this.#clientEvents(), parts.unfinished)
    this.#upstream = new Leg(parts.upstream.socket, 'server', parts.limits, this.#upstreamEvents(), parts.unfinished)
    this.#turns = new Turns(parts, parts.now)
    this.#up = new Pump(this.#client, this.#upstream, parts.limits)
    this.#down = new Pump(this.#upstream, this.#client, parts.limits)
    this.#heartbeats = [new Heartbeat(this.#client, parts.limits, 0), new Heartbeat(this.#upstream, parts.limits, 0)]
    this.#messages = new TokenBucket(parts.limits.messageRate, parts.limits.messageBurst, now)
    this.#controls = new TokenBucket(parts.limits.controlRate, parts.limits.controlBurst, now)
  }

  /** Starts relaying: first what the upstream has said already, then both ways. */
  start (): void {
    this.#upstream.start(this.#parts.upstream.head)
    this.#client.start(this.#parts.client.head)
  }

  #clientEvents (): LegEvents {
    const rule = this.#parts.rule
    return {
      inspects: rule !== undefined,
      admit: text => rule!.admits(text),
      take: text => {
        const { error, last } = rule!.refusal(text)
        if (last) this.fail(error, policyViolation)
        else this.#client.send(JSON.stringify(error.toEvent()))
      },
      forward: (frames, messages) => {
        // An upstream that is kept for the end of its response must not be asked for another.
        if (this.#end?.by === 'gateway') return
        this.#activeAt = this.#parts.now()
        if (!this.#messages.take(messages, this.#activeAt)) this.fail(new GatewayError('message_rate_exceeded'))
        else this.#up.forward(frames, this.#parts.now)
      },
      control: () => {
        if (!this.#controls.take(1, this.#parts.now())) this.fail(new GatewayError('control_flood'))
      },
      drained: () => this.#down.drained(),
      ended: (code, reason, failure) => this.#clientEnded(code, reason, failure),
      gone: () => {
        this.#clientGone = true
        this.#settle()
      }
    }
  }

  #upstreamEvents (): LegEvents {
    return {
      inspects: true,
      admit: text => {
        this.#turns.see(text)
        return true
      },
      take: () => {},
      forward: (frames) => {
        this.#activeAt = this.#parts.now()
        this.#down.forward(frames, this.#parts.now)
        if (this.#turns.running === 0) this.#rest()
      },
      control: () => {},
      drained: () => this.#up.drained(),
      ended: (code, reason, failure) => this.#upstreamEnded(code, reason, failure),
      gone: () => {
        this.#upstreamGone = true
        this.#settle()
      }
    }
  }

  /** No response is running: what waited for that goes on. */
  #rest (): void {
    if (this.#state === 'draining') this.fail(this.#drainError!)
    else if (this.#lingering) this.#closeUpstream()
  }

  #clientEnded (code: number, reason: string, failure: ReadFailure | undefined): void {
    // It answers our close frame; the upstream has been seen to.
    if (this.#end?.by === 'gateway') return
    if (failure !== undefined && isLimit(failure)) {
      this.fail(new GatewayError(failure))
      return
    }
    this.#begin('client', code)
    if (failure !== undefined) {
      // What came before the fault was in order, and so are the answers to it.
      this.#upstream.settle(() => {
        this.#client.reject(failure)
        this.#upstreamClose = { code: relayedCode(code), reason: '' }
        this.#leaveUpstream()
      }, settlePatience)
      return
    }
    this.#upstreamClose = { code: relayedCode(code), reason: redactReason(reason) }
    this.#leaveUpstream()
  }

  /** Closes the upstream, after the running response if there is one: what it generates is billed, and its end says how much. */
  #leaveUpstream (): void {
    if (this.#turns.running === 0 || !this.#upstream.open) {
      this.#closeUpstream()
      return
    }
    this.#lingering = true
    this.#upstream.send('{"type":"response.cancel"}')
    this.#upstream.resume()
    this.#deadline ??= setTimeout(() => this.#closeUpstream(), this.#limits.lingerTimeout)
  }

  #upstreamEnded (code: number, reason: string, failure: ReadFailure | undefined): void {
    if (failure !== undefined && isLimit(failure)) {
      this.#upstream.reject(failure)
      this.fail(new GatewayError(failure))
      return
    }
    this.#begin('upstream', code)
    const leave = (): void => {
      if (failure !== undefined) this.#upstream.reject(failure)
      if (code === 1006) this.#client.send(JSON.stringify(new GatewayError('upstream_lost').toEvent()))
      this.#client.close(relayedCode(code), redactReason(reason, this.#parts.secret))
      this.#cutAfterTimeout()
    }
    if (failure === undefined) leave()
    else this.#client.settle(leave, settlePatience)
  }

  #closeUpstream (): void {
    this.#lingering = false
    this.#upstream.close(this.#upstreamClose.code, this.#upstreamClose.reason)
    this.#cutAfterTimeout()
  }

  #begin (by: SessionSummary['endedBy'], code: number, error?: GatewayErrorCode): void {
    this.#state = 'closing'
    this.#end ??= { by, code, error }
  }

  /** From now on each peer has `closeTimeout` to close its socket. */
  #cutAfterTimeout (): void {
    if (this.#cutting) return
    this.#cutting = true
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => {
      this.#client.destroy()
      this.#upstream.destroy()
    }, this.#limits.closeTimeout)
    this.#settle()
  }

  #settle (): void {
    if (!this.#clientGone || !this.#upstreamGone || this.#end === undefined) return
    clearTimeout(this.#deadline)
    const { by, code, error } = this.#end
    const { state, ...info } = this.info()
    this.#parts.onClosed({ ...info, endedBy: by, closeCode: code, error }, this.#turns.mute)
  }

  /** Ends the session by our own decision: the client gets the `error` event and the close code, the upstream 1000. */
  fail (error: GatewayError, code = error.closeCode): void {
    if (this.#end !== undefined) {
      // The time to wait for a response is up.
      if (error.code === 'draining' && this.#lingering) this.#closeUpstream()
      return
    }
    this.#begin('gateway', code, error.code)
    this.#client.send(JSON.stringify(error.toEvent()))
    this.#client.close(code, error.code)
    if (this.#drainError === error) this.#closeUpstream()
    else this.#leaveUpstream()
  }

  /** Ends the session without an `error` event; both peers are told. */
  close (code: number, reason: string): void {
    if (this.#end !== undefined) return
    this.#begin('gateway', code)
    this.#upstreamClose = { code, reason: cutReason(reason) }
    this.#client.close(code, this.#upstreamClose.reason)
    this.#closeUpstream()
  }

  /** Ends the session with `error` as soon as no response is running. */
  drain (error: GatewayError): void {
    if (this.#state !== 'open') return
    this.#state = 'draining'
    this.#drainError = error
    if (this.#turns.running === 0) this.#rest()
  }

  /**
   * Judges what only a clock can tell.
   * @param now on the session's clock
   * @param awake milliseconds on a clock that stands still while this process does
   */
  sweep (now: number, awake: number): void {
    if (this.#end !== undefined) return
    const { stallTimeout, idleTimeout, maxSessionDuration } = this.#limits
    for (const pump of [this.#up, this.#down]) {
      if (pump.stalledAt !== undefined && now - pump.stalledAt >= stallTimeout) {
        this.fail(new GatewayError('slow_consumer'))
        return
      }
    }
    const clientDead = this.#heartbeats[0].check(awake, this.#client.paused || this.#down.stalledAt !== undefined)
    const upstreamDead = this.#heartbeats[1].check(awake, this.#upstream.paused || this.#up.stalledAt !== undefined)
    if (clientDead || upstreamDead) {
      this.fail(new GatewayError('peer_timeout'))
      // Nobody is there to answer the close frame.
      if (clientDead) this.#client.destroy()
      if (upstreamDead) this.#upstream.destroy()
    } else if ((idleTimeout > 0 && now - this.#activeAt >= idleTimeout) ||
      (maxSessionDuration > 0 && now - this.#startedAt >= maxSessionDuration)) {
      this.fail(new GatewayError('session_expired'))
    }
  }

  info (): SessionInfo {
    const { id, principal, keyHash, model, deployment, route, now } = this.#parts
    return {
      id,
      principal,
      keyHash,
      model,
      deployment,
      route,
      state: this.#state,
      ageMs: now() - this.#startedAt,
      bytes: { client: this.#client.bytesIn, upstream: this.#upstream.bytesIn },
      messages: { client: this.#client.messagesIn, upstream: this.#upstream.messagesIn },
      turns: this.#turns.finished
    }
  }
}

/** Whether the gateway's own limit was broken, rather than the protocol. */
function isLimit (failure: ReadFailure): failure is Exclude<ReadFailure, 'protocol_error' | 'invalid_utf8'> {
  return failure !== 'protocol_error' && failure !== 'invalid_utf8'
}
