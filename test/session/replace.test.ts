import t from 'tap'
import type { Test } from 'tap'
import { createLease } from '../../lib/admission/lease.ts'
import { createPair } from '../../lib/dialect/translation.ts'
import { defaults } from '../../lib/options/defaults.ts'
import { turn } from '../fixtures/session/clock.ts'
import { join, Peer } from '../fixtures/session/joined.ts'
import type { Joined, JoinedParts } from '../fixtures/session/joined.ts'
import { toyUpstream } from '../fixtures/session/toy-dialect.ts'
import type { UnpricedTurn, UpstreamParts } from '../../lib/session/parts.ts'
import type { Stage } from '../../types/index.ts'

interface Replacing extends Joined {
  /** The upstream that takes the place of the first. */
  readonly second: Peer
  /** What was given back, in order. */
  readonly released: string[]
  replace (): boolean
}

async function replacing (t: Test, parts: JoinedParts = {}, limits: Parameters<typeof join>[0] = {}): Promise<Replacing> {
  const released: string[] = []
  const leaseOf = (name: string): UpstreamParts['lease'] => {
    const lease = createLease(cause => { throw cause })
    lease.defer(() => { released.push(name) })
    return lease
  }
  const firstLease = leaseOf('first')
  const secondLease = leaseOf('second')
  const joined = await join(limits, { ...parts, upstream: { lease: firstLease } })
  for (const lease of [firstLease, secondLease]) joined.lease.defer(() => lease.release())
  t.teardown(() => joined.clock.restore())
  const second = new Peer(false)
  return {
    ...joined,
    second,
    released,
    replace: () => joined.session.replaceUpstream({ socket: second.socket, head: Buffer.alloc(0), deployment: 'voice#1', lease: secondLease })
  }
}

t.test('what both sides say goes between the client and the second upstream', async t => {
  const { client, upstream, second, session, replace } = await replacing(t)
  client.text('to the first')
  upstream.text('from the first')
  await turn()
  t.ok(replace())
  client.text('to the second')
  second.text('from the second')
  await turn()
  t.strictSame(upstream.socket.texts, ['to the first'])
  t.strictSame(second.socket.texts, ['to the second'])
  t.strictSame(client.socket.texts, ['from the first', 'from the second'])
  t.equal(session.info().deployment, 'voice#1')
})

t.test('the first upstream is closed, its late words are not heard, and its lease is given back when it is gone', async t => {
  const { client, upstream, replace, released, session } = await replacing(t)
  replace()
  upstream.text('late')
  await turn()
  t.strictSame(upstream.socket.closes, [{ code: 1000, reason: '' }])
  t.strictSame(client.socket.texts, [])
  t.strictSame(released, [])
  upstream.leave()
  await turn()
  t.strictSame(released, ['first'])
  t.equal(session.info().state, 'open')
})

t.test('a first upstream that does not answer its close frame is cut', async t => {
  const { upstream, replace, released, clock } = await replacing(t)
  replace()
  await clock.advance(defaults.closeTimeout)
  t.ok(upstream.socket.destroyed)
  await turn()
  t.strictSame(released, ['first'])
})

t.test('the session ends with its second upstream, and everything is given back once', async t => {
  const { client, upstream, second, replace, released, closed } = await replacing(t)
  replace()
  upstream.leave()
  second.leave(1001)
  await turn()
  client.leave(1001)
  await turn()
  t.match(closed, [{ endedBy: 'upstream', closeCode: 1001, deployment: 'voice#1' }])
  t.strictSame(released.toSorted(), ['first', 'second'])
})

t.test('a stage that replaces the upstream while a message waits has it go to the second, and what came behind it too', async t => {
  let replaced = false
  const stage: Stage = {
    types: ['choose'],
    async handle () {
      if (replaced) return undefined
      replaced = true
      await Promise.resolve()
      replace()
      return undefined
    }
  }
  const { client, upstream, second, replace } = await replacing(t, { clientStages: [stage] })
  for (const type of ['before', 'choose', 'after']) client.text({ type })
  await turn()
  await turn()
  t.strictSame(upstream.socket.texts, ['{"type":"before"}'])
  t.strictSame(second.socket.texts, ['{"type":"choose"}', '{"type":"after"}'])
})

t.test('a message that waited while the upstream was replaced is said in the words of the second', async t => {
  const translation = createPair(undefined, toyUpstream)!({ strict: false, voices: {}, adjusted: () => {} })
  const second = new Peer(false)
  const lease = createLease(cause => { throw cause })
  let replaced = false
  const stage: Stage = {
    types: ['ask'],
    async handle () {
      if (replaced) return undefined
      replaced = true
      await Promise.resolve()
      session.replaceUpstream({ socket: second.socket, head: Buffer.alloc(0), deployment: 'voice#1', lease, dialect: { translation }, usualNames: false })
      return undefined
    }
  }
  const { client, session, clock } = await join({}, { clientStages: [stage] })
  t.teardown(() => clock.restore())
  client.text({ type: 'ask', text: 'hi' })
  await turn()
  await turn()
  t.ok(second.socket.texts.some(text => text.includes('toy.ask')), second.socket.texts.join())
})

t.test('a first upstream that did not read does not keep the client unread', async t => {
  const { client, upstream, second, replace } = await replacing(t, {}, { highWaterMark: 2_000, lowWaterMark: 500 })
  upstream.socket.stall()
  client.text('x'.repeat(3_000))
  await turn()
  t.ok(client.socket.isPaused())
  replace()
  client.text('on')
  await turn()
  t.strictSame(second.socket.texts, ['on'])
})

t.test('a response of the first upstream that is running is told as one that did not end', async t => {
  const turns: UnpricedTurn[] = []
  const { upstream, second, replace, session } = await replacing(t, { observer: { turn: turn => { turns.push(turn) } } })
  upstream.text({ type: 'response.created', response: { id: 'r1' } })
  await turn()
  replace()
  second.text({ type: 'response.created', response: { id: 'r2' } })
  second.text({ type: 'response.done', response: { id: 'r2', status: 'completed' } })
  await turn()
  t.match(turns, [{ responseId: 'r1', status: undefined, deployment: 'voice#0' }, { responseId: 'r2', status: 'completed', deployment: 'voice#1' }])
  t.equal(session.info().turns, 1)
})

t.test('the second upstream is watched as the first was', async t => {
  const { client, second, replace, pass } = await replacing(t)
  replace()
  for (let second = 1; second <= 40; second++) {
    client.frame(10)
    await pass(1_000)
  }
  t.ok(second.socket.destroyed)
  t.strictSame(client.errors, ['peer_timeout'])
})

t.test('a session that is ending takes no other upstream', async t => {
  const { client, second, replace, session } = await replacing(t)
  session.close(1000, '')
  t.notOk(replace())
  client.text('late')
  await turn()
  t.strictSame(second.socket.texts, [])
})
