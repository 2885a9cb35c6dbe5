import t from 'tap'
import type { Test } from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import websocket from '@fastify/websocket'
import { WebSocket } from 'ws'
import type { RealtimeGatewayOptions } from '../types/index.ts'
import { connect, goodKey, requestText } from './fixtures/client.ts'
import { deploymentAt, startGateway } from './fixtures/gateway.ts'
import type { Setting, TestGateway } from './fixtures/gateway.ts'
import { encodeAs } from './fixtures/peer.ts'
import type { Peer, Sendable } from './fixtures/peer.ts'
import { sessionCreated, startUpstream } from './fixtures/upstream.ts'
import type { Owner } from './fixtures/upstream.ts'
import { dial } from './fixtures/wire/raw-http.ts'

const MiB = 1024 * 1024
const upstream = await startUpstream(t)
const gateway = await startGateway(t, { deployments: [deploymentAt(upstream)] })

interface Bridge {
  readonly gateway: TestGateway
  readonly client: Peer
  readonly provider: Peer
}

/** Both ends of one session, `session.created` behind them. */
async function bridge (on = gateway): Promise<Bridge> {
  const n = upstream.calls.length
  const client = await connect(on.port)
  const provider = await upstream.peer(n)
  await client.message(0)
  client.messages.length = 0
  return { gateway: on, client, provider }
}

async function bridgeWith (t: Owner, options: RealtimeGatewayOptions, setting?: Setting): Promise<Bridge> {
  return await bridge(await startGateway(t, { deployments: [deploymentAt(upstream)], ...options }, setting))
}

function alike (t: Test, got: readonly { binary: boolean, payload: Buffer }[], sent: readonly Sendable[]): void {
  t.equal(got.length, sent.length)
  for (const [i, message] of sent.entries()) {
    t.equal(got[i]!.binary, Buffer.isBuffer(message), `kind of message ${i}`)
    const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message as string)
    t.equal(got[i]!.payload.length, bytes.length, `length of message ${i}`)
    t.ok(got[i]!.payload.equals(bytes), `bytes of message ${i}`)
  }
}

const sizes = [1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000]
const odd: readonly Sendable[] = [
  '', Buffer.alloc(0), 'plain', '{"type" : "x",\t"type":"y"}\n', '[]', 'null', '7', '{', '\0', '\ufeff{"type":"bom"}',
  'ß ä 漢字 🎙️ \u{10ffff} \ud7ff \ue000', '{"type":"\\u0072esponse.done"}', '{"__proto__":{"x":1}}', Buffer.from([0xc3, 0x28, 0xff, 0x00]),
  ...sizes.map(size => 'a'.repeat(size)), ...sizes.map(size => randomBytes(size)),
  '{"a":'.repeat(20_000), `{"type":"input_audio_buffer.append","audio":"${'QUJD'.repeat(20_000)}"}`
]

t.test('every message arrives byte for byte, in order, text as text and binary as binary, both ways', async t => {
  const { client, provider } = await bridge()
  for (const message of odd) {
    client.send(message)
    provider.send(message)
  }
  await provider.message(odd.length - 1)
  await client.message(odd.length - 1)
  alike(t, provider.messages, odd)
  alike(t, client.messages, odd)
  client.close(1000)
  await client.closed
})

t.test('a key with a list of models changes nothing of that', async t => {
  const { client, provider } = await bridgeWith(t, { keys: [{ key: goodKey, models: ['voice'] }] })
  for (const message of odd) client.send(message)
  await provider.message(odd.length - 1)
  alike(t, provider.messages, odd)
})

