import t from 'tap'
import { ParkedSocket } from '../../lib/upstream/parked.ts'
import { FakeSocket } from '../fixtures/session/fake-socket.ts'
import { OPCODE, encode } from '../fixtures/wire/frames.ts'

const frame = (opcode: number, payload: string | Buffer, fin = true): Buffer => encode({ opcode, fin, rsv: 0, payload: Buffer.from(payload) })
const created = frame(OPCODE.text, '{"type":"session.created"}')
const turn = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

interface Parking {
  readonly socket: FakeSocket
  readonly parked: ParkedSocket
  /** What its owner was told, in order. */
  readonly told: unknown[]
}

function park (head: Buffer = Buffer.alloc(0), maxBytes = 10_000): Parking {
  const socket = new FakeSocket()
  const told: unknown[] = []
  const parked = new ParkedSocket(socket, maxBytes, { maxMessageBytes: 1_000, maxFragments: 4 }, {
    first: text => { told.push(text?.toString()) },
    ended: code => { told.push(code) },
    failed: cause => { told.push(cause.message) }
  })
  parked.start(head)
  return { socket, parked, told }
}

t.test('the first message is told once, in whatever frames it comes, and whether it came with the handshake or later', async t => {
  for (const [chunks, first] of [
    [[created, created], '{"type":"session.created"}'],
    [[frame(OPCODE.text, '{"a"', false), frame(OPCODE.ping, 'x'), frame(OPCODE.continuation, ':1}')], '{"a":1}'],
    [[frame(OPCODE.binary, 'sound')], undefined],
    [[created.subarray(0, 3), created.subarray(3)], '{"type":"session.created"}']
  ] as const) {
    const later = park()
    later.socket.peerSend(...chunks)
    await turn()
    t.strictSame(later.told, [first])
    t.strictSame(park(Buffer.concat(chunks)).told, [first])
  }
})

t.test('pings are answered all the while, and whoever takes the socket gets every byte again', async t => {
  const { socket, parked } = park(frame(OPCODE.ping, 'early'))
  const chunks = [created, frame(OPCODE.ping, 'late'), created.subarray(0, 5)]
  socket.peerSend(...chunks)
  await turn()
  t.strictSame(socket.frames.map(({ opcode, payload }) => [opcode, payload.toString()]), [[OPCODE.pong, 'early'], [OPCODE.pong, 'late']])
  const { head } = parked.take()
  t.ok(head.equals(Buffer.concat([frame(OPCODE.ping, 'early'), ...chunks])))
  t.ok(socket.isPaused())
})

t.test('its end is told once, with the code of a close frame where there is one', async t => {
  const closes: ReadonlyArray<[end: (socket: FakeSocket) => void, code: number]> = [
    [socket => socket.peerSend(frame(OPCODE.close, Buffer.from([0x03, 0xf5]))), 1013],
    [socket => socket.peerSend(frame(OPCODE.close, '')), 1005],
    [socket => socket.peerSend(frame(OPCODE.close, 'x')), 1006],
    [socket => socket.peerEnd(), 1006],
    [socket => socket.peerReset(), 1006]
  ]
  for (const [end, code] of closes) {
    const { socket, told } = park()
    end(socket)
    await turn()
    socket.destroy()
    await turn()
    t.strictSame(told, [code])
  }
})

t.test('one that is gone before it is parked is told of at once', async t => {
  const socket = new FakeSocket()
  socket.destroy()
  const told: number[] = []
  new ParkedSocket(socket, 10, { maxMessageBytes: 10, maxFragments: 1 }, { ended: code => { told.push(code) }, failed: () => {} }).start(Buffer.alloc(0))
  t.strictSame(told, [1006])
})

t.test('what breaks the protocol, or says too much, fails', async t => {
  const broken = park()
  broken.socket.peerSend(Buffer.from([0xf0, 0]), created)
  const talking = park(Buffer.alloc(0), 100)
  for (let i = 0; i < 20; i++) talking.socket.peerSend(created)
  await turn()
  t.strictSame(broken.told, ['the upstream broke the protocol: protocol_error'])
  t.strictSame(talking.told, ['{"type":"session.created"}', 'the upstream said too much before there was a session'])
})

t.test('nothing is told, read or answered once the socket is taken', async t => {
  const { socket, parked, told } = park()
  parked.take()
  socket.peerSend(created, frame(OPCODE.ping, 'x'))
  socket.peerEnd()
  socket.destroy()
  await turn()
  t.strictSame(told, [])
  t.equal(socket.received.length, 0)
  t.ok(parked.take().head.length === 0)
})
