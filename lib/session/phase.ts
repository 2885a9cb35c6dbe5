import { GatewayError } from '../errors.ts'
import type { ReadFailure } from '../wire/read-failure.ts'
import { cutReason, redactReason, relayedCode } from './close.ts'
import type { SessionError, SessionSummary } from '../../types/index.ts'

export type Peer = 'client' | 'upstream'

/** How a session ended. Where several end it, the first counts. */
export interface End {
  readonly by: SessionSummary['endedBy']
  readonly code: number
  readonly error?: string
}

/** Code and reason of a close frame. */
export interface Close {
  readonly code: number
  readonly reason: string
}

/**
 * Where a session stands on its way from open to closed.
 *
 * In `closing`, `upstream` is `lingering` while the upstream may still end a response, which says what is billed, and `leaving` once its
 * close frame is sent. `gone` are the peers whose sockets are closed.
 */
export type Phase =
  | { readonly name: 'open' }
  | { readonly name: 'draining', readonly error: SessionError }
  | { readonly name: 'closing', readonly end: End, readonly upstream: 'open' | 'lingering' | 'leaving', readonly upstreamClose: Close, readonly gone: readonly Peer[] }
  | { readonly name: 'closed', readonly end: End }

/** What happens to a session. */
export type PhaseEvent =
  /** A shutdown: the session ends as soon as no response is running. */
  | { readonly type: 'drain', readonly error: SessionError }
  /** No response is running any more. */
  | { readonly type: 'idle' }
  /** The gateway ends the session, and says why in an `error` event. */
  | { readonly type: 'fail', readonly error: SessionError, readonly closeCode?: number | undefined }
  /** The gateway ends the session without an `error` event. */
  | { readonly type: 'close', readonly close: Close }
  /** A peer has closed (1005: without a code), vanished (1006), or broken a rule. */
  | { readonly type: 'ended', readonly peer: Peer, readonly close: Close, readonly failure?: ReadFailure | undefined }
  /** The other peer has answered what came before the broken rule, or has had its time to. */
  | { readonly type: 'settled', readonly peer: Peer, readonly close: Close, readonly failure: ReadFailure }
  /** The response that was lingered for has not ended in time. */
  | { readonly type: 'linger_over' }
  /** A socket is closed. */
  | { readonly type: 'gone', readonly peer: Peer }

/** What the session has to do, in order. */
export type Effect =
  /** Sends the client an `error` event. */
  | { readonly do: 'tell', readonly error: SessionError }
  | { readonly do: 'close', readonly peer: Peer, readonly close: Close }
  /** Closes with the code for the rule that the peer broke. */
  | { readonly do: 'reject', readonly peer: Peer, readonly failure: ReadFailure }
  /** Waits for the peer's answers to what it was sent; then `settled` with this. */
  | { readonly do: 'settle', readonly peer: Peer, readonly then: PhaseEvent & { readonly type: 'settled' } }
  /** Asks the upstream to end its response, and waits for that as long as the linger clock allows. */
  | { readonly do: 'linger' }
  /** From now on each peer has its time to close its socket. */
  | { readonly do: 'cut_later' }
  | { readonly do: 'finish' }

/** What a transition has to know of the session. */
export interface PhaseContext {
  /** Responses that are running. */
  readonly running: number
  /** Whether the upstream can still be heard. */
  readonly upstreamOpen: boolean
  /** The provider's credential, which no close reason may carry to the client. */
  readonly secret?: string | undefined
}

interface Transition {
  readonly phase: Phase
  readonly effects: readonly Effect[]
}

const quiet: Close = { code: 1000, reason: '' }

/** The one place that says how a session ends. Pure: the same phase, event and context give the same. */
export function transition (phase: Phase, event: PhaseEvent, context: PhaseContext): Transition {
  if (phase.name === 'closed') return { phase, effects: [] }
  switch (event.type) {
    case 'drain':
      if (phase.name !== 'open') return { phase, effects: [] }
      return context.running === 0 ? failed(phase, event.error, undefined, true, context) : { phase: { name: 'draining', error: event.error }, effects: [] }
    case 'idle':
      if (phase.name === 'draining') return failed(phase, phase.error, undefined, true, context)
      return phase.name === 'closing' && phase.upstream === 'lingering' ? leave(phase) : { phase, effects: [] }
    case 'fail':
      if (phase.name !== 'closing') return failed(phase, event.error, event.closeCode, phase.name === 'draining' && phase.error === event.error, context)
      // `draining` is told to a closing session at the drain's deadline: the response is waited for no longer.
      return event.error.code === 'draining' && phase.upstream === 'lingering' ? leave(phase) : { phase, effects: [] }
    case 'close': {
      if (phase.name === 'closing') return { phase, effects: [] }
      const close = { code: event.close.code, reason: cutReason(event.close.reason) }
      return then([{ do: 'close', peer: 'client', close }], leave(closing(phase, { by: 'gateway', code: close.code }, close)))
    }
    case 'ended':
      return event.peer === 'client' ? clientEnded(phase, event, context) : upstreamEnded(phase, event, context)
    case 'settled':
      return event.peer === 'client' ? clientSettled(phase, event, context) : clientTold(phase, event, context)
    case 'linger_over':
      return phase.name === 'closing' && phase.upstream === 'lingering' ? leave(phase) : { phase, effects: [] }
    case 'gone': {
      if (phase.name !== 'closing') return { phase, effects: [] }
      const next = { ...phase, gone: [...new Set([...phase.gone, event.peer])] }
      return next.gone.length < 2 ? { phase: next, effects: [] } : { phase: { name: 'closed', end: next.end }, effects: [{ do: 'finish' }] }
    }
  }
}