t.test('fragments arrive as the whole that they make, with pings between them answered here', async t => {
  const { client, provider } = await bridge()
  for (const [from, to] of [[client, provider], [provider, client]] as const) {
    const text = Buffer.from('grüße 漢字 '.repeat(2_000))
    // Cut inside code points, with empty fragments.
    const cuts = [0, 0, 3, 4, 4, 5_001, 12_345, text.length, text.length]
    for (let i = 0; i + 1 < cuts.length; i++) {
      from.frame(i === 0 ? 1 : 0, text.subarray(cuts[i], cuts[i + 1]), i + 2 === cuts.length)
      from.frame(9, Buffer.from([i]))
    }
    from.frame(2, Buffer.from('bin'), false)
    from.frame(0, Buffer.from('ary'))
    from.send('after')
    await to.message(2)
    t.ok(to.messages[0]!.payload.equals(text))
    t.match(to.messages.map(({ binary }) => binary), [false, true, false])
    t.equal(to.messages[1]!.payload.toString(), 'binary')
    t.equal(to.messages[2]!.payload.toString(), 'after')
    t.equal(to.pings.length, 0, 'pings stay on their leg')
  }
  client.close(1000)
  await client.closed
})

t.test('thousands of messages each way at once keep their order', async t => {
  const { client, provider } = await bridgeWith(t, { messageBurst: 10_000 })
  const count = 3_000
  for (let i = 0; i < count; i++) {
    client.send(`client ${i} ${'x'.repeat(i % 300)}`)
    provider.send(`provider ${i} ${'y'.repeat(i % 500)}`)
  }
  await provider.message(count - 1)
  await client.message(count - 1)
  t.ok(provider.messages.every(({ payload }, i) => payload.toString().startsWith(`client ${i} `)))
  t.ok(client.messages.every(({ payload }, i) => payload.toString().startsWith(`provider ${i} `)))
})

t.test('16 MiB is not too much, in one frame and in many, both ways', async t => {
  const { client, provider } = await bridge()
  const large = Buffer.alloc(16 * MiB, randomBytes(1021))
  const digest = createHash('sha256').update(large).digest('hex')
  for (const [from, to] of [[client, provider], [provider, client]] as const) {
    from.send(large)
    for (let at = 0; at < large.length; at += MiB) from.frame(at === 0 ? 2 : 0, large.subarray(at, at + MiB), at + MiB === large.length)
    await to.message(1)
    for (const { payload } of to.messages) t.equal(createHash('sha256').update(payload).digest('hex'), digest)
  }
  client.close(1000)
  await client.closed
})

t.test('one byte more ends the session with an error event and 1009', async t => {
  for (const fragmented of [false, true]) {
    const { client, provider, gateway } = await bridgeWith(t, { maxMessageBytes: 1000 })
    client.send('a'.repeat(1000))
    if (fragmented) {
      client.frame(1, Buffer.alloc(600, 97), false)
      client.frame(0, Buffer.alloc(401, 97))
    } else {
      client.send('b'.repeat(1001))
    }
    t.match(await client.json(0), { type: 'error', error: { type: 'invalid_request_error', code: 'message_too_large' } })
    t.strictSame(await client.closed, { code: 1009, reason: 'message_too_large' })
    await provider.closed
    t.equal(provider.messages.length, 1)
    t.match(await gateway.session(0), { endedBy: 'gateway', closeCode: 1009, error: 'message_too_large' })
  }
})

t.test('one byte more from the upstream is told to both', async t => {
  const { client, provider, gateway } = await bridgeWith(t, { maxMessageBytes: 1000 })
  provider.send('a'.repeat(1001))
  const { code } = await client.closed
  t.equal((await client.json(0)).type, 'error')
  t.equal(code, 1009)
  t.equal((await provider.closed).code, 1009)
  await gateway.session(0)
})

t.test('what an upstream sends in the same breath as its 101 arrives whole', async t => {
  const events = [JSON.stringify(sessionCreated), ...Array.from({ length: 200 }, (_, i) => `{"type":"burst","n":${i},"pad":"${'x'.repeat(i * 10)}"}`)]
  const glued = await startUpstream(t, call => { call.accept(Buffer.concat(events.map(event => encodeAs('server', 1, Buffer.from(event))))) })
  const { port } = await startGateway(t, { deployments: [deploymentAt(glued)] })
  const client = await connect(port)
  await client.message(200)
  alike(t, client.messages, events)
})

