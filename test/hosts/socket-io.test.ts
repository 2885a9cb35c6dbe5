import t from 'tap'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import type { FastifyInstance } from 'fastify'
import { converse, orders } from '../fixtures/beside.ts'
import { connect, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { sessionCreated, startUpstream } from '../fixtures/upstream.ts'

const upstream = await startUpstream(t)
const options = { deployments: [deploymentAt(upstream)] }
// socket.io ends whatever upgrade is none of its own and has no answer by then.
const patience = 40

function attach (fastify: FastifyInstance): void {
  const server = new Server({ serveClient: false })
  server.on('connection', socket => {
    socket.on('hello', (answer: (text: string) => void) => answer('hello back'))
  })
  server.attach(fastify.server, { destroyUpgradeTimeout: patience })
  fastify.addHook('preClose', async () => { server.disconnectSockets(true) })
}

async function greeted (port: number, transports: string[]): Promise<{ text: string, transport: string }> {
  const client = io(`http://127.0.0.1:${port}`, { transports, reconnection: false })
  try {
    await new Promise<void>((resolve, reject) => client.once('connect', resolve).once('connect_error', reject))
    const { engine } = client.io
    if (engine.transport.name !== transports.at(-1)) await new Promise(resolve => engine.once('upgrade', resolve))
    return { text: await client.timeout(5_000).emitWithAck('hello') as string, transport: engine.transport.name }
  } finally {
    client.close()
  }
}

for (const [order, setting] of orders(attach)) {
  t.test(`socket.io, attached ${order}, has its clients and leaves ours alone`, async t => {
    const { port, session, log } = await startGateway(t, options, setting)
    t.strictSame(await greeted(port, ['websocket']), { text: 'hello back', transport: 'websocket' })
    t.equal(await converse(upstream, port), 'pong')
    t.strictSame(await greeted(port, ['polling', 'websocket']), { text: 'hello back', transport: 'websocket' })
    t.match(await session(0), { endedBy: 'client', closeCode: 1000 })
    t.notMatch(log(), /"level":[456]0/)
  })

  t.test(`socket.io, attached ${order}, does not cut a client of ours whose upstream takes its time`, async t => {
    const slow = await startUpstream(t, call => {
      setTimeout(() => call.accept().send(sessionCreated), 3 * patience)
    })
    const { port } = await startGateway(t, { deployments: [deploymentAt(slow)] }, setting)
    const client = await connect(port)
    t.equal((await client.json(0)).type, 'session.created')
    client.close(1000)
    await client.closed
  })

  t.test(`an upgrade of neither, where socket.io was attached ${order}, is ended by socket.io`, async t => {
    const { port } = await startGateway(t, options, setting)
    await t.rejects(request(port, { path: '/nowhere' }), /ended inside the HTTP head/)
  })
}
