import type { ChaosEnding, ChaosPlan, DirectionPlan } from '../fixtures/chaos-proxy.ts'
import { drawScript } from './messages.ts'
import type { Script } from './messages.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'

/** What a client asks for that it cannot have, or how the host's own authentication fails it. */
export type RequestFault = 'bad-key' | 'no-key' | 'no-model' | 'unknown-model' | 'dead-model' | 'limited-model' | 'hook-throws' | 'hook-hangs' | 'no-upgrade'

/** When a client is gone, and how. */
export interface Leave {
  readonly stage: 'connected' | 'half-request' | 'waiting' | 'opened' | 'mid-frame' | 'mid-stream' | 'closing'
  readonly how: 'fin' | 'rst'
  /** Milliseconds after the stage is reached. */
  readonly after: number
}

type ClientFault =
  | { readonly kind: 'leave' } & Leave
  | { readonly kind: 'half-request' | 'unresponsive' | 'no-close-answer' | 'idle' | 'endless' | 'flood' | 'ping-flood' | 'too-large' | 'too-many-fragments' | 'unfinished' | 'forbidden-model' | 'kicked' }
  | { readonly kind: 'stall', readonly ms: number }
  | { readonly kind: 'illegal', readonly what: IllegalFrame }

export type UpstreamFault =
  | { readonly kind: 'hang' | 'silent' | 'drip' | 'garbage' | 'bad-accept' | 'reset' | 'end' | 'unresponsive' | 'too-large' | 'no-close-answer' | 'keeps-response' }
  | { readonly kind: 'status', readonly status: number }
  | { readonly kind: 'error-first', readonly code: string }
  | { readonly kind: 'close-first' | 'close', readonly code: number | undefined }
  | { readonly kind: 'abort', readonly how: 'fin' | 'rst' }
  | { readonly kind: 'slow', readonly ms: number }
  | { readonly kind: 'illegal', readonly what: IllegalFrame }

const illegalFrames = ['wrong-mask', 'reserved-bit', 'reserved-opcode', 'long-ping', 'fragmented-ping', 'lone-continuation', 'close-1006', 'close-one-byte', 'close-utf8'] as const
export type IllegalFrame = typeof illegalFrames[number]

/** Where one session goes wrong; nowhere: it must be flawless. */
export interface Faults {
  readonly request?: RequestFault
  readonly client?: ClientFault
  readonly upstream?: UpstreamFault
  readonly clientWire?: DirectionPlan['end'] & { readonly direction: 'up' | 'down' }
  readonly upstreamWire?: DirectionPlan['end'] & { readonly direction: 'up' | 'down' }
}

/** Everything about one client and its session, drawn before it begins. */
export interface Plan {
  readonly id: number
  readonly faults: Faults
  /** The client carries its key in the subprotocol, and so hears of a refusal by an event. */
  readonly byEvent: boolean
  /** The key is for some models only, so that the gateway looks into what the client sends. */
  readonly restricted: boolean
  /**
   * The model that is asked for: `failover` has a dead deployment before the good one, `hedged` one that takes `slowMs`, and `warm`
   * has sockets that were dialled before anybody came.
   */
  readonly model: 'voice' | 'failover' | 'hedged' | 'warm'
  /** Milliseconds that the first deployment of `hedged` takes before it does anything. */
  readonly slowMs: number
  /** Milliseconds that the host's own authentication takes. */
  readonly hookMs: number
  /** The first message comes in the same write as the handshake. */
  readonly glued: boolean
  readonly closer: 'client' | 'upstream'
  readonly up: Script
  readonly down: Script
  /** Whether what the upstream says is a response, and whether that ends before the session does. */
  readonly response: 'none' | 'whole' | 'open'
  /** How far into its script a peer is when it goes wrong: 0 at the start, 1 at the end. */
  readonly turn: number
  readonly clientWire: ChaosPlan
  readonly upstreamWire: ChaosPlan
}

type Site = keyof Faults

const stormBlock = 12