t.test('what an upstream sends right after its first event arrives whole', async t => {
  const chatty = await startUpstream(t, call => {
    const peer = call.accept()
    for (let i = 0; i < 1_000; i++) peer.send(`{"type":"n${i}"}`)
  })
  const { port } = await startGateway(t, { deployments: [deploymentAt(chatty)] })
  const client = await connect(port)
  await client.message(999)
  t.ok(client.messages.every(({ payload }, i) => payload.toString() === `{"type":"n${i}"}`))
})

t.test('a first event in pieces, one byte at a time, arrives whole', async t => {
  const slow = await startUpstream(t, call => {
    call.accept()
    const bytes = encodeAs('server', 1, Buffer.from(JSON.stringify(sessionCreated)))
    const drip = (at: number): void => {
      if (at === bytes.length) return
      call.socket.write(bytes.subarray(at, at + 1))
      setImmediate(drip, at + 1)
    }
    drip(0)
  })
  const { port } = await startGateway(t, { deployments: [deploymentAt(slow)] })
  t.strictSame(await (await connect(port)).json(0), sessionCreated)
})

t.test('an upstream that says its first event and closes has both arrive', async t => {
  const brief = await startUpstream(t, call => {
    const peer = call.accept()
    peer.send(sessionCreated)
    peer.close(4003, 'enough')
  })
  const { port, session } = await startGateway(t, { deployments: [deploymentAt(brief)] })
  const client = await connect(port)
  t.strictSame(await client.closed, { code: 4003, reason: 'enough' })
  t.strictSame(await client.json(0), sessionCreated)
  t.match(await session(0), { endedBy: 'upstream', closeCode: 4003 })
})

t.test("a client's first frames, glued to its handshake, arrive in order while the dial takes its time", async t => {
  let answer = (): void => {}
  const slow = await startUpstream(t, call => { answer = () => { call.accept().send(sessionCreated) } })
  const { port } = await startGateway(t, { deployments: [deploymentAt(slow)] })
  const socket = await dial(port)
  const frames = ['first', 'second', 'third'].map(text => encodeAs('client', 1, Buffer.from(text)))
  socket.write(Buffer.concat([Buffer.from(requestText()), frames[0]!, frames[1]!.subarray(0, 5)]))
  await slow.call(0)
  socket.write(Buffer.concat([frames[1]!.subarray(5), frames[2]!]))
  answer()
  const provider = await slow.peer(0)
  await provider.message(2)
  alike(t, provider.messages, ['first', 'second', 'third'])
  socket.destroy()
})

