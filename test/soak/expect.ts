import { GatewayError } from '../../lib/errors.ts'
import type { GatewayErrorCode } from '../../lib/errors.ts'
import type { IllegalFrame, Plan, RequestFault, UpstreamFault } from './plan.ts'

/**
 * Every way in which the client of this plan may see its end. Several faults at once may meet in more ways than each
 * alone, so there the ends of all of them count, and those of a connection that broke.
 */
export function expectedEnds (plan: Plan): ReadonlySet<string> {
  const { faults, model } = plan
  const count = Object.keys(faults).length
  if (count === 0 && model !== 'warm') return new Set([normalEnd(plan)])
  const ends = new Set([...requestEnds(plan), ...clientEnds(plan), ...upstreamEnds(plan)])
  const add = (...more: string[]): void => { for (const end of more) ends.add(end) }
  const broken = sessionEnds('upstream_lost', 'peer_timeout', 'session_expired', 'slow_consumer')
  // Whoever has a warm socket shares the fate of an upstream that plays no plan.
  if (model === 'warm') add(normalEnd(plan), 'close 1001', 'close 1011', refusal(plan, 'upstream_unavailable'), refusal(plan, 'upstream_cooldown'), refusal(plan, 'upstream_timeout'), ...broken)
  if (faults.upstreamWire !== undefined) add(normalEnd(plan), refusal(plan, 'upstream_unavailable'), refusal(plan, 'upstream_timeout'), ...broken)
  if (count > 1) add(normalEnd(plan), 'gone', ...broken)
  if (faults.clientWire !== undefined) {
    // An answer that is cut has its status and no code any more.
    add(...[...ends].filter(end => end.startsWith('http ')).map(end => end.slice(0, 'http 000'.length)))
    add(normalEnd(plan), 'gone', 'gave up', 'http 400', 'http 408', ...broken)
  }
  // A client that does not wait for its answer may break the connection with what it sends, and the answer with it.
  if (plan.glued && [...ends].some(end => end.startsWith('http '))) add('gone')
  return ends
}

/** What the gateway may report as a session's `error` where these ends are expected: the codes in them, or none. */
export function expectedErrors (ends: ReadonlySet<string>): ReadonlySet<string | undefined> {
  return new Set([undefined, ...[...ends].map(end => end.split(' ')[2])])
}

function normalEnd ({ faults }: Plan): string {
  return faults.client?.kind === 'leave' ? 'left' : 'close 1000'
}

function refusal ({ byEvent }: Plan, code: GatewayErrorCode): string {
  const error = new GatewayError(code)
  return byEvent ? `close ${error.closeCode} ${code}` : `http ${error.statusCode} ${code}`
}

function sessionEnds (...codes: GatewayErrorCode[]): string[] {
  return codes.map(code => `close ${new GatewayError(code).closeCode} ${code}`)
}

const requestCodes: Record<Exclude<RequestFault, 'limited-model' | 'no-upgrade'>, GatewayErrorCode> = {
  'bad-key': 'invalid_api_key',
  'no-key': 'missing_api_key',
  'no-model': 'missing_model',
  'unknown-model': 'model_not_found',
  'dead-model': 'upstream_unavailable',
  'hook-throws': 'store_unavailable',
  'hook-hangs': 'store_unavailable'
}

function requestEnds (plan: Plan): string[] {
  const { request } = plan.faults
  if (request === undefined) return []
  if (request === 'limited-model') return [normalEnd(plan), refusal(plan, 'rate_limit_exceeded')]
  if (request === 'no-upgrade') return ['http 426 upgrade_required', ...plan.faults.client === undefined ? [] : ['http 408']]
  // While another client tries it.
  if (request === 'dead-model') return [refusal(plan, 'upstream_unavailable'), refusal(plan, 'upstream_cooldown')]
  // Without a key there is nothing in the subprotocol by which the gateway could know such a client.
  return [refusal(request === 'no-key' ? { ...plan, byEvent: false } : plan, requestCodes[request])]
}

function clientEnds (plan: Plan): string[] {
  const fault = plan.faults.client
  switch (fault?.kind) {
    case undefined: return []
    case 'leave': return ['left', 'gone']
    case 'half-request': return ['http 408']
    case 'unresponsive': return sessionEnds('peer_timeout')
    case 'idle':
    case 'endless': return sessionEnds('session_expired')
    case 'no-close-answer': return [normalEnd(plan)]
    case 'unfinished': return [normalEnd(plan)]
    case 'flood': return sessionEnds('message_rate_exceeded')
    case 'ping-flood': return sessionEnds('control_flood')
    case 'too-large': return sessionEnds('message_too_large')
    case 'too-many-fragments': return sessionEnds('too_many_fragments')
    case 'forbidden-model': return ['close 1008 model_not_allowed']
    case 'kicked': return ['close 4001']
    // Where the system holds all that is not read, the client is merely silent. The close frame stands behind all of that.
    case 'stall': return [normalEnd(plan), 'gone', ...sessionEnds('slow_consumer', 'peer_timeout', 'session_expired')]
    case 'illegal': return [`close ${illegalCode(fault.what)}`]
  }
}

function illegalCode (what: IllegalFrame): number {
  return what === 'close-utf8' ? 1007 : 1002
}

function upstreamEnds (plan: Plan): string[] {
  const fault = plan.faults.upstream
  if (fault === undefined) return []
  const refused = refusalBy(fault)
  // Where the dead deployment was tried before, its fault tells the client more.
  if (refused === 'upstream_rejected' && plan.model === 'failover') return [refusal(plan, refused), refusal(plan, 'upstream_unavailable')]
  if (refused !== undefined) return [refusal(plan, refused)]
  switch (fault.kind) {
    case 'close': return [`close ${fault.code ?? 1000}`]
    // A reset takes with it what was not read yet, the first event perhaps.
    case 'abort': return [...sessionEnds('upstream_lost'), ...fault.how === 'rst' ? [refusal(plan, 'upstream_unavailable')] : []]
    case 'illegal': return sessionEnds('upstream_lost')
    case 'too-large': return sessionEnds('message_too_large')
    case 'unresponsive': return [normalEnd(plan), ...sessionEnds('peer_timeout')]
    case 'slow': return [normalEnd(plan), ...sessionEnds('slow_consumer', 'peer_timeout', 'session_expired')]
    default: return [normalEnd(plan)]
  }
}

/** What a client is told of an upstream that fails before it is ready. */
function refusalBy (fault: UpstreamFault): GatewayErrorCode | undefined {
  switch (fault.kind) {
    case 'hang':
    case 'silent':
    case 'drip': return 'upstream_timeout'
    case 'garbage':
    case 'bad-accept':
    case 'reset':
    case 'end': return 'upstream_unavailable'
    case 'status':
      if (fault.status === 429) return 'upstream_rate_limited'
      if (fault.status === 400) return 'invalid_request'
      return fault.status > 400 && fault.status < 500 ? 'upstream_rejected' : 'upstream_unavailable'
    case 'error-first':
      return fault.code === 'rate_limit_exceeded' ? 'upstream_rate_limited' : fault.code === 'server_error' ? 'upstream_unavailable' : 'upstream_rejected'
    case 'close-first':
      return fault.code === 3000 ? 'upstream_rejected' : fault.code === 1013 ? 'upstream_rate_limited' : 'upstream_unavailable'
  }
  return undefined
}
