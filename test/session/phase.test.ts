import fc from 'fast-check'
import t from 'tap'
import { GatewayError } from '../../lib/errors.ts'
import { transition } from '../../lib/session/phase.ts'
import type { Close, Effect, Phase, PhaseContext, PhaseEvent, Peer } from '../../lib/session/phase.ts'
import type { ReadFailure } from '../../lib/wire/read-failure.ts'
import { holds } from '../fixtures/session/seeded.ts'

const shutdown = new GatewayError('draining')
const expired = new GatewayError('key_expired')
const bye: Close = { code: 1000, reason: 'bye' }
const quiet: Close = { code: 1000, reason: '' }
const vanished: Close = { code: 1006, reason: '' }
const secret = 'hush-hush'

const phases: Readonly<Record<string, Phase>> = {
  open: { name: 'open' },
  draining: { name: 'draining', error: shutdown },
  // The client broke a rule, and the upstream's answers to what came before are waited for.
  'client settling': { name: 'closing', end: { by: 'client', code: 1006 }, upstream: 'open', upstreamClose: { code: 1011, reason: '' }, gone: [] },
  // The client left while a response was running.
  lingering: { name: 'closing', end: { by: 'client', code: 1000 }, upstream: 'lingering', upstreamClose: bye, gone: ['client'] },
  // The gateway ended the session while a response was running.
  'lingering alone': { name: 'closing', end: { by: 'gateway', code: 3000, error: 'key_expired' }, upstream: 'lingering', upstreamClose: quiet, gone: [] },
  // The upstream closed, and the client has been told.
  'client told': { name: 'closing', end: { by: 'upstream', code: 1001 }, upstream: 'open', upstreamClose: quiet, gone: [] },
  // Both are closed, and answer.
  leaving: { name: 'closing', end: { by: 'gateway', code: 4001 }, upstream: 'leaving', upstreamClose: quiet, gone: [] },
  'client gone': { name: 'closing', end: { by: 'client', code: 1000 }, upstream: 'leaving', upstreamClose: bye, gone: ['client'] },
  closed: { name: 'closed', end: { by: 'client', code: 1000 } }
}

const ended = (peer: Peer, close: Close, failure?: ReadFailure): PhaseEvent => ({ type: 'ended', peer, close, failure })
const settled = (peer: Peer): PhaseEvent => ({ type: 'settled', peer, close: vanished, failure: 'protocol_error' })

const events: Readonly<Record<string, PhaseEvent>> = {
  drain: { type: 'drain', error: shutdown },
  'the drain\'s deadline': { type: 'fail', error: shutdown },
  idle: { type: 'idle' },
  fail: { type: 'fail', error: expired },
  'fail with a code': { type: 'fail', error: expired, closeCode: 1008 },
  close: { type: 'close', close: { code: 4001, reason: 'moved' } },
  'client closed': ended('client', bye),
  'client closed without a code': ended('client', { code: 1005, reason: '' }),
  'client vanished': ended('client', vanished),
  'client broke the protocol': ended('client', vanished, 'protocol_error'),
  'client broke a limit': ended('client', vanished, 'message_too_large'),
  'upstream closed': ended('upstream', { code: 1001, reason: `bye ${secret}` }),
  'upstream vanished': ended('upstream', vanished),
  'upstream broke UTF-8': ended('upstream', vanished, 'invalid_utf8'),
  'upstream broke a limit': ended('upstream', vanished, 'buffered_bytes_exceeded'),
  'client settled': settled('client'),
  'upstream settled': settled('upstream'),
  'linger over': { type: 'linger_over' },
  'client socket closed': { type: 'gone', peer: 'client' },
  'upstream socket closed': { type: 'gone', peer: 'upstream' }
}

const contexts: Readonly<Record<string, PhaseContext>> = {
  idle: { running: 0, upstreamOpen: true, secret },
  runs: { running: 1, upstreamOpen: true, secret },
  unheard: { running: 1, upstreamOpen: false, secret }
}

/** A phase in a line; `=` where it is the one before. */
function shown (phase: Phase, before: Phase): string {
  if (phase === before) return '='
  if (phase.name !== 'closing') return phase.name
  const { end, upstream, upstreamClose, gone } = phase
  return [`closing, by ${end.by} ${end.code}${end.error === undefined ? '' : ` ${end.error}`}`, `upstream ${upstream} ${inWords(upstreamClose)}`, ...gone.length > 0 ? [`gone ${gone.join(' ')}`] : []].join(', ')
}

function inWords ({ code, reason }: Close): string {
  return reason === '' ? String(code) : `${code} "${reason}"`
}

