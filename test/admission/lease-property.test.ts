import fc from 'fast-check'
import t from 'tap'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GatewayError } from '../../lib/errors.ts'
import { connect, goodKey, request, requestText } from '../fixtures/client.ts'
import { startGateway } from '../fixtures/gateway.ts'
import { encodeAs, Peer } from '../fixtures/peer.ts'
import { holds } from '../fixtures/session/seeded.ts'
import { ready, startUpstream } from '../fixtures/upstream.ts'
import type { Call } from '../fixtures/upstream.ts'
import { dial, readHead } from '../fixtures/wire/raw-http.ts'
import { watchTimers } from '../fixtures/timers.ts'
import type { Deployment, DeploymentOptions, Dialect, Principal, RouteOutcome, SessionError } from '../../types/index.ts'

/** What becomes of one step: it goes well, throws, rejects, or hangs until the client has left. */
type Step = 'well' | 'throws' | 'rejects' | 'hangs'
/** What becomes of one candidate, from its token to its first event. */
type Attempt = 'well' | 'token throws' | 'token hangs' | 'request throws' | 'answers 500' | 'says nothing' | 'closes' | 'is cut'

/** Everything that may go wrong with one client, in the order in which it comes. */
interface Scene {
  readonly authenticate: Step
  readonly candidates: Step | 'none'
  readonly attempts: readonly [Attempt, Attempt]
  readonly accept: 'well' | 'throws'
  readonly dialect: 'well' | 'dialect throws' | 'start throws'
  readonly observers: Step
  readonly report: 'well' | 'throws'
  readonly end: 'client closes' | 'client is cut' | 'client breaks a rule' | 'upstream closes' | 'upstream is cut' | 'by its id' | 'by its key' | 'translation throws'
  /** An unfinished message of each peer stands open then. */
  readonly unfinished: boolean
  /** How a client leaves that waits in vain. */
  readonly leaves: 'end' | 'resetAndDestroy'
}

const mostly = <T>(...others: T[]): fc.Arbitrary<T | 'well'> => fc.oneof({ weight: 7 * others.length, arbitrary: fc.constant('well' as const) }, ...others.map(other => fc.constant(other)))
const attempt = mostly<Attempt>('token throws', 'token hangs', 'request throws', 'answers 500', 'says nothing', 'closes', 'is cut')
const scene: fc.Arbitrary<Scene> = fc.record({
  authenticate: mostly<Step>('throws', 'rejects', 'hangs'),
  candidates: mostly<Scene['candidates']>('throws', 'rejects', 'hangs', 'none'),
  attempts: fc.tuple(attempt, attempt),
  accept: mostly<Scene['accept']>('throws'),
  dialect: mostly<Scene['dialect']>('dialect throws', 'start throws'),
  observers: mostly<Step>('throws', 'rejects', 'hangs'),
  report: mostly<Scene['report']>('throws'),
  end: fc.constantFrom('client closes', 'client is cut', 'client breaks a rule', 'upstream closes', 'upstream is cut', 'by its id', 'by its key', 'translation throws'),
  unfinished: fc.boolean(),
  leaves: fc.constantFrom('end', 'resetAndDestroy')
})

const well: Scene = { authenticate: 'well', candidates: 'well', attempts: ['well', 'well'], accept: 'well', dialect: 'well', observers: 'well', report: 'well', end: 'client closes', unfinished: false, leaves: 'end' }
let now = well
/** Called where a step hangs: the client waits in vain from here on. */
let hanging = (): void => {}

function step<T> (how: Step, value: T): T | Promise<T> {
  if (how === 'throws') throw new Error('broken')
  if (how === 'rejects') return Promise.reject(new Error('broken'))
  if (how === 'hangs') {
    hanging()
    return new Promise(() => {})
  }
  return value
}

/** An observer is heard, and never waited for by a client. */
const observe = (): void | Promise<void> => now.observers === 'hangs' ? new Promise(() => {}) : step(now.observers, undefined)

const dialect: Dialect = {
  name: 'hosts',
  start () {
    if (now.dialect === 'start throws') throw new Error('broken')
    return undefined
  },
  clientToUpstream: { break () { throw new TypeError('broken') } },
  upstreamToClient: {}
}

const timers = watchTimers()

const upstreams = await Promise.all([0, 1, 2].map(i => startUpstream(t, call => { answer(now.attempts[i] ?? 'well', call) })))

function answer (how: Attempt, call: Call): void {
  if (how === 'answers 500') call.answer(500)
  else if (how === 'says nothing') hanging()
  else if (how === 'closes') call.accept().close(1013)
  else if (how === 'is cut') call.socket.destroy()
  else ready(call)
}

