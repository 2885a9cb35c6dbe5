import { GatewayError } from '../errors.ts'
import type { GatewayErrorCode } from '../errors.ts'
import type { ReadFailure } from '../wire/reader.ts'
import { cutReason, redactReason, relayedCode } from './close.ts'
import type { SessionParts, SessionLimits } from './parts.ts'
import { Traffic } from './traffic.ts'
import { Turns } from './turns.ts'
import { Watch } from './watch.ts'
import type { SessionInfo, SessionSummary } from '../../types/index.ts'

/** How long, in milliseconds, one peer's answers are waited for when the other broke a rule. */
const settlePatience = 1_000

/** Two legs joined: what one receives the other sends, until one ends. */
export class Session {
  readonly id: string
  readonly #parts: SessionParts
  readonly #limits: SessionLimits
  readonly #traffic: Traffic
  readonly #watch: Watch
  readonly #startedAt: number
  #state: SessionInfo['state'] = 'open'
  readonly #gone = new Set<'client' | 'upstream'>()
  readonly #turns: Turns
  #drainError: GatewayError | undefined
  #end: { by: SessionSummary['endedBy'], code: number, error?: GatewayErrorCode } | undefined
  #upstreamClose = { code: 1000, reason: '' }
  #deadline: NodeJS.Timeout | undefined
  #lingering = false
  #cutting = false
  #upstreamDead = false

  constructor (parts: SessionParts) {
    this.id = parts.id
    this.#parts = parts
    this.#limits = parts.limits
    this.#startedAt = parts.now()
    this.#turns = new Turns(parts, parts.now)
    this.#traffic = new Traffic(parts, this.#turns, {
      // An upstream that is kept for the end of its response must not be asked for another.
      listening: () => this.#end?.by !== 'gateway',
      asking: () => this.#state === 'open',
      fail: (error, code) => this.fail(error, code),
      resting: () => this.#rest(),
      clientEnded: (code, reason, failure) => this.#clientEnded(code, reason, failure),
      upstreamEnded: (code, reason, failure) => this.#upstreamEnded(code, reason, failure),
      gone: peer => {
        this.#gone.add(peer)
        this.#settle()
      }
    })
    const { client, upstream, up, down } = this.#traffic
    this.#watch = new Watch(client, upstream, up, down, parts.limits, this.#startedAt)
  }

  start (): void {
    this.#traffic.start()
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
      this.#traffic.upstream.settle(() => {
        this.#traffic.client.reject(failure)
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
    if (this.#turns.running === 0 || !this.#traffic.upstream.open) {
      this.#closeUpstream()
      return
    }
    this.#lingering = true
    this.#traffic.cancelResponse()
    this.#traffic.upstream.resume()
    this.#deadline ??= setTimeout(() => this.#closeUpstream(), this.#limits.lingerTimeout)
  }

  #upstreamEnded (code: number, reason: string, failure: ReadFailure | undefined): void {
    if (failure !== undefined && isLimit(failure)) {
      this.#traffic.upstream.reject(failure)
      this.fail(new GatewayError(failure))
      return
    }
    this.#begin('upstream', code)
    const leave = (): void => {
      if (failure !== undefined) this.#traffic.upstream.reject(failure)
      if (code === 1006) this.#traffic.client.send(JSON.stringify(new GatewayError('upstream_lost').toEvent()))
      this.#traffic.client.close(relayedCode(code), redactReason(reason, this.#parts.secret))
      this.#cutAfterTimeout()
    }
    if (failure === undefined) leave()
    else this.#traffic.client.settle(leave, settlePatience)
  }

  #closeUpstream (): void {
    this.#lingering = false
    this.#traffic.upstream.close(this.#upstreamClose.code, this.#upstreamClose.reason)
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
      this.#traffic.client.destroy()
      this.#traffic.upstream.destroy()
    }, this.#limits.closeTimeout)
    this.#settle()
  }

  #settle (): void {
    if (this.#gone.size < 2 || this.#end === undefined) return
    clearTimeout(this.#deadline)
    const { by, code, error } = this.#end
    const { state, ...info } = this.info()
    this.#parts.onClosed({ ...info, endedBy: by, closeCode: code, error }, this.#turns.unresponsive || this.#upstreamDead)
  }

  /** Ends the session by our own decision: the client gets the `error` event and the close code, the upstream 1000. */
  fail (error: GatewayError, code = error.closeCode): void {
    if (this.#end !== undefined) {
      // The time to wait for a response is up.
      if (error.code === 'draining' && this.#lingering) this.#closeUpstream()
      return
    }
    this.#begin('gateway', code, error.code)
    this.#traffic.client.send(JSON.stringify(error.toEvent()))
    this.#traffic.client.close(code, error.code)
    if (this.#drainError === error) this.#closeUpstream()
    else this.#leaveUpstream()
  }

  /** Ends the session without an `error` event; both peers are told. */
  close (code: number, reason: string): void {
    if (this.#end !== undefined) return
    this.#begin('gateway', code)
    this.#upstreamClose = { code, reason: cutReason(reason) }
    this.#traffic.client.close(code, this.#upstreamClose.reason)
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
   * Ends what has taken too long.
   * @param now on the session's clock
   * @param awake milliseconds on a clock that stands still while this process does
   * @param step how far that clock went since the last sweep
   */
  sweep (now: number, awake: number, step: number): void {
    if (this.#end !== undefined) return
    const overdue = this.#watch.check(now, awake, step, this.#traffic.activeAt)
    if (overdue === undefined) return
    // Where both peers are silent, the network between may be ours.
    this.#upstreamDead = !overdue.dead.includes(this.#traffic.client) && overdue.dead.includes(this.#traffic.upstream)
    this.fail(overdue.error)
    // Nobody is there to answer the close frame.
    for (const leg of overdue.dead) leg.destroy()
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
      bytes: { client: this.#traffic.client.bytesIn, upstream: this.#traffic.upstream.bytesIn },
      messages: { client: this.#traffic.client.messagesIn, upstream: this.#traffic.upstream.messagesIn },
      turns: this.#turns.finished
    }
  }
}

/** Whether the gateway's own limit was broken, rather than the protocol. */
function isLimit (failure: ReadFailure): failure is Exclude<ReadFailure, 'protocol_error' | 'invalid_utf8'> {
  return failure !== 'protocol_error' && failure !== 'invalid_utf8'
}
