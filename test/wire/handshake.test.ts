import t from 'tap'
import type { Socket } from 'node:net'
import { protocolCases } from '../fixtures/wire/cases/index.ts'
import { bytes, letters } from '../fixtures/wire/cases/build.ts'
import { startEchoServer } from '../fixtures/wire/echo-peers.ts'
import { encode, OPCODE } from '../fixtures/wire/frames.ts'
import { masterKey, startGateway } from '../fixtures/wire/gateway.ts'
import { createEar } from '../fixtures/wire/observe.ts'
import type { Ear } from '../fixtures/wire/observe.ts'
import { play } from '../fixtures/wire/play.ts'
import { acceptFor, ask, dial, readHead } from '../fixtures/wire/raw-http.ts'
import { within } from '../fixtures/wire/within.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const good: Readonly<Record<string, string>> = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': key,
  Authorization: `Bearer ${masterKey}`
}

interface Change {
  readonly line?: string
  /** Replaces headers; `null` leaves one out. */
  readonly set?: Readonly<Record<string, string | null>>
  /** Header lines behind the others. */
  readonly add?: readonly string[]
}

interface Row extends Change {
  readonly title: string
  /** Any of these statuses is right. */
  readonly status: readonly number[]
  /** `error.code` of the body. */
  readonly code?: string
  /** Headers that the answer must have. */
  readonly has?: Readonly<Record<string, string>>
}

function request ({ line = 'GET /v1/realtime?model=echo HTTP/1.1', set = {}, add = [] }: Change = {}): string {
  const fields = Object.entries({ ...good, ...set }).filter(([, value]) => value !== null)
  return [line, ...fields.map(([name, value]) => `${name}: ${value}`), ...add, '', ''].join('\r\n')
}

const upstream = await startEchoServer()
const gateway = await startGateway({ deployments: [{ model: 'echo', target: 'raw/echo', baseUrl: `ws://127.0.0.1:${upstream.port}/echo` }] })
t.teardown(async () => {
  await gateway.fastify.close()
  await upstream.close()
})

const noUpgrade = { Upgrade: null, Connection: null, 'Sec-WebSocket-Version': null, 'Sec-WebSocket-Key': null }
const upgradeRequired = { status: [426], has: { upgrade: 'websocket' } }
const wrongVersion = { status: [426], has: { 'sec-websocket-version': '13' } }
const malformed = { status: [400], code: 'invalid_handshake' }
const noWay = [400, 404, 405, 426]