/** The sessions that start together with session `id`: itself, or a whole reconnect storm. */
export function drawGroup (seed: number, id: number): number {
  return isStormy(seed, id) && id % stormBlock === 0 ? stormBlock : 1
}

function isStormy (seed: number, id: number): boolean {
  return createRandom(seed, 1, Math.floor(id / stormBlock)).chance(0.03)
}

/** The plan of session `id` in the run of `seed`. */
export function drawPlan (seed: number, id: number): Plan {
  const random = createRandom(seed, 2, id)
  const faults = drawFaults(random, isStormy(seed, id))
  const fault = faults.client?.kind
  const volume = fault === 'stall' ? 'down' : faults.upstream?.kind === 'slow' ? 'up' : undefined
  const quiet = fault === 'idle'
  // Draws of its own, so that a session's script stays as it is when a fault gets another detail.
  const details = createRandom(seed, 3, id)
  const closer = drawCloser(details, faults)
  return {
    id,
    faults,
    byEvent: details.chance(0.3),
    restricted: fault === 'forbidden-model' || details.chance(0.4),
    model: drawModel(details, faults),
    slowMs: details.spread(0, 1_000),
    hookMs: details.chance(0.3) ? details.int(1, 300) : 0,
    glued: details.chance(0.2),
    closer,
    up: quiet ? [] : drawScript(details, volume === 'up', fault === 'endless'),
    down: quiet ? [] : drawScript(details, volume === 'down', false),
    response: faults.upstream?.kind === 'keeps-response' ? 'open' : details.pick(['none', 'whole', closer === 'client' ? 'open' : 'none']),
    turn: details.next(),
    clientWire: drawWire(details, faults.clientWire, volume),
    upstreamWire: drawWire(details, faults.upstreamWire, volume)
  }
}

/** A session in which nothing happens by itself, on wires that are as they should be. */
export function quietPlan (id: number, faults: Faults = {}, response: Plan['response'] = 'none'): Plan {
  return { id, faults, response, byEvent: false, restricted: false, model: 'voice', slowMs: 0, hookMs: 0, glued: false, closer: 'client', up: [], down: [], turn: 0, clientWire: {}, upstreamWire: {} }
}

/** How many messages of the upstream a client gets that stays for all of them: `session.created` and what is around a response are some. */
export function downCount ({ down, response }: Plan): number {
  return 1 + down.length + (response === 'none' ? 0 : response === 'open' ? 1 : 2)
}

function drawFaults (random: Random, storm: boolean): Faults {
  if (storm) return { client: { kind: 'leave', stage: random.pick(['connected', 'half-request', 'waiting', 'opened']), how: random.pick(['fin', 'rst']), after: random.int(0, 150) } }
  const draws: { [S in Site]: () => Faults[S] } = {
    request: () => random.pick(['bad-key', 'no-key', 'no-model', 'unknown-model', 'dead-model', 'limited-model', 'limited-model', 'hook-throws', 'hook-hangs', 'no-upgrade']),
    client: () => drawClientFault(random),
    upstream: () => drawUpstreamFault(random),
    clientWire: () => drawCut(random),
    upstreamWire: () => drawCut(random)
  }
  const count = Number(random.weighted({ 0: 30, 1: 60, 2: 8, 3: 2 }))
  const sites = new Set<Site>()
  while (sites.size < count) sites.add(random.weighted({ request: 1, client: 4, upstream: 4, clientWire: 2, upstreamWire: 2 }))
  return Object.fromEntries([...sites].sort().map(site => [site, draws[site]()]))
}

function drawClientFault (random: Random): ClientFault {
  const kind = random.weighted({
    leave: 10,
    'half-request': 1,
    unresponsive: 1,
    'no-close-answer': 2,
    idle: 1,
    endless: 1,
    flood: 1,
    'ping-flood': 1,
    'too-large': 1,
    'too-many-fragments': 1,
    unfinished: 2,
    'forbidden-model': 1,
    kicked: 1,
    stall: 2,
    illegal: 4
  })
  switch (kind) {
    case 'leave': return {
      kind,
      stage: random.pick(['connected', 'half-request', 'waiting', 'opened', 'mid-frame', 'mid-stream', 'closing']),
      how: random.pick(['fin', 'rst']),
      after: random.spread(0, 800)
    }
    case 'stall': return { kind, ms: random.spread(200, 5_000) }
    case 'illegal': return { kind, what: random.pick(illegalFrames) }
    default: return { kind }
  }
}

