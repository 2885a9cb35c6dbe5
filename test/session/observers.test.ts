import t from 'tap'
import { once } from 'node:events'
import { GatewayError } from '../../lib/errors.ts'
import { createObservers } from '../../lib/session/observers.ts'
import type { NamedObserver } from '../../lib/session/observers.ts'
import type { RouteOutcome, SessionInfo, SessionSummary, TurnInfo } from '../../types/index.ts'
import { connect, goodKey, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import type { TestGateway } from '../fixtures/gateway.ts'
import { createClock, turn } from '../fixtures/session/clock.ts'
import { join } from '../fixtures/session/joined.ts'
import { ready, startUpstream } from '../fixtures/upstream.ts'

const info: SessionInfo = { id: 's', principal: 'p', model: 'm', deployment: 'd', route: { candidates: ['d'], passedOver: [], attempts: [] }, state: 'open', ageMs: 0, bytes: { client: 0, upstream: 0 }, messages: { client: 0, upstream: 0 }, turns: 0 }
const turnInfo: TurnInfo = { session: 's', number: 1, principal: 'p', model: 'm', deployment: 'd', times: { ended: 1 }, audioBytes: { client: 0, upstream: 0 }, billed: [], cost: { nanos: 0, unpriced: 0 } }
const { state, ...rest } = info
const summary: SessionSummary = { ...rest, endedBy: 'client', closeCode: 1000, unresponsive: false, cost: { nanos: 0, unpriced: 0 } }

const faults: Readonly<Record<string, () => void | Promise<void>>> = {
  throws: () => { throw new Error('broken') },
  rejects: () => Promise.reject(new Error('broken')),
  hangs: () => new Promise(() => {})
}

for (const [fault, run] of Object.entries(faults)) {
  t.test(`an observer that ${fault} keeps no other from hearing, and nobody from going on`, async t => {
    const clock = createClock()
    t.teardown(() => clock.restore())
    const heard: string[] = []
    const failed: string[] = []
    const good = (name: string): NamedObserver => ({
      name,
      opened: () => { heard.push(`${name} opened`) },
      turn: () => { heard.push(`${name} turn`) },
      closed: async () => { heard.push(`${name} closed`) }
    })
    const observers = createObservers([good('first'), { name: 'bad', opened: run, turn: run, closed: run }, good('last')], { patience: 5_000, failed: (name, cause) => failed.push(`${name}: ${(cause as Error).message}`) })
    observers.opened(info)
    observers.turn(turnInfo)
    let done = false
    observers.closed(summary).then(() => { done = true }, () => t.fail('rejected'))
    t.strictSame(heard, ['first opened', 'last opened', 'first turn', 'last turn', 'first closed', 'last closed'])
    await clock.advance(4_999)
    t.equal(done, fault !== 'hangs', 'only one that hangs is waited for')
    await clock.advance(1)
    t.ok(done)
    t.strictSame(failed, fault === 'hangs' ? ['bad: did not return in 5000 ms'] : Array.from({ length: 3 }, () => 'bad: broken'))
    t.equal(clock.pending, 0)
  })
}

t.test('the end waits for an observer that takes its time, and all are told what the others are', async t => {
  const told: unknown[] = []
  let finish = (): void => {}
  const slow: NamedObserver = { name: 'slow', closed: async given => { told.push(given); await new Promise<void>(resolve => { finish = resolve }) } }
  const observers = createObservers([slow, { name: 'quick', closed: given => { told.push(given) } }, { name: 'deaf' }], { patience: 5_000, failed: () => t.fail('none failed') })
  let done = false
  const closed = observers.closed(summary).then(() => { done = true })
  await turn()
  t.notOk(done)
  finish()
  await closed
  t.strictSame(told, [summary, summary])
})

t.test('a session hears nothing of its observers\' faults', async t => {
  for (const run of Object.values(faults)) {
    const observers = createObservers([{ name: 'bad', opened: run, turn: run, closed: run }], { patience: 100, failed () {} })
    const { client, upstream, clock, closed } = await join({}, { observer: observers })
    upstream.text({ type: 'response.created', response: { id: 'r' } })
    upstream.text({ type: 'response.done', response: { id: 'r' } })
    client.text('still here')
    await turn()
    t.equal(upstream.socket.texts.length, 1)
    t.equal(client.socket.texts.length, 2)
    for (const peer of [client, upstream]) peer.leave()
    await clock.advance(200)
    t.equal(closed.length, 1)
    clock.restore()
  }
})

const usage = { total_tokens: 30, input_tokens: 10, output_tokens: 20, input_token_details: { audio_tokens: 10 } }

/** A gateway whose upstream answers each response.create with a second of sound. */
async function speaking (t: Parameters<typeof startGateway>[0], options: Partial<Parameters<typeof startGateway>[1]> = {}): Promise<TestGateway> {
  const upstream = await startUpstream(t, call => {
    ready(call)
    const peer = call.peer!
    const answered = new Set<unknown>()
    peer.socket.on('data', () => {
      for (const message of peer.messages) {
        if (answered.has(message) || !message.payload.includes('response.create')) continue
        answered.add(message)
        const id = `resp_${answered.size}`
        peer.send({ type: 'response.created', response: { id } })
        peer.send({ type: 'response.output_audio.delta', response_id: id, delta: Buffer.alloc(48_000).toString('base64') })
        peer.send({ type: 'response.done', response: { id, status: 'completed', usage } })
      }
    })
  })
  return await startGateway(t, { deployments: [deploymentAt(upstream, { id: 'only' })], ...options })
}

t.test('onTurn is told all that there is to a turn', async t => {
  const turns: TurnInfo[] = []
  const gateway = await speaking(t, { keys: [{ key: goodKey, name: 'tester', team: 'red' }], onTurn: turn => { turns.push(turn) } })
  const client = await connect(gateway.port)
  client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(1_001).toString('base64') })
  client.send({ type: 'response.create' })
  await client.message(3)
  const session = gateway.fastify.realtime.sessions.list()[0]!
  client.close(1000)
  await gateway.session(0)
  t.equal(turns.length, 1)
  const [{ times, billed, ...told }] = turns as [TurnInfo]
  t.strictSame(told, {
    session: session.id,
    principal: 'tester',
    keyHash: session.keyHash,
    team: 'red',
    model: 'voice',
    deployment: 'only',
    number: 1,
    servedModel: 'test',
    responseId: 'resp_1',
    status: 'completed',
    usage,
    // Nobody knows the price of a model called `test`.
    cost: { nanos: 0, unpriced: 1 },
    audioBytes: { client: 1_001, upstream: 48_000 }
  })
  t.equal(billed.length, 1)
  t.match(session.keyHash, /^[0-9a-f]{64}$/)
  t.ok(times.asked! <= times.began! && times.began! <= times.firstAudio! && times.firstAudio! <= times.ended, JSON.stringify(times))
})

