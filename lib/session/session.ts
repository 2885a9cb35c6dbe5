import { GatewayError } from '../errors.ts'
import { joinLegs } from './legs.ts'
import type { Legs } from './legs.ts'
import type { SessionParts, UpstreamParts } from './parts.ts'
import { transition } from './phase.ts'
import type { Effect, Peer, Phase, PhaseEvent } from './phase.ts'
import { Turns } from './pipeline/turns.ts'
import { Watch } from './watch.ts'
import type { SessionError, SessionInfo } from '../../types/index.ts'

/** How long, in milliseconds, one peer's answers are waited for when the other broke a rule. */
const settlePatience = 1_000

/** Two legs joined: what one receives the other sends, until one ends. */
export class Session {
  readonly id: string
  readonly #parts: SessionParts
  readonly #startedAt: number
  readonly #turns: Turns
  readonly #legs: Legs
  #watch: Watch
  #upstream: UpstreamParts
  #phase: Phase = { name: 'open' }
  /** The time limit of what the end waits for: the last response, then the peers' close frames. */
  #deadline: NodeJS.Timeout | undefined
  #upstreamDead = false

  constructor (parts: SessionParts) {
    const { identity, now, observer } = parts
    this.id = identity.id
    this.#parts = parts
    this.#upstream = parts.upstream
    this.#startedAt = now()
    const { id: session, principal, keyHash, team, model } = identity
    this.#turns = new Turns(now, turn => observer.turn?.({ session, principal, keyHash, team, model: this.#upstream.model ?? model, deployment: this.#upstream.deployment, ...turn }), parts.tap)
    this.#legs = joinLegs(parts, this.#turns, {
      // Once the gateway has ended the session, the upstream is kept for the end of its response only: it must not be asked for another.
      listens: () => !(this.#phase.name === 'closing' && this.#phase.end.by === 'gateway') && this.#phase.name !== 'closed',
      asks: () => this.#phase.name === 'open',
      passed: () => { if (this.#phase.name !== 'open' && this.#turns.running === 0) this.#step({ type: 'idle' }) },
      fail: (error, closeCode) => this.fail(error, closeCode),
      ended: (peer, code, reason, failure) => this.#step({ type: 'ended', peer, close: { code, reason }, failure }),
      gone: peer => this.#step({ type: 'gone', peer })
    })
    this.#watch = this.#watchLegs()
  }

  start (): void {
    this.#legs.start()
  }

  /**
   * Closes the upstream of the session and goes on with another. What the new one sends first goes to the client, unless a stage in
   * `upstreamStages` drops it because the client has heard the same before.
   * @returns `false` where the session is ending, and takes no other
   */
  replaceUpstream (upstream: UpstreamParts): boolean {
    if (this.#phase.name !== 'open') return false
    this.#turns.end()
    this.#upstream = upstream
    this.#legs.replaceUpstream(upstream)
    this.#watch = this.#watchLegs()
    return true
  }

  #watchLegs (): Watch {
    const { limits, term } = this.#parts
    return new Watch(this.#legs, limits, { startedAt: this.#startedAt, term })
  }

  /** Ends the session by our own decision: the client gets the `error` event and the close code, the upstream 1000. */
  fail (error: SessionError, closeCode?: number): void {
    this.#step({ type: 'fail', error, closeCode })
  }

  /** Ends the session without an `error` event; both peers are told. */
  close (code: number, reason: string): void {
    this.#step({ type: 'close', close: { code, reason } })
  }

  /** Ends the session with `error` as soon as no response is running. */
  drain (error: SessionError): void {
    this.#step({ type: 'drain', error })
  }

  /** The owner may have no session any more: it ends with `error`, after a running response where there is patience for one. */
  revoke (error: SessionError): void {
    const patience = this.#parts.term?.patience ?? 0
    if (patience === 0) return this.fail(error)
    this.drain(error)
    this.#revoked ??= setTimeout(() => this.fail(error), patience)
  }

  #revoked: NodeJS.Timeout | undefined

  /**
   * Ends what has taken too long.
   * @param now on the session's clock
   * @param awake milliseconds on a clock that stops while this process is suspended
   * @param step how far that clock went since the last sweep
   */
  sweep (now: number, awake: number, step: number): void {
    if (this.#phase.name !== 'open' && this.#phase.name !== 'draining') return
    const overdue = this.#watch.check(now, awake, step)
    if (overdue === undefined) return
    const { client, upstream } = this.#legs
    // Where both peers are silent, our own network may be at fault: that is not counted against the deployment.
    this.#upstreamDead = !overdue.dead.includes(client) && overdue.dead.includes(upstream)
    overdue.slow?.fail('message_too_slow')
    if (overdue.error.code === 'key_expired') return this.#revoked === undefined ? this.revoke(overdue.error) : undefined
    this.fail(overdue.error)
    // A dead peer answers no close frame.
    for (const leg of overdue.dead) leg.destroy()
  }

  /** For how many milliseconds no message has passed; 0 where the session is ending. */
  idleFor (now: number): number {
    const { up, down } = this.#legs
    return this.#phase.name === 'open' ? now - Math.max(up.activeAt, down.activeAt) : 0
  }

  /** Ends the session because the process holds too much, and gives back what this one holds. */
  shed (): void {
    const { client, upstream } = this.#legs
    for (const leg of [client, upstream]) if (leg.unfinished > 0) leg.fail('buffered_bytes_exceeded')
    this.fail(new GatewayError('buffered_bytes_exceeded'))
    // A peer that has not read for so long will not read its end either.
    for (const leg of [client, upstream]) if (leg.backlog > this.#parts.limits.lowWaterMark) leg.destroy()
  }

  info (): SessionInfo {
    const { identity, now } = this.#parts
    const { client, upstream: server } = this.#legs
    const { name } = this.#phase
    return {
      ...identity,
      model: this.#upstream.model ?? identity.model,
      deployment: this.#upstream.deployment,
      state: name === 'closed' ? 'closing' : name,
      ageMs: now() - this.#startedAt,
      bytes: { client: client.bytesIn, upstream: server.bytesIn },
      messages: { client: client.messagesIn, upstream: server.messagesIn },
      turns: this.#turns.finished
    }
  }

  #step (event: PhaseEvent): void {
    // While a stage decides about the event that ends a response, the client has not heard that end.
    const thoughtAbout = event.type === 'drain' && this.#legs.down.waits ? 1 : 0
    const { phase, effects } = transition(this.#phase, event, {
      running: this.#turns.running + thoughtAbout,
      upstreamOpen: this.#legs.upstream.open,
      secret: this.#upstream.secret
    })
    this.#phase = phase
    for (const effect of effects) this.#carryOut(effect)
    if (phase.name === 'open' || phase.name === 'draining') return
    // The legs may be read again, to see their ends. A stage that waits would hold that up.
    this.#legs.up.stop()
    this.#legs.down.stop()
  }

  #carryOut (effect: Effect): void {
    const { client, upstream } = this.#legs
    const leg = (peer: Peer): typeof client => peer === 'client' ? client : upstream
    switch (effect.do) {
      case 'tell':
        client.send(JSON.stringify(effect.error.toEvent()))
        break
      case 'close':
        leg(effect.peer).close(effect.close.code, effect.close.reason)
        break
      case 'reject':
        leg(effect.peer).reject(effect.failure)
        break
      case 'settle':
        leg(effect.peer).settle(() => this.#step(effect.then), settlePatience)
        break
      case 'linger':
        this.#legs.cancelResponse()
        upstream.resume()
        this.#deadline ??= setTimeout(() => this.#step({ type: 'linger_over' }), this.#parts.limits.lingerTimeout)
        break
      case 'cut_later':
        this.#cutLater()
        break
      case 'finish':
        this.#finish()
    }
  }

  #cutting = false

  /** From now on each peer has `closeTimeout` to close its socket. */
  #cutLater (): void {
    if (this.#cutting) return
    this.#cutting = true
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => {
      this.#legs.client.destroy()
      this.#legs.upstream.destroy()
    }, this.#parts.limits.closeTimeout)
  }

  #finish (): void {
    clearTimeout(this.#deadline)
    clearTimeout(this.#revoked)
    const { observer, lease } = this.#parts
    const unresponsive = this.#upstreamDead || this.#turns.isUnresponsive(this.#legs.down.activeAt)
    this.#turns.end()
    lease.release()
    const { end } = this.#phase as Extract<Phase, { name: 'closed' }>
    const { state, ...info } = this.info()
    const providerError = end.by === 'upstream' ? this.#legs.errors.last() : undefined
    observer.closed?.({ ...info, endedBy: end.by, closeCode: end.code, error: end.error, providerError, unresponsive })
  }
}