/** The third takes whoever finds no room on the others, and is only there to see what is left. */
const deployments: Deployment[] = upstreams.map(({ url }, i): Deployment => ({
  id: `d${i}`,
  model: 'voice',
  target: 'hosts/test',
  baseUrl: url,
  ...(i < 2 && { maxSessions: 1 }),
  token () {
    const how = now.attempts[i]
    return step(how === 'token throws' ? 'rejects' : how === 'token hangs' ? 'hangs' : 'well', 'token') as string
  }
}) satisfies DeploymentOptions & { id: string } as Deployment)

/** The router's books: dials that have not ended, sessions that have not ended. */
const books: Record<string, number> = {}
const wrong: string[] = []
function report ({ type, deployment: { id } }: RouteOutcome): void {
  const count = (what: 'dialling' | 'open', change: number): void => {
    const left = books[`${id} ${what}`] = (books[`${id} ${what}`] ?? 0) + change
    if (left < 0) wrong.push(`${type} of ${id} once too often`)
  }
  if (type === 'dial') count('dialling', 1)
  if (type === 'ready' || type === 'refused' || type === 'dropped') count('dialling', -1)
  if (type === 'ready') count('open', 1)
  if (type === 'ended') count('open', -1)
  if (now.report === 'throws') throw new Error('broken')
}

// What one key may hold: a client's messages fill half of it, and what leaks of a few shows.
const share = 4_000

const gateway = await startGateway(t, {
  maxSessions: 3,
  keys: [{ key: goodKey, name: 'tester', maxParallelRequests: 3 }],
  maxUpgrades: 4,
  maxBufferedBytes: 4 * share,
  closeTimeout: 60,
  lingerTimeout: 40,
  adapters: [{
    provider: 'hosts',
    request ({ id, baseUrl }) {
      if (now.attempts[Number(id.slice(1))] === 'request throws') throw new Error('broken')
      return { url: baseUrl!.replace('http', 'ws'), headers: {} }
    },
    dialect () {
      if (now.dialect === 'dialect throws') throw new Error('broken')
      return dialect
    }
  }],
  router: { candidates: () => step(now.candidates === 'none' ? 'well' : now.candidates, now.candidates === 'none' ? [] : now === well ? deployments : deployments.slice(0, 2)), report },
  authenticate: () => step<Principal | undefined>(now.authenticate, undefined),
  onSessionOpen: observe,
  onTurn: observe,
  onSessionClose: observe
}, {
  before (fastify) {
    fastify.addHook('onRequest', async (_request, reply) => {
      if (now.accept !== 'throws') return
      reply.raw.detachSocket = () => {
        now = { ...now, accept: 'well' }
        delete (reply.raw as { detachSocket?: unknown }).detachSocket
        throw new Error('broken')
      }
    })
  }
})

async function until (test: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const limit = performance.now() + 5_000
  while (!await test()) {
    if (performance.now() > limit) throw new Error(what())
    await nextTurn()
  }
}

const connections = (): Promise<number> => new Promise((resolve, reject) => {
  gateway.fastify.server.getConnections((error, count) => error === null ? resolve(count) : reject(error))
})

/** One client, from its first byte to its last; how far it got. */
async function live (scene: Scene): Promise<string> {
  now = scene
  const socket = await dial(gateway.port)
  socket.on('error', () => {})
  const closed = new Promise<void>(resolve => { socket.once('close', () => resolve()) })
  const vain = new Promise<'vain'>(resolve => { hanging = () => resolve('vain') })
  socket.write(requestText())
  const head = await Promise.race([readHead(socket, 10_000).catch(() => undefined), vain])
  if (head === 'vain') {
    socket.resume()
    socket[scene.leaves]()
    await closed
    return 'left'
  }
  if (head?.line.startsWith('HTTP/1.1 101') !== true) {
    socket.destroy()
    await closed
    return 'refused'
  }
  const client = new Peer(socket, 'client', head.rest)
  await client.until(() => client.messages.length > 0 || client.ending !== undefined || socket.destroyed, 'an event or the end')
  const [session] = gateway.fastify.realtime.sessions.list()
  if (client.ending !== undefined || session === undefined) {
    socket.destroy()
    await closed
    return 'not begun'
  }
  const upstream = upstreams[Number(session.deployment.slice(1))]!.calls.at(-1)!.peer!
  if (scene.unfinished) {
    client.frame(1, Buffer.alloc(300, 0x20), false)
    upstream.frame(1, Buffer.alloc(300, 0x20), false)
    // Whoever still has something to say ends its frames first.
    const half = encodeAs('server', 0, Buffer.alloc(400, 0x20)).subarray(0, 200)
    if (scene.end !== 'upstream closes') upstream.socket.write(half)
    await until(() => {
      const [info] = gateway.fastify.realtime.sessions.list()
      return info === undefined || (info.bytes.client >= 300 && info.bytes.upstream >= (scene.end === 'upstream closes' ? 300 : 500))
    }, () => 'unfinished messages did not come')
  }
  await end(scene.end, session.id, client, upstream)
  socket.end()
  await closed
  return scene.end
}