t.test('the router, the log and the hooks are told the same', async t => {
  const outcomes: RouteOutcome[] = []
  const hooks: Array<SessionInfo | TurnInfo | SessionSummary> = []
  const note = (given: SessionInfo | TurnInfo | SessionSummary): void => { hooks.push(given) }
  const upstream = await startUpstream(t, call => {
    ready(call)
    for (const event of [{ type: 'response.created', response: { id: 'r' } }, { type: 'response.output_audio.delta', delta: 'AAAA' }, { type: 'response.done', response: { id: 'r', usage } }]) call.peer!.send(event)
  })
  const gateway = await startGateway(t, {
    router: { candidates: () => [{ ...deploymentAt(upstream), id: 'chosen' }], report: outcome => { outcomes.push(outcome) } },
    onSessionOpen: note,
    onTurn: note,
    onSessionClose: note
  })
  const client = await connect(gateway.port)
  await client.message(3)
  client.close(4000, 'enough')
  await gateway.session(0)
  await gateway.idle()
  const lines = gateway.log().split('\n').filter(line => line.includes('realtime session')).map(line => JSON.parse(line) as Record<string, unknown>)
  const [opened, turned, closed] = hooks as [SessionInfo, TurnInfo, SessionSummary]
  t.match(lines[0], { msg: 'realtime session open', session: opened.id, principal: 'tester', model: 'voice', deployment: 'chosen' })
  t.match(lines[1], { msg: 'realtime session closed', session: opened.id, endedBy: 'client', closeCode: 4000, turns: 1, ageMs: closed.ageMs, bytes: closed.bytes, messages: closed.messages })
  t.strictSame([opened.id, turned.session, closed.id].every(id => id === opened.id), true)
  t.match(closed, { endedBy: 'client', closeCode: 4000, turns: 1, unresponsive: false })
  t.strictSame(outcomes.map(({ type }) => type), ['dial', 'ready', 'first_audio', 'turn', 'ended'])
  t.match(outcomes.slice(2), [
    { type: 'first_audio', ms: turned.times.firstAudio! - turned.times.began! },
    { type: 'turn', tokens: 30 },
    // How the client leaves is no news of the deployment.
    { type: 'ended', ms: closed.ageMs, closeCode: 1000, unresponsive: false }
  ])
})