function inOrder (effects: readonly Effect[]): string {
  return effects.map(effect => {
    switch (effect.do) {
      case 'tell': return `tell ${effect.error.code}`
      case 'close': return `close ${effect.peer} ${inWords(effect.close)}`
      case 'reject': return `reject ${effect.peer} ${effect.failure}`
      case 'settle': return `settle ${effect.peer}`
      default: return effect.do
    }
  }).join(' · ')
}

/**
 * By event: from which phases it leads where, and what is done. What is not here changes nothing.
 * Behind a phase: `runs`, a response that is heard; `idle`, none; `unheard`, one that is not heard; `silent`, either of these two.
 */
const table: Readonly<Record<string, ReadonlyArray<readonly [from: string, to: string, effects: string]>>> = {
  drain: [
    ['open idle', 'closing, by gateway 1012 draining, upstream leaving 1000', 'tell draining · close client 1012 "draining" · close upstream 1000 · cut_later'],
    ['open runs / open unheard', 'draining', '']
  ],
  'the drain\'s deadline': [
    ['open silent / draining', 'closing, by gateway 1012 draining, upstream leaving 1000', 'tell draining · close client 1012 "draining" · close upstream 1000 · cut_later'],
    ['open runs', 'closing, by gateway 1012 draining, upstream lingering 1000', 'tell draining · close client 1012 "draining" · linger'],
    ['lingering', 'closing, by client 1000, upstream leaving 1000 "bye", gone client', 'close upstream 1000 "bye" · cut_later'],
    ['lingering alone', 'closing, by gateway 3000 key_expired, upstream leaving 1000', 'close upstream 1000 · cut_later']
  ],
  idle: [
    ['draining', 'closing, by gateway 1012 draining, upstream leaving 1000', 'tell draining · close client 1012 "draining" · close upstream 1000 · cut_later'],
    ['lingering', 'closing, by client 1000, upstream leaving 1000 "bye", gone client', 'close upstream 1000 "bye" · cut_later'],
    ['lingering alone', 'closing, by gateway 3000 key_expired, upstream leaving 1000', 'close upstream 1000 · cut_later']
  ],
  fail: [
    ['open silent / draining silent', 'closing, by gateway 3000 key_expired, upstream leaving 1000', 'tell key_expired · close client 3000 "key_expired" · close upstream 1000 · cut_later'],
    ['open runs / draining runs', 'closing, by gateway 3000 key_expired, upstream lingering 1000', 'tell key_expired · close client 3000 "key_expired" · linger']
  ],
  'fail with a code': [
    ['open silent / draining silent', 'closing, by gateway 1008 key_expired, upstream leaving 1000', 'tell key_expired · close client 1008 "key_expired" · close upstream 1000 · cut_later'],
    ['open runs / draining runs', 'closing, by gateway 1008 key_expired, upstream lingering 1000', 'tell key_expired · close client 1008 "key_expired" · linger']
  ],
  close: [
    ['open / draining', 'closing, by gateway 4001, upstream leaving 4001 "moved"', 'close client 4001 "moved" · close upstream 4001 "moved" · cut_later']
  ],
  'client closed': [
    ['open silent / draining silent', 'closing, by client 1000, upstream leaving 1000 "bye"', 'close upstream 1000 "bye" · cut_later'],
    ['open runs / draining runs', 'closing, by client 1000, upstream lingering 1000 "bye"', 'linger'],
    ['client settling silent', 'closing, by client 1006, upstream leaving 1000 "bye"', 'close upstream 1000 "bye" · cut_later'],
    ['client settling runs', 'closing, by client 1006, upstream lingering 1000 "bye"', 'linger'],
    ['lingering silent / client gone silent', 'closing, by client 1000, upstream leaving 1000 "bye", gone client', 'close upstream 1000 "bye" · cut_later'],
    ['lingering runs / client gone runs', 'closing, by client 1000, upstream lingering 1000 "bye", gone client', 'linger'],
    ['client told silent', 'closing, by upstream 1001, upstream leaving 1000 "bye"', 'close upstream 1000 "bye" · cut_later'],
    ['client told runs', 'closing, by upstream 1001, upstream lingering 1000 "bye"', 'linger']
  ],
  'client closed without a code': [
    ['open silent / draining silent', 'closing, by client 1005, upstream leaving 1000', 'close upstream 1000 · cut_later'],
    ['open runs / draining runs', 'closing, by client 1005, upstream lingering 1000', 'linger'],
    ['client settling silent', 'closing, by client 1006, upstream leaving 1000', 'close upstream 1000 · cut_later'],
    ['client settling runs', 'closing, by client 1006, upstream lingering 1000', 'linger'],
    ['lingering silent / client gone silent', 'closing, by client 1000, upstream leaving 1000, gone client', 'close upstream 1000 · cut_later'],
    ['lingering runs / client gone runs', 'closing, by client 1000, upstream lingering 1000, gone client', 'linger'],
    ['client told silent', 'closing, by upstream 1001, upstream leaving 1000', 'close upstream 1000 · cut_later'],
    ['client told runs', 'closing, by upstream 1001, upstream lingering 1000', 'linger']
  ],
  'client vanished': [
    ['open silent / draining silent / client settling silent', 'closing, by client 1006, upstream leaving 1011', 'close upstream 1011 · cut_later'],
    ['open runs / draining runs / client settling runs', 'closing, by client 1006, upstream lingering 1011', 'linger'],
    ['lingering silent / client gone silent', 'closing, by client 1000, upstream leaving 1011, gone client', 'close upstream 1011 · cut_later'],
    ['lingering runs / client gone runs', 'closing, by client 1000, upstream lingering 1011, gone client', 'linger'],
    ['client told silent', 'closing, by upstream 1001, upstream leaving 1011', 'close upstream 1011 · cut_later'],
    ['client told runs', 'closing, by upstream 1001, upstream lingering 1011', 'linger']
  ],
  'client broke the protocol': [
    ['open / draining / client settling', 'closing, by client 1006, upstream open 1011', 'settle upstream'],
    ['lingering', 'closing, by client 1000, upstream lingering 1011, gone client', 'settle upstream'],
    ['client told', 'closing, by upstream 1001, upstream open 1011', 'settle upstream'],
    ['client gone', 'closing, by client 1000, upstream leaving 1011, gone client', 'settle upstream']
  ],
  'client broke a limit': [
    ['open silent / draining silent', 'closing, by gateway 1009 message_too_large, upstream leaving 1000', 'tell message_too_large · close client 1009 "message_too_large" · close upstream 1000 · cut_later'],
    ['open runs / draining runs', 'closing, by gateway 1009 message_too_large, upstream lingering 1000', 'tell message_too_large · close client 1009 "message_too_large" · linger']
  ],
  'upstream closed': [
    ['open / draining', 'closing, by upstream 1001, upstream open 1000', 'close client 1001 "bye [redacted]" · cut_later'],
    ['client settling / lingering / lingering alone / client told / leaving / client gone', '=', 'close client 1001 "bye [redacted]" · cut_later']
  ],
  'upstream vanished': [
    ['open / draining', 'closing, by upstream 1006, upstream open 1000', 'tell upstream_lost · close client 1011 "upstream_lost" · cut_later'],
    ['client settling / lingering / lingering alone / client told / leaving / client gone', '=', 'tell upstream_lost · close client 1011 "upstream_lost" · cut_later']
  ],
  'upstream broke UTF-8': [
    ['open / draining', 'closing, by upstream 1006, upstream open 1000', 'settle client'],
    ['client settling / lingering / lingering alone / client told / leaving / client gone', '=', 'settle client']
  ],
  'upstream broke a limit': [
    ['open silent / draining silent', 'closing, by gateway 1013 buffered_bytes_exceeded, upstream leaving 1000', 'reject upstream buffered_bytes_exceeded · tell buffered_bytes_exceeded · close client 1013 "buffered_bytes_exceeded" · close upstream 1000 · cut_later'],
    ['open runs / draining runs', 'closing, by gateway 1013 buffered_bytes_exceeded, upstream lingering 1000', 'reject upstream buffered_bytes_exceeded · tell buffered_bytes_exceeded · close client 1013 "buffered_bytes_exceeded" · linger'],
    ['client settling / lingering / lingering alone / client told / leaving / client gone', '=', 'reject upstream buffered_bytes_exceeded']
  ],
  'client settled': [
    ['client settling silent', 'closing, by client 1006, upstream leaving 1011', 'reject client protocol_error · close upstream 1011 · cut_later'],
    ['client settling runs', 'closing, by client 1006, upstream lingering 1011', 'reject client protocol_error · linger'],
    ['lingering silent / client gone silent', 'closing, by client 1000, upstream leaving 1000 "bye", gone client', 'reject client protocol_error · close upstream 1000 "bye" · cut_later'],
    ['lingering runs / client gone runs', 'closing, by client 1000, upstream lingering 1000 "bye", gone client', 'reject client protocol_error · linger'],
    ['lingering alone silent', 'closing, by gateway 3000 key_expired, upstream leaving 1000', 'reject client protocol_error · close upstream 1000 · cut_later'],
    ['lingering alone runs', 'closing, by gateway 3000 key_expired, upstream lingering 1000', 'reject client protocol_error · linger'],
    ['client told silent', 'closing, by upstream 1001, upstream leaving 1000', 'reject client protocol_error · close upstream 1000 · cut_later'],
    ['client told runs', 'closing, by upstream 1001, upstream lingering 1000', 'reject client protocol_error · linger'],
    ['leaving silent', 'closing, by gateway 4001, upstream leaving 1000', 'reject client protocol_error · close upstream 1000 · cut_later'],
    ['leaving runs', 'closing, by gateway 4001, upstream lingering 1000', 'reject client protocol_error · linger']
  ],
  'upstream settled': [
    ['client settling / lingering / lingering alone / client told / leaving / client gone', '=', 'reject upstream protocol_error · tell upstream_lost · close client 1011 "upstream_lost" · cut_later']
  ],
  'linger over': [
    ['lingering', 'closing, by client 1000, upstream leaving 1000 "bye", gone client', 'close upstream 1000 "bye" · cut_later'],
    ['lingering alone', 'closing, by gateway 3000 key_expired, upstream leaving 1000', 'close upstream 1000 · cut_later']
  ],
  'client socket closed': [
    ['client settling', 'closing, by client 1006, upstream open 1011, gone client', ''],
    ['lingering', 'closing, by client 1000, upstream lingering 1000 "bye", gone client', ''],
    ['lingering alone', 'closing, by gateway 3000 key_expired, upstream lingering 1000, gone client', ''],
    ['client told', 'closing, by upstream 1001, upstream open 1000, gone client', ''],
    ['leaving', 'closing, by gateway 4001, upstream leaving 1000, gone client', ''],
    ['client gone', 'closing, by client 1000, upstream leaving 1000 "bye", gone client', '']
  ],
  'upstream socket closed': [
    ['client settling', 'closing, by client 1006, upstream open 1011, gone upstream', ''],
    ['lingering / client gone', 'closed', 'finish'],
    ['lingering alone', 'closing, by gateway 3000 key_expired, upstream lingering 1000, gone upstream', ''],
    ['client told', 'closing, by upstream 1001, upstream open 1000, gone upstream', ''],
    ['leaving', 'closing, by gateway 4001, upstream leaving 1000, gone upstream', '']
  ]
}