const closes: ReadonlyArray<readonly [sent: number | undefined, reason: string, arrived: number, arrivedReason: string]> = [
  [undefined, '', 1000, ''],
  ...[1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(code => [code, `because ${code}`, code, `because ${code}`] as const),
  [1000, 'ü'.repeat(61), 1000, 'ü'.repeat(61)],
  [4000, 'Incorrect API key provided: sk-proj-abcdef123456.', 4000, 'Incorrect API key provided: [redacted].'],
  [4000, 'see https://api.openai.com/v1/x?key=1', 4000, 'see [redacted]'],
  [4000, 'line\nbreak', 4000, 'line break']
]

t.test('close codes and reasons of one end reach the other, both ways', async t => {
  for (const [sent, reason, arrived, arrivedReason] of closes) {
    const down = await bridge()
    down.provider.close(sent, reason)
    t.strictSame(await down.client.closed, { code: arrived, reason: arrivedReason }, `upstream: ${sent} ${reason}`)
    t.equal((await down.provider.closed).code, sent ?? 1005, 'answered in kind')
    t.equal(down.client.messages.length, 0)
    const up = await bridge()
    up.client.close(sent, reason)
    t.strictSame(await up.provider.closed, { code: arrived, reason: arrivedReason }, `client: ${sent} ${reason}`)
    t.equal((await up.client.closed).code, sent ?? 1005, 'answered in kind')
  }
})

t.test('everything before a close is flushed before it', async t => {
  const { client, provider } = await bridge()
  for (let i = 0; i < 500; i++) provider.send(`event ${i}`)
  provider.close(4001, 'done')
  t.strictSame(await client.closed, { code: 4001, reason: 'done' })
  t.equal(client.messages.length, 500)
})

t.test('an upstream that vanishes or breaks the protocol is told by an error event and 1011', async t => {
  const faults: ReadonlyArray<readonly [string, (provider: Peer) => void]> = [
    ['FIN', provider => { provider.socket.end() }],
    ['RST', provider => { provider.reset() }],
    ['a masked frame', provider => { provider.socket.write(Buffer.from([0x81, 0x80, 1, 2, 3, 4])) }],
    ['reserved bits', provider => { provider.socket.write(Buffer.from([0xc1, 0x00])) }],
    ['close code 1006', provider => { provider.close(1006) }],
    ['close code 999', provider => { provider.close(999) }],
    ['a close frame of one byte', provider => { provider.frame(8, Buffer.from([3])) }]
  ]
  for (const [title, fault] of faults) {
    const { client, provider, gateway: { ended, session } } = await bridge()
    const n = ended.length
    fault(provider)
    t.equal((await client.closed).code, 1011, title)
    t.match(await client.json(0), { type: 'error', error: { type: 'server_error', code: 'upstream_lost' } }, title)
    t.equal(client.messages.length, 1)
    t.match(await session(n), { endedBy: 'upstream', closeCode: 1006 }, title)
  }
})

t.test('a client that vanishes has its upstream closed with 1011 at once', async t => {
  for (const leave of ['end', 'reset'] as const) {
    const { client, provider, gateway: { ended, session } } = await bridge()
    const n = ended.length
    if (leave === 'end') client.socket.end()
    else client.reset()
    t.equal((await provider.closed).code, 1011, leave)
    t.match(await session(n), { endedBy: 'client', closeCode: 1006 }, leave)
  }
  await upstream.idle()
})

t.test('neither leg is ever compressed, whatever the host and the client would like', async t => {
  const { port, session } = await startGateway(t, { deployments: [deploymentAt(upstream)] }, {
    before: async fastify => { await fastify.register(websocket, { options: { perMessageDeflate: { threshold: 0 } } }) }
  })
  const n = upstream.calls.length
  const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime?model=voice`, { headers: { Authorization: `Bearer ${goodKey}` }, perMessageDeflate: { threshold: 0 } })
  const first = once(ws, 'message') as Promise<[Buffer]>
  await once(ws, 'open')
  t.equal(ws.extensions, '')
  const { head } = await upstream.call(n)
  t.notOk(head.headers.has('sec-websocket-extensions'))
  t.equal((await first)[0].toString(), JSON.stringify(sessionCreated))
  ws.send('hello')
  t.equal((await (await upstream.peer(n)).message(0)).payload.toString(), 'hello')
  ws.close(1000)
  await session(0)
})

t.test('the hooks hear of the session, and what they throw disturbs nothing', async t => {
  const opened: string[] = []
  const { gateway: { session, log }, client } = await bridgeWith(t, {
    onSessionOpen: ({ id, principal, state }) => {
      opened.push(`${principal} ${state} ${id}`)
      throw new Error('oops')
    },
    onSessionClose: async () => {}
  })
  client.send('x')
  client.close(4001)
  const summary = await session(0)
  t.strictSame(opened, [`tester open ${summary.id}`])
  t.match(summary, { messages: { client: 1, upstream: 1 }, closeCode: 4001, endedBy: 'client', turns: 0, error: undefined })
  t.match(log(), /onSessionOpen failed/)
})