for (const [fault, run] of Object.entries(faults)) {
  t.test(`hooks of the host's, each of which ${fault}, keep no session from anything`, async t => {
    const gateway = await speaking(t, { onSessionOpen: run, onTurn: run, onSessionClose: run, closeTimeout: 200 })
    const client = await connect(gateway.port)
    client.send({ type: 'response.create' })
    await client.message(3)
    client.close(1000)
    t.equal((await client.closed).code, 1000)
    const before = performance.now()
    await gateway.fastify.close()
    t.ok(performance.now() - before < 5_000, 'and no shutdown for long')
    const failed = gateway.log().split('\n').filter(line => line.includes(' failed"')).map(line => (JSON.parse(line) as { msg: string }).msg)
    t.strictSame(failed, fault === 'hangs' ? ['onSessionClose failed'] : ['onSessionOpen failed', 'onTurn failed', 'onSessionClose failed'])
  })
}

t.test('a drain waits for what the end of the last session has set going', async t => {
  let finish = (): void => {}
  let begun = (): void => {}
  const ending = new Promise<void>(resolve => { begun = resolve })
  const gateway = await speaking(t, {
    async onSessionClose () {
      begun()
      await new Promise<void>(resolve => { finish = resolve })
    }
  })
  const client = await connect(gateway.port)
  await client.message(0)
  let drained = false
  const drain = gateway.fastify.realtime.drain().then(() => { drained = true })
  await ending
  await turn()
  t.notOk(drained)
  finish()
  await drain
})

t.test('a hook that closes its session as it opens closes it', async t => {
  const gateway: TestGateway = await speaking(t, { onSessionOpen: ({ id }) => { gateway.fastify.realtime.sessions.close(id, { code: 4001, reason: 'not today' }) } })
  const client = await connect(gateway.port)
  t.strictSame(await client.closed, { code: 4001, reason: 'not today' })
  t.match(await gateway.session(0), { endedBy: 'gateway', closeCode: 4001 })
})

t.test('sessions are ended by whatever is known of them, with the error and its close code', async t => {
  const keys = ['red', 'red', 'blue'].map((team, i) => ({ key: `sk-test-key-000000001${i}`, team }))
  const gateway = await speaking(t, { keys })
  const clients = await Promise.all(keys.map(({ key }) => connect(gateway.port, { key })))
  await Promise.all(clients.map(client => client.message(0)))
  const { sessions } = gateway.fastify.realtime
  t.equal(sessions.end(({ team }) => team === 'green', new GatewayError('key_blocked')), 0)
  t.equal(sessions.end(({ team }) => team === 'red', new GatewayError('key_blocked')), 2)
  for (const client of clients.slice(0, 2)) {
    t.strictSame(await client.closed, { code: 3000, reason: 'key_blocked' })
    t.match(await client.json(1), { type: 'error', error: { type: 'invalid_request_error', code: 'key_blocked' } })
  }
  for (const n of [0, 1]) t.match(await gateway.session(n), { endedBy: 'gateway', closeCode: 3000, error: 'key_blocked', team: 'red' })
  t.strictSame(sessions.list().map(({ team }) => team), ['blue'])
  clients[2]!.send({ type: 'response.create' })
  t.equal((await clients[2]!.json(3)).type, 'response.done', 'the others go on')
})

for (const [whose, options] of [
  ['a key of the options', (expiresAt: number): object => ({ keys: [{ key: goodKey, name: 'brief', expiresAt }] })],
  ['a principal of the host\'s', (expiresAt: number): object => ({ keys: [], authenticate: () => ({ id: 'brief', expiresAt }) })]
] as const) {
  t.test(`the expiry of ${whose} ends its session with key_expired and 3000`, async t => {
    const expiresAt = Date.now() + 700
    const { port, session } = await speaking(t, { ...options(expiresAt), pingInterval: 100 })
    const client = await connect(port)
    t.strictSame(await client.closed, { code: 3000, reason: 'key_expired' })
    t.match(await client.json(1), { type: 'error', error: { code: 'key_expired' } })
    t.ok(Date.now() >= expiresAt, 'and not before')
    t.match(await session(0), { principal: 'brief', endedBy: 'gateway', closeCode: 3000, error: 'key_expired' })
  })
}

for (const [what, policy, code] of [
  ['blocked', { blocked: true }, 'key_blocked'],
  ['expired', { expiresAt: 1_700_000_000_000 }, 'key_expired']
] as const) {
  t.test(`a principal of the host's that is ${what} is refused`, async t => {
    const { port } = await speaking(t, { keys: [], authenticate: () => ({ id: 'somebody', ...policy }) })
    t.match(await request(port), { status: 401, error: { code } })
  })
}

t.test('one without an expiry is not ended', async t => {
  const { port, fastify } = await speaking(t, { pingInterval: 100 })
  const client = await connect(port)
  const pinged = new Promise<void>(resolve => { client.until(() => client.pings.length >= 2, 'two pings').then(resolve, resolve) })
  await pinged
  t.equal(fastify.realtime.sessions.size, 1)
  const closed = once(client.socket, 'close')
  client.close(1000)
  await closed
})