for (const [name, event] of Object.entries(events)) {
  t.test(`${name}: each phase goes where the table says, and every other stays as it is`, async t => {
    const rows = new Map(table[name]!.flatMap(([from, to, effects]) => from.split(' / ').map(each => [each, { to, effects }])))
    for (const [from, phase] of Object.entries(phases)) {
      for (const [when, context] of Object.entries(contexts)) {
        const { to, effects } = rows.get(`${from} ${when}`) ?? (when === 'runs' ? undefined : rows.get(`${from} silent`)) ?? rows.get(from) ?? { to: '=', effects: '' }
        const next = transition(phase, event, context)
        t.strictSame({ to: shown(next.phase, phase), effects: inOrder(next.effects) }, { to, effects }, `${from}, ${when}`)
      }
    }
    const known = Object.keys(phases).flatMap(from => [from, ...[...Object.keys(contexts), 'silent'].map(when => `${from} ${when}`)])
    t.strictSame([...rows.keys()].filter(row => !known.includes(row)), [], 'no row is of another phase')
  })
}

t.test('what is waited for says afterwards what was wrong', async t => {
  const { effects } = transition(phases['open']!, events['client broke the protocol']!, contexts['idle']!)
  t.strictSame(effects, [{ do: 'settle', peer: 'upstream', then: { type: 'settled', peer: 'client', close: vanished, failure: 'protocol_error' } }])
})

