import { GatewayError } from '../errors.ts'
import { Leg } from '../wire/leg.ts'
import type { LegEvents } from '../wire/leg.ts'
import type { ReadFailure } from '../wire/reader.ts'
import { createClientGate, createUpstreamGate } from './gate.ts'
import type { Replacement } from './gate.ts'
import type { SessionParts } from './parts.ts'
import { Pump } from './pump.ts'
import { TokenBucket } from './rate.ts'
import type { Turns } from './turns.ts'

/** Close code for a client that goes on doing what it was told not to. */
const policyViolation = 1008

const cancel = '{"type":"response.cancel"}'

/** Who decides how a session ends. */
export interface TrafficOwner {
  /** Whether what the client sends still goes to the upstream. */
  listening (): boolean
  fail (error: GatewayError, code?: number): void
  /** Whether the upstream may still be asked for more. */
  asking (): boolean
  /** A message of the upstream has passed, and no response is running. */
  resting (): void
  clientEnded (code: number, reason: string, failure?: ReadFailure): void
  upstreamEnded (code: number, reason: string, failure?: ReadFailure): void
  /** A socket is closed. */
  gone (peer: 'client' | 'upstream'): void
}

/** The two legs of a session, and what flows between them. */
export class Traffic {
  readonly client: Leg
  readonly upstream: Leg
  /** What the client sends. */
  readonly up: Pump
  /** What the upstream sends. */
  readonly down: Pump
  /** When the last message passed. */
  activeAt: number
  readonly #parts: SessionParts
  readonly #owner: TrafficOwner
  readonly #turns: Turns
  readonly #messages: TokenBucket
  readonly #controls: TokenBucket

  constructor (parts: SessionParts, turns: Turns, owner: TrafficOwner) {
    const { limits, unfinished, now } = parts
    this.#parts = parts
    this.#owner = owner
    this.#turns = turns
    this.activeAt = now()
    this.#messages = new TokenBucket(limits.messageRate, limits.messageBurst, this.activeAt)
    this.#controls = new TokenBucket(limits.controlRate, limits.controlBurst, this.activeAt)
    this.client = new Leg(parts.client.socket, 'client', limits, this.#clientEvents(), unfinished)
    this.upstream = new Leg(parts.upstream.socket, 'server', limits, this.#upstreamEvents(), unfinished)
    this.up = new Pump(this.client, this.upstream, limits)
    this.down = new Pump(this.upstream, this.client, limits)
  }

  /** Starts relaying: first what the upstream has said already, then both ways. */
  start (): void {
    this.upstream.start(this.#parts.upstream.head)
    this.client.start(this.#parts.client.head)
  }

  /** Asks the upstream to end the running response. */
  cancelResponse (): void {
    const rewritten = this.#parts.translation?.up.translate(Buffer.from(cancel))
    for (const text of rewritten?.onward ?? [cancel]) this.upstream.send(text)
  }

  #clientEvents (): LegEvents {
    const gate = createClientGate(this.#parts.rule, this.#parts.translation)
    return {
      inspects: gate !== undefined,
      admit: text => gate!.admit(text, false),
      take: text => {
        if (!this.#mayAsk(1)) return
        const instead = gate!.take(text)
        if (instead.fatal !== undefined) this.#owner.fail(instead.fatal, policyViolation)
        else this.#send(instead, this.up, this.down)
      },
      forward: (frames, messages) => {
        if (this.#mayAsk(messages)) this.up.forward(frames, this.#parts.now)
      },
      control: () => {
        if (!this.#controls.take(1, this.#parts.now())) this.#owner.fail(new GatewayError('control_flood'))
      },
      drained: () => {
        this.down.drained()
        this.up.release()
      },
      ended: (code, reason, failure) => this.#owner.clientEnded(code, reason, failure),
      gone: () => this.#owner.gone('client')
    }
  }

  /** Whether the client's messages still count. */
  #mayAsk (messages: number): boolean {
    if (!this.#owner.listening()) return false
    this.activeAt = this.#parts.now()
    if (this.#messages.take(messages, this.activeAt)) return true
    this.#owner.fail(new GatewayError('message_rate_exceeded'))
    return false
  }

  #upstreamEvents (): LegEvents {
    const gate = createUpstreamGate(this.#turns, this.#parts.translation)
    const passed = (): void => { if (this.#turns.running === 0) this.#owner.resting() }
    return {
      inspects: true,
      admit: (text, live) => gate.admit(text, live),
      take: text => {
        const instead = gate.take(text)
        // What is kept from the client is no news.
        if (instead.onward.length > 0) this.activeAt = this.#parts.now()
        this.#send(this.#owner.asking() ? instead : { ...instead, back: [] }, this.down, this.up)
        passed()
      },
      forward: frames => {
        this.activeAt = this.#parts.now()
        this.down.forward(frames, this.#parts.now)
        passed()
      },
      control: () => {},
      drained: () => {
        this.up.drained()
        this.down.release()
      },
      ended: (code, reason, failure) => this.#owner.upstreamEnded(code, reason, failure),
      gone: () => this.#owner.gone('upstream')
    }
  }

  /** Sends what stands for a message: on with its direction, and back with the other. */
  #send ({ onward, back }: Replacement, on: Pump, returning: Pump): void {
    for (const text of onward) on.send(text, this.#parts.now)
    for (const text of back) returning.send(text, this.#parts.now)
    // Whoever does not read the answers asks for no more of them.
    if (back.length > 0 && returning.stalledAt !== undefined) on.hold()
  }
}