async function end (how: Scene['end'], id: string, client: Peer, upstream: Peer): Promise<void> {
  const { sessions } = gateway.fastify.realtime
  if (how === 'client closes') client.close(1000)
  if (how === 'client is cut') client.reset()
  if (how === 'client breaks a rule') client.socket.write(Buffer.from([0xff, 0xff]))
  if (how === 'upstream closes') upstream.close(1001)
  if (how === 'upstream is cut') upstream.reset()
  if (how === 'by its id') sessions.close(id)
  if (how === 'by its key') sessions.end(session => session.id === id, new GatewayError('key_blocked') satisfies SessionError)
  if (how === 'translation throws') {
    // The event passes as it came. Where a message is unfinished it breaks a rule instead.
    client.send({ type: 'break' })
    client.close(1000)
  }
  await Promise.race([client.closed, client.until(() => client.ending !== undefined, 'the end')])
}

/** Whether everything is back: nothing is left over, and nothing was given back twice. */
async function settled (before: number): Promise<void> {
  now = well
  await until(async () => gateway.fastify.realtime.sessions.size === 0 && upstreams.every(({ counts }) => counts.open === 0) && timers.size <= before && await connections() === 0,
    () => `left: ${gateway.fastify.realtime.sessions.size} sessions, ${upstreams.map(({ counts }) => counts.open).join(' ')} upstream sockets, ${timers.size - before} timers`)
  const open = Object.entries(books).filter(([, count]) => count !== 0)
  if (open.length > 0 || wrong.length > 0) throw new Error(`the router's books: ${JSON.stringify(open)} ${wrong.join()}`)
}

/** One more than all that is granted is refused, and not one less. */
async function fullHouse (): Promise<void> {
  const clients = []
  for (let i = 0; i < 3; i++) clients.push(await connect(gateway.port))
  const served = gateway.fastify.realtime.sessions.list().map(({ deployment }) => deployment).sort()
  if (served.join() !== 'd0,d1,d2') throw new Error(`slots of deployments: ${served.join()}`)
  const refused = await request(gateway.port)
  if (refused.error?.code !== 'at_capacity') throw new Error(`slots of the gateway: ${refused.status}`)
  // All unfinished bytes but the headers' are there again, and not one more.
  const [first, second] = clients as [Peer, Peer, Peer]
  first.frame(1, Buffer.alloc(share - 100, 0x20), false)
  await until(() => gateway.fastify.realtime.sessions.list().some(({ bytes }) => bytes.client >= share - 100), () => 'nothing came')
  if (gateway.fastify.realtime.sessions.list().some(({ state }) => state !== 'open')) throw new Error('unfinished bytes are held')
  second.frame(1, Buffer.alloc(200, 0x20), false)
  const { code } = await first.closed
  if (code !== 1013) throw new Error('more held than the key may hold')
  for (const client of clients) client.close(1000)
  first.reset()
  await Promise.all(clients.map(({ closed }) => closed))
}

t.test('whatever fails at whatever step of admission and session, everything taken is given back exactly once', async t => {
  const ends: Record<string, number> = {}
  await settled(timers.size)
  const before = timers.size
  await holds(t, 150, scene, async scene => {
    const how = await live(scene)
    ends[how] = (ends[how] ?? 0) + 1
    await settled(before)
  })
  await fullHouse()
  await settled(before)
  t.comment(JSON.stringify(ends))
  for (const end of ['left', 'refused', 'not begun', 'client closes', 'client is cut', 'client breaks a rule', 'upstream closes', 'upstream is cut', 'by its id', 'by its key', 'translation throws']) t.ok(ends[end], `${end} was among the ends`)
})

t.test('each step that can fail alone, does, and a full house fits after each', async t => {
  const before = timers.size
  const alone: Array<Partial<Scene>> = [
    ...(['throws', 'rejects', 'hangs'] as const).flatMap(how => [{ authenticate: how }, { candidates: how }, { observers: how }]),
    { candidates: 'none' },
    ...(['token throws', 'token hangs', 'request throws', 'answers 500', 'says nothing', 'closes', 'is cut'] as const).flatMap((how): Array<Partial<Scene>> => [{ attempts: [how, 'well'] }, { attempts: [how, how] }]),
    { accept: 'throws' },
    { dialect: 'dialect throws' },
    { dialect: 'start throws' },
    { report: 'throws' },
    { unfinished: true, end: 'client is cut' }
  ]
  for (const fault of alone) {
    const how = await live({ ...well, ...fault })
    await settled(before)
    await fullHouse()
    await settled(before)
    t.pass(`${JSON.stringify(fault)}: ${how}`)
  }
})