t.test('the same phase, event and context give the same, and none of them is changed', async t => {
  for (const phase of Object.values(phases).map(frozen)) {
    for (const event of Object.values(events)) {
      for (const context of Object.values(contexts).map(frozen)) t.strictSame(transition(phase, event, context), transition(phase, event, context))
    }
  }
})

/** A session's surroundings, as its legs keep them: an end is told once and before its socket's, and what was asked for comes once. */
class World {
  phase: Phase = { name: 'open' }
  readonly effects: Effect[] = []
  readonly ended = new Set<Peer>()
  readonly gone = new Set<Peer>()
  readonly #settling: PhaseEvent[] = []
  #lingers = false

  /** What may happen now. */
  get possible (): PhaseEvent[] {
    const ends = (['client', 'upstream'] as const).filter(peer => !this.ended.has(peer))
    return [
      ...['drain', 'the drain\'s deadline', 'idle', 'fail', 'fail with a code', 'close'].map(name => events[name]!),
      ...Object.values(events).filter(event => event.type === 'ended' && ends.includes(event.peer)),
      ...(['client', 'upstream'] as const).filter(peer => this.ended.has(peer) && !this.gone.has(peer)).map(peer => ({ type: 'gone', peer }) as const),
      ...this.#settling,
      ...this.#lingers ? [events['linger over']!] : []
    ]
  }