type Living = Exclude<Phase, { name: 'closed' }>
type Closing = Extract<Phase, { name: 'closing' }>
type Ended = Extract<PhaseEvent, { type: 'ended' }>
type Settled = Extract<PhaseEvent, { type: 'settled' }>

/** The gateway's own end. `idle`: no response is running any more, or it was waited for already. */
function failed (phase: Living, error: SessionError, closeCode = error.closeCode, idle: boolean, context: PhaseContext): Transition {
  const next = closing(phase, { by: 'gateway', code: closeCode, error: error.code })
  const told: Effect[] = [{ do: 'tell', error }, { do: 'close', peer: 'client', close: { code: closeCode, reason: error.code } }]
  return then(told, idle ? leave(next) : leaveAfterResponse(next, context))
}

function clientEnded (phase: Living, event: Ended, context: PhaseContext): Transition {
  // The client only answers our close frame, and the upstream is being closed already.
  if (phase.name === 'closing' && phase.end.by === 'gateway') return { phase, effects: [] }
  const { close, failure } = event
  if (failure !== undefined && isLimit(failure)) {
    return phase.name === 'closing' ? { phase, effects: [] } : failed(phase, new GatewayError(failure), undefined, false, context)
  }
  const ended = closing(phase, { by: 'client', code: close.code }, { code: relayedCode(close.code), reason: failure === undefined ? redactReason(close.reason) : '' })
  // What the client sent before it broke a rule was valid: it gets the answers to that first.
  if (failure !== undefined) return { phase: ended, effects: [{ do: 'settle', peer: 'upstream', then: { type: 'settled', peer: 'client', close, failure } }] }
  return leaveAfterResponse(ended, context)
}

/** The client that broke a rule has got the answers to what it sent before. */
function clientSettled (phase: Living, { failure }: Settled, context: PhaseContext): Transition {
  if (phase.name !== 'closing') return { phase, effects: [] }
  return then([{ do: 'reject', peer: 'client', failure }], leaveAfterResponse(phase, context))
}

function upstreamEnded (phase: Living, event: Ended, context: PhaseContext): Transition {
  const { close, failure } = event
  if (failure !== undefined && isLimit(failure)) {
    const reject: Effect = { do: 'reject', peer: 'upstream', failure }
    return then([reject], phase.name === 'closing' ? { phase, effects: [] } : failed(phase, new GatewayError(failure), undefined, false, context))
  }
  const ended = closing(phase, { by: 'upstream', code: close.code })
  if (failure !== undefined) return { phase: ended, effects: [{ do: 'settle', peer: 'client', then: { type: 'settled', peer: 'upstream', close, failure } }] }
  return clientTold(ended, { close }, context)
}

/** Tells the client how the upstream ended. */
function clientTold (phase: Living, { close, failure }: { readonly close: Close, readonly failure?: ReadFailure }, { secret }: PhaseContext): Transition {
  if (phase.name !== 'closing') return { phase, effects: [] }
  const lost = close.code === 1006 ? new GatewayError('upstream_lost') : undefined
  const effects: Effect[] = []
  if (failure !== undefined) effects.push({ do: 'reject', peer: 'upstream', failure })
  if (lost !== undefined) effects.push({ do: 'tell', error: lost })
  const reason = lost?.code ?? redactReason(close.reason, secret)
  effects.push({ do: 'close', peer: 'client', close: { code: relayedCode(close.code), reason } }, { do: 'cut_later' })
  return { phase, effects }
}

/** Of several ends the first is told; of several ways to close the upstream, the last counts. */
function closing (phase: Living, end: End, upstreamClose?: Close): Closing {
  if (phase.name === 'closing') return upstreamClose === undefined ? phase : { ...phase, upstreamClose }
  return { name: 'closing', end, upstream: 'open', upstreamClose: upstreamClose ?? quiet, gone: [] }
}

/** Closes the upstream, after the running response if there is one, because the end of a response says what is billed for it. */
function leaveAfterResponse (phase: Closing, { running, upstreamOpen }: PhaseContext): Transition {
  return running === 0 || !upstreamOpen ? leave(phase) : { phase: { ...phase, upstream: 'lingering' }, effects: [{ do: 'linger' }] }
}

function leave (phase: Closing): Transition {
  return { phase: { ...phase, upstream: 'leaving' }, effects: [{ do: 'close', peer: 'upstream', close: phase.upstreamClose }, { do: 'cut_later' }] }
}

function then (effects: readonly Effect[], next: Transition): Transition {
  return { phase: next.phase, effects: [...effects, ...next.effects] }
}

/** Whether the gateway's own limit was broken, rather than the protocol. */
function isLimit (failure: ReadFailure): failure is Exclude<ReadFailure, 'protocol_error' | 'invalid_utf8'> {
  return failure !== 'protocol_error' && failure !== 'invalid_utf8'
}
