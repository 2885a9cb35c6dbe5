import { GatewayError } from '../errors.ts'
import { isSendable } from '../wire/close-frame.ts'
import type { Session } from './session.ts'
import type { DrainOptions, RealtimeSessions, SessionError, SessionInfo } from '../../types/index.ts'

export interface RegistryOptions {
  readonly maxSessions: number
  readonly evictIdleAfter: number
  readonly drainTimeout: number
  readonly closeTimeout: number
  /** How often sessions are swept, in milliseconds. */
  readonly sweepInterval: number
  readonly now: () => number
}

/**
 * The live sessions of a gateway, from the moment a slot is taken for one until it is closed and everything that
 * waits for its end is done. One timer sweeps them all.
 */
export class Registry implements RealtimeSessions {
  readonly #options: RegistryOptions
  readonly #sessions = new Map<string, Session>()
  #slots = 0
  /** Work that a shutdown waits for: slots taken, sessions open, hooks running. */
  #pending = 0
  #draining: Promise<void> | undefined
  #idle: (() => void) | undefined
  readonly #drainListeners = new Set<(error: GatewayError) => void>()
  #timer: NodeJS.Timeout | undefined
  #sweptAt = 0
  #awake = 0

  constructor (options: RegistryOptions) {
    this.#options = options
  }

  get size (): number {
    return this.#sessions.size
  }

  /**
   * Takes a slot for a session to be.
   * @returns gives the slot back; again does nothing.
   * @throws GatewayError `draining` or `at_capacity`
   */
  reserve (): () => void {
    this.refuseWhileDraining()
    if (this.#slots >= this.#options.maxSessions && !this.#evictIdle()) throw new GatewayError('at_capacity')
    this.#slots++
    this.#pending++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#slots--
      this.#release()
    }
  }

  /** @throws GatewayError `draining` */
  refuseWhileDraining (): void {
    if (this.#draining) throw new GatewayError('draining', { retryAfterMs: this.#options.drainTimeout })
  }

  /** Ends the session that has been idle longest, if one has been for long. Its slot is given away at once. */
  #evictIdle (): boolean {
    const { evictIdleAfter, now } = this.#options
    if (evictIdleAfter === 0) return false
    const at = now()
    let idlest: Session | undefined
    let longest = evictIdleAfter
    for (const session of this.#sessions.values()) {
      const idle = session.idleFor(at)
      if (idle > longest) [idlest, longest] = [session, idle]
    }
    idlest?.fail(new GatewayError('session_expired', { message: 'The server is full, and this session was idle for longest.' }))
    return idlest !== undefined
  }

  #release (): void {
    this.#pending--
    // A session gives its slot back just before `finish` counts the hooks that its end has started.
    queueMicrotask(() => { if (this.#pending === 0) this.#idle?.() })
  }

  get draining (): boolean {
    return this.#draining !== undefined
  }

  /**
   * Calls `listener` when a drain begins, so that a client which still waits for an upstream is answered at once.
   * @returns takes the listener away.
   */
  onDrain (listener: (error: GatewayError) => void): () => void {
    this.#drainListeners.add(listener)
    return () => this.#drainListeners.delete(listener)
  }

  add (session: Session): void {
    this.#sessions.set(session.id, session)
    if (this.#timer === undefined) {
      this.#sweptAt = this.#options.now()
      this.#timer = setInterval(() => this.#sweep(), this.#options.sweepInterval)
      this.#timer.unref()
    }
  }

  /** A session is closed. A shutdown waits for `end`: the hooks that hear of it. */
  finish (end: Promise<void>): void {
    this.#pending++
    end.finally(() => this.#release())
  }

  remove (id: string): void {
    this.#sessions.delete(id)
    if (this.#sessions.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  list (): SessionInfo[] {
    return Array.from(this.#sessions.values(), session => session.info())
  }

  close (id: string, { code = 1000, reason = 'closed by the gateway' }: { code?: number, reason?: string } = {}): boolean {
    if (!isSendable(code)) throw new RangeError(`close code ${code} may not be sent`)
    const session = this.#sessions.get(id)
    session?.close(code, reason)
    return session !== undefined
  }

  end (matches: (session: SessionInfo) => boolean, error: SessionError): number {
    const ended = [...this.#sessions.values()].filter(session => matches(session.info()))
    for (const session of ended) session.fail(error)
    return ended.length
  }

  drain (options: DrainOptions = {}): Promise<void> {
    this.#draining ??= this.#drain(options)
    return this.#draining
  }

  async #drain ({ deadlineMs = this.#options.drainTimeout, reason }: DrainOptions): Promise<void> {
    const error = new GatewayError('draining', reason === undefined ? {} : { message: reason })
    const idle = new Promise<void>(resolve => { this.#idle = resolve })
    if (this.#pending === 0) return
    for (const listener of this.#drainListeners) listener(error)
    for (const session of this.#sessions.values()) session.drain(error)
    const deadline = setTimeout(() => {
      for (const session of this.#sessions.values()) session.fail(error)
    }, deadlineMs)
    // Each session cuts its own sockets closeTimeout after its end; a hook that never ends gets as long again, and no more.
    let last: NodeJS.Timeout | undefined
    await Promise.race([idle, new Promise<void>(resolve => { last = setTimeout(resolve, deadlineMs + 2 * this.#options.closeTimeout) })])
    clearTimeout(deadline)
    clearTimeout(last)
  }

  #sweep (): void {
    const now = this.#options.now()
    // A sweep that comes late means that this process was suspended, not that the peers were silent.
    const step = Math.min(now - this.#sweptAt, 2 * this.#options.sweepInterval)
    this.#awake += step
    this.#sweptAt = now
    for (const session of this.#sessions.values()) session.sweep(now, this.#awake, step)
  }
}