  get waits (): boolean {
    return this.#settling.length > 0 || this.#lingers
  }

  happens (event: PhaseEvent, running: number): void {
    const before = this.phase
    if (event.type === 'ended') this.ended.add(event.peer)
    if (event.type === 'gone') this.gone.add(event.peer)
    if (this.#settling.includes(event)) this.#settling.splice(this.#settling.indexOf(event), 1)
    const upstreamOpen = !this.ended.has('upstream') && !this.effects.some(effect => effect.do === 'close' && effect.peer === 'upstream')
    const { phase, effects } = transition(before, event, { running, upstreamOpen })
    if (before.name === 'closed' && effects.length > 0) throw new Error('something is done after the end')
    if (before.name === 'closing' && phase.name === 'closing') {
      if (before.end !== phase.end) throw new Error('the first end counts')
      const order = ['open', 'lingering', 'leaving']
      if (order.indexOf(phase.upstream) < order.indexOf(before.upstream)) throw new Error(`upstream ${before.upstream} is ${phase.upstream} again`)
    }
    if (before.name !== 'open' && phase.name === 'open') throw new Error('open again')
    for (const effect of effects) this.#do(effect)
    this.phase = phase
  }

  #do (effect: Effect): void {
    this.effects.push(effect)
    if (effect.do === 'settle') this.#settling.push(effect.then)
    if (effect.do === 'linger') this.#lingers = true
    // One clock for both: the later stops the earlier.
    if (effect.do === 'cut_later') this.#lingers = false
  }

  count (what: Effect['do'], peer?: Peer): number {
    return this.effects.filter(effect => effect.do === what && (peer === undefined || ('peer' in effect && effect.peer === peer))).length
  }
}

t.test('whatever happens in whatever order, a session finishes once, when both peers are gone, and none of them waits for ever', async t => {
  const steps = fc.array(fc.record({ which: fc.nat(1_000), running: fc.nat(2) }), { maxLength: 14 })
  const seen = new Set<string>()
  await holds(t, 5_000, steps, steps => {
    const world = new World()
    const check = (): void => {
      const { phase } = world
      if ((phase.name === 'closed') !== (world.gone.size === 2)) throw new Error(`${world.gone.size} gone and ${phase.name}`)
      if (world.count('finish') !== (phase.name === 'closed' ? 1 : 0)) throw new Error('finish comes once, at the end')
      // Whoever is not waited for has its time to close its socket.
      if (phase.name === 'closing' && !world.waits && world.count('cut_later') === 0) throw new Error('nobody cuts')
    }
    for (const { which, running } of steps) {
      const { possible } = world
      world.happens(possible[which % possible.length]!, running)
      seen.add(world.phase.name === 'closing' ? `closing ${world.phase.upstream}` : world.phase.name)
      check()
    }
    for (const peer of ['client', 'upstream'] as const) {
      if (!world.ended.has(peer)) world.happens({ type: 'ended', peer, close: vanished }, 1)
      if (!world.gone.has(peer)) world.happens({ type: 'gone', peer }, 1)
      check()
    }
    for (const event of world.possible) world.happens(event, 0)
    if (world.phase.name !== 'closed') throw new Error('both are gone, and it is not closed')
    const most = { linger: 1, reject: 2, settle: 2, tell: 2 } as const
    for (const [what, times] of Object.entries(most)) if (world.count(what as keyof typeof most) > times) throw new Error(`${what} more than ${times} times`)
    // A leg sends its first close frame alone: the second word is the other peer's own end.
    if (world.count('close', 'client') > 2 || world.count('close', 'upstream') > 2) throw new Error('closed too often')
    const first = world.effects.findIndex(effect => effect.do === 'cut_later')
    if (world.effects.slice(first).some(effect => effect.do === 'linger')) throw new Error('it lingers when its time is up')
  })
  t.strictSame([...seen].sort(), ['closed', 'closing leaving', 'closing lingering', 'closing open', 'draining', 'open'], 'every phase was among them')
})

function frozen<T extends object> (value: T): T {
  return Object.freeze(value)
}