const refused: readonly Row[] = [
  { title: 'a plain GET', set: noUpgrade, ...upgradeRequired, code: 'upgrade_required' },
  { title: 'Connection: Upgrade without Upgrade', set: { Upgrade: null }, ...upgradeRequired },
  { title: 'Upgrade without Connection: Upgrade', set: { Connection: 'keep-alive' }, ...upgradeRequired },
  { title: 'an upgrade to something else', set: { Upgrade: 'h2c' }, status: [400, 426] },
  { title: 'a GET of HTTP/1.0', line: 'GET /v1/realtime?model=echo HTTP/1.0', set: noUpgrade, status: [400, 426, 505] },
  { title: 'an upgrade of HTTP/1.0', line: 'GET /v1/realtime?model=echo HTTP/1.0', status: [400, 426, 505] },
  { title: 'an upgrade by POST', line: 'POST /v1/realtime?model=echo HTTP/1.1', set: { 'Content-Length': '0' }, status: noWay },
  { title: 'an upgrade by HEAD', line: 'HEAD /v1/realtime?model=echo HTTP/1.1', status: noWay },
  { title: 'a plain HEAD', line: 'HEAD /v1/realtime?model=echo HTTP/1.1', set: noUpgrade, status: noWay },
  { title: 'version 8', set: { 'Sec-WebSocket-Version': '8' }, ...wrongVersion },
  { title: 'version 99', set: { 'Sec-WebSocket-Version': '99' }, ...wrongVersion },
  { title: 'a list of versions', set: { 'Sec-WebSocket-Version': '13, 8' }, ...wrongVersion },
  { title: 'a version that is no number', set: { 'Sec-WebSocket-Version': '13x' }, status: [400, 426] },
  { title: 'no version', set: { 'Sec-WebSocket-Version': null }, status: [400, 426] },
  { title: 'no key', set: { 'Sec-WebSocket-Key': null }, ...malformed },
  { title: 'an empty key', set: { 'Sec-WebSocket-Key': '' }, ...malformed },
  { title: 'a short key', set: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }, ...malformed },
  { title: 'a long key', set: { 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }, ...malformed },
  { title: 'a key without padding', set: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ' }, ...malformed },
  { title: 'a key that is not base64', set: { 'Sec-WebSocket-Key': 'dGhlIHNhbXBs!SBub25jZQ==' }, ...malformed },
  { title: 'two keys', add: [`Sec-WebSocket-Key: ${key}`], ...malformed },
  { title: 'a subprotocol with a space', set: { 'Sec-WebSocket-Protocol': 'real time' }, ...malformed },
  { title: 'a subprotocol offered twice', set: { 'Sec-WebSocket-Protocol': 'realtime, realtime' }, ...malformed },
  { title: '12 KiB of commas as subprotocols', set: { 'Sec-WebSocket-Protocol': ','.repeat(12_288) }, ...malformed },
  { title: '12 KiB of spaces inside the subprotocols', set: { 'Sec-WebSocket-Protocol': `a${' '.repeat(12_288)}b` }, ...malformed },
  { title: '64 KiB of spaces and commas as subprotocols', set: { 'Sec-WebSocket-Protocol': `a${' ,'.repeat(32_768)}` }, status: [400, 431] },
  { title: '3,000 headers', add: Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1`), status: [400, 431] },
  { title: 'a URL of 20 KiB', line: `GET /v1/realtime?model=echo&x=${'x'.repeat(20_480)} HTTP/1.1`, status: [400, 414, 431] },
  { title: 'a bare line feed in a header', add: ['X-Note: a\nSec-WebSocket-Protocol: realtime\0'], status: [400] },
  { title: 'a NUL in a header', add: ['X-Note: a\0b'], status: [400] },
  { title: 'a bare carriage return in a header', add: ['X-Note: a\rX-Evil: b'], status: [400] },
  { title: 'a tab in a subprotocol', set: { 'Sec-WebSocket-Protocol': 'real\ttime' }, ...malformed },
  { title: 'a tab in the URL', line: 'GET /v1/realtime?model=ec\tho HTTP/1.1', status: [400, 404] },
  { title: 'CR and LF in the model', line: 'GET /v1/realtime?model=echo%0d%0aX-Evil:%201 HTTP/1.1', status: [400, 404] },
  { title: 'a NUL in the model', line: 'GET /v1/realtime?model=echo%00 HTTP/1.1', status: [400, 404] },
  { title: 'a model that climbs', line: 'GET /v1/realtime?model=../../echo HTTP/1.1', status: [404], code: 'model_not_found' }
]

for (const { title, status, code, has = {}, ...change } of refused) {
  t.test(`${title} is refused and costs the upstream nothing`, async t => {
    const dialled = upstream.handshakes.length
    const answer = await ask(gateway.port, request(change))
    t.ok(status.includes(answer.status), `${answer.line} is one of ${status.join(', ')}`)
    for (const [name, value] of Object.entries(has)) t.equal(answer.headers.get(name), value, name)
    if (code !== undefined) t.match(JSON.parse(answer.body), { error: { type: 'invalid_request_error', code } })
    t.notMatch(answer.body, masterKey)
    t.equal(upstream.handshakes.length, dialled)
    t.equal(gateway.fastify.realtime.sessions.size, 0)
    // One that was let in must not spoil what follows.
    answer.socket.destroy()
    await within(gateway.idle(), 5_000, 'no session is left')
  })
}

const accepted: ReadonlyArray<Change & { readonly title: string }> = [
  { title: 'an unknown extension', set: { 'Sec-WebSocket-Extensions': 'constructor' } },
  { title: 'an extension with the parameter __proto__', set: { 'Sec-WebSocket-Extensions': 'permessage-deflate; __proto__=1' } },
  { title: 'permessage-deflate', set: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } },
  { title: 'permessage-deflate with an impossible window', set: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99' } },
  { title: '3,000 extensions', set: { 'Sec-WebSocket-Extensions': Array.from({ length: 3_000 }, () => 'x').join(', ') } },
  { title: 'names in other letter cases', set: { Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' } }
]

for (const { title, ...change } of accepted) {
  t.test(`a handshake with ${title} opens a socket without extensions`, async t => {
    const answer = await ask(gateway.port, request(change))
    answer.socket.destroy()
    t.equal(answer.status, 101)
    t.equal(answer.headers.get('sec-websocket-accept'), acceptFor(key))
    t.notOk(answer.headers.has('sec-websocket-extensions'))
    t.notOk(answer.headers.has('sec-websocket-protocol'))
    await within(gateway.idle(), 5_000, 'the session is over')
  })
}

t.test('a compressed frame is a protocol error even after compression was offered', async t => {
  const answer = await ask(gateway.port, request({ set: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } }))
  const compressed = protocolCases.find(({ id }) => id === '3.4')!
  const result = await play(answer.socket, compressed, { role: 'client', first: answer.rest })
  t.equal(result.closing, 'ok', result.why)
})

t.test('no other spelling of the path is a way around the key', async t => {
  const paths = ['/v1/%72ealtime', '//v1/realtime', '/v1//realtime', '/v1/realtime/', '/v1/realtime;x', '/V1/REALTIME',
    '/v1/../v1/realtime', '/v1/./realtime', '/v1/realtime%2f', '/v1/realtime#', 'http://127.0.0.1/v1/realtime', '/v1/realtime%00']
  for (const path of paths) {
    const answer = await ask(gateway.port, request({ line: `GET ${path}?model=echo HTTP/1.1`, set: { Authorization: null } }))
    t.ok([400, 401, 404].includes(answer.status), `${path}: ${answer.line}`)
  }
})

const toServer = (opcode: number, payload: Buffer): Buffer => encode({ opcode, fin: true, rsv: 0, payload }, Buffer.from([1, 2, 3, 4]))

/** Resolves when so many messages have come. */
function hearing (socket: Socket, first: Buffer, messages: number): Promise<Ear> {
  const ear = createEar(false)
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      ear.hear(chunk)
      if (ear.received.length >= messages) resolve(ear)
    }
    socket.on('data', hear)
    socket.on('close', () => reject(new Error(`the socket closed after ${ear.received.length} messages`)))
    hear(first)
    socket.resume()
  })
}

t.test('frames glued to the handshake arrive in order', async t => {
  const glued = [toServer(OPCODE.text, Buffer.from('first')), toServer(OPCODE.binary, bytes(300)), toServer(OPCODE.text, Buffer.from('third'))]
  const { socket, rest, status } = await ask(gateway.port, Buffer.concat([Buffer.from(request()), ...glued]))
  t.equal(status, 101)
  const ear = await within(hearing(socket, rest, 3), 5_000, 'three echoes')
  t.strictSame(ear.received.map(({ kind }) => kind), ['text', 'binary', 'text'])
  t.strictSame(ear.received.map(({ payload }) => payload), [Buffer.from('first'), bytes(300), Buffer.from('third')])
  socket.destroy()
})

t.test('1 MiB of messages sent before the answer arrives in order', async t => {
  const payloads = Array.from({ length: 16 }, (_, i) => Buffer.concat([Buffer.from([65 + i]), letters(65_535)]))
  const { socket, rest } = await ask(gateway.port, Buffer.concat([Buffer.from(request()), ...payloads.map(payload => toServer(OPCODE.text, payload))]))
  const ear = await within(hearing(socket, rest, 16), 5_000, 'sixteen echoes')
  t.ok(ear.received.every(({ payload }, i) => payload.equals(payloads[i]!)))
  socket.destroy()
})

t.test('a handshake in one-byte writes with a frame behind it opens a socket like any other', async t => {
  const socket = await dial(gateway.port)
  const sent = Buffer.concat([Buffer.from(request()), toServer(OPCODE.text, Buffer.from('first'))])
  const head = readHead(socket, 5_000)
  for (const byte of sent) {
    socket.write(Buffer.from([byte]))
    await new Promise(resolve => setImmediate(resolve))
  }
  const { line, rest } = await head
  t.match(line, / 101 /)
  const ear = await within(hearing(socket, rest, 1), 5_000, 'the echo')
  t.equal(ear.received[0]?.payload.toString(), 'first')
  socket.destroy()
})

t.test('nothing is left of all these handshakes', async t => {
  await within(gateway.idle(), 5_000, 'every session is over')
  t.equal(gateway.fastify.realtime.sessions.size, 0)
  await within(upstream.idle(), 5_000, 'every upstream socket is closed')
})