function drawUpstreamFault (random: Random): UpstreamFault {
  const kind = random.weighted({
    status: 3,
    hang: 1,
    silent: 1,
    drip: 1,
    garbage: 1,
    'bad-accept': 1,
    reset: 1,
    end: 1,
    unresponsive: 1,
    'too-large': 1,
    'no-close-answer': 2,
    'keeps-response': 2,
    'error-first': 2,
    'close-first': 1,
    close: 4,
    abort: 4,
    slow: 2,
    illegal: 4
  })
  switch (kind) {
    case 'status': return { kind, status: random.pick([200, 302, 400, 401, 402, 403, 404, 429, 500, 503]) }
    case 'error-first': return { kind, code: random.pick(['invalid_api_key', 'rate_limit_exceeded', 'insufficient_quota', 'server_error']) }
    case 'close-first': return { kind, code: random.pick([1000, 1011, 1013, 3000, 4000]) }
    case 'close': return { kind, code: random.pick([undefined, 1000, 1001, 1008, 1011, 1013, 3000, 4000, 4999]) }
    case 'abort': return { kind, how: random.pick(['fin', 'rst']) }
    case 'slow': return { kind, ms: random.spread(200, 5_000) }
    case 'illegal': return { kind, what: random.pick(illegalFrames) }
    default: return { kind }
  }
}

function drawCut (random: Random): NonNullable<Faults['clientWire']> {
  return { direction: random.pick(['up', 'down']), how: random.pick<ChaosEnding>(['rst', 'fin', 'truncate', 'swallow']), after: random.spread(0, 20_000) }
}

/** A warm socket is bound to nobody, so its upstream can play no plan. */
function drawModel (random: Random, { request, client, upstream, upstreamWire }: Faults): Plan['model'] {
  if (request !== undefined) return 'voice'
  const drawn = random.weighted({ voice: 6, failover: 1, hedged: 2, warm: 1 })
  return drawn === 'warm' && (upstream ?? upstreamWire ?? (client?.kind === 'kicked' || client?.kind === 'forbidden-model' ? client : undefined)) !== undefined ? 'voice' : drawn
}

/** Who ends the session when nothing else does: `client` where the fault is the client's, so that it gets to show. */
function drawCloser (random: Random, { client, upstream }: Faults): Plan['closer'] {
  const drawn = random.pick(['client', 'upstream'] as const)
  if (client?.kind === 'no-close-answer' || client?.kind === 'stall') return 'upstream'
  if (client !== undefined || upstream?.kind === 'no-close-answer' || upstream?.kind === 'keeps-response') return 'client'
  return drawn
}

/** A wire that is slow and chops, within what a healthy session must bear, and is cut where that is the fault. */
function drawWire (random: Random, cut: Faults['clientWire'], volume: 'up' | 'down' | undefined): ChaosPlan {
  const gentle = (): DirectionPlan => {
    const size = random.pick([1, 2, 3, 7, 64, 1000])
    const pace = random.weighted({ slice: 3, throttle: 1, none: 6 })
    return {
      ...(random.chance(0.2) && { delay: random.int(1, 60) }),
      ...(pace === 'slice' && { slice: { size, until: size * 10 } }),
      // Not so slow that a pong comes late behind the largest messages, for which a peer would rightly be given up.
      ...(pace === 'throttle' && { throttle: random.int(1_500_000, 5_000_000) }),
      ...(random.chance(0.1) && { stall: { after: random.spread(0, 20_000), ms: random.int(10, 500) } })
    }
  }
  return Object.fromEntries((['up', 'down'] as const).map(direction => [direction, {
    ...(direction !== volume && gentle()),
    ...(cut?.direction === direction && { end: cut })
  }]))
}
