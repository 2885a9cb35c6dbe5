import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import realtimeGateway from '../../lib/index.ts'
import { createBell } from '../fixtures/bell.ts'
import { connect, goodKey, refusedByEvent, request, requestText } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import { dial } from '../fixtures/wire/raw-http.ts'

const upstream = await startUpstream(t)
const wrong = 'sk-wrong-00001'

// One address fails six times, so that each further failure waits for a second.
const bell = createBell()
let left = 0
const { port } = await startGateway(t, { deployments: [deploymentAt(upstream)], maxUpgrades: 3 }, {
  before: fastify => {
    fastify.addHook('onRequest', async ({ raw, headers }) => {
      if (headers['x-leaves'] === undefined) return
      raw.socket.once('close', () => {
        left++
        setImmediate(bell.ring)
      })
    })
  }
})
const began = performance.now()
for (let i = 0; i < 6; i++) await request(port, { key: wrong })
const guessing = performance.now() - began

/** How long it took, in milliseconds. */
async function took (run: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await run()
  return performance.now() - from
}

t.test('guesses from one address wait for their 401, longer each time, and a right key beside them does not', async t => {
  t.ok(guessing >= 1_800, `${guessing} ms for six`)
  const order: string[] = []
  const guess = request(port, { key: wrong }).then(({ error }) => order.push(error!.code!))
  const client = await connect(port)
  order.push('right')
  client.close(1000)
  await guess
  t.strictSame(order, ['right', 'invalid_api_key'])
})

t.test('a client that can only read events waits as long', async t => {
  t.ok(await took(async () => {
    t.match(await refusedByEvent(port, { key: null, protocols: ['realtime', `openai-insecure-api-key.${wrong}`] }), { code: 3000, error: { code: 'invalid_api_key' } })
  }) >= 950)
})

t.test('answers that wait are bounded: beyond, a wrong key gets 503, and a right one gets in', async t => {
  const waiting = Array.from({ length: 3 }, () => request(port, { key: wrong }))
  await connect(port)
  t.equal((await request(port, { key: wrong })).error?.code, 'at_capacity')
  t.strictSame((await Promise.all(waiting)).map(({ status }) => status), [401, 401, 401])
})

t.test('without trustProxy a header counts for nothing, and with it each client has its own count', async t => {
  const forwarded = { key: wrong, headers: { 'x-forwarded-for': '192.0.2.2' } }
  t.ok(await took(() => request(port, forwarded)) >= 950)
  const trusting = await startGateway(t, { deployments: [deploymentAt(upstream)] }, { fastify: { trustProxy: true } })
  for (let i = 0; i < 5; i++) await request(trusting.port, { key: wrong, headers: { 'x-forwarded-for': '192.0.2.1' } })
  t.ok(await took(() => request(trusting.port, forwarded)) < 900)
})

t.test('a client that leaves while its answer waits makes room for the next', async t => {
  const waiting = [request(port, { key: wrong }), request(port, { key: wrong })]
  const leaving = await dial(port)
  leaving.write(requestText({ key: wrong, headers: { 'x-leaves': '1' } }))
  await connect(port)
  t.equal((await request(port, { key: wrong })).status, 503, 'three wait')
  leaving.destroy()
  await bell.until(() => left === 1, 'the client has left')
  t.equal((await request(port, { key: wrong })).status, 401)
  await Promise.all(waiting)
})

t.test('a client that ends its half of the connection gets no answer sooner for it: it gets none', async t => {
  const socket = await dial(port)
  socket.write(requestText({ key: wrong }))
  // By the time somebody else is answered, that guess is known to be wrong.
  await connect(port)
  let heard = ''
  socket.on('data', chunk => { heard += chunk.toString('latin1') })
  socket.end()
  await once(socket, 'close')
  t.equal(heard, '')
})

t.test('on a Unix socket, where clients have no address, a wrong key is 401 and a right one gets in', { skip: process.platform === 'win32' }, async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(realtimeGateway, { deployments: [deploymentAt(upstream)], keys: [{ key: goodKey }] })
  // A path of a hundred characters is too long for a socket, so it must not depend on where the repository lies.
  const folder = mkdtempSync(join(tmpdir(), 'rtg-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 's')
  await fastify.listen({ path })
  for (const [key, line] of [[wrong, 'HTTP/1.1 401'], [goodKey, 'HTTP/1.1 101']] as const) {
    const socket = connectTo(path)
    socket.write(requestText({ key }))
    const [chunk] = await once(socket, 'data') as [Buffer]
    t.equal(chunk.toString('latin1', 0, 12), line)
    socket.destroy()
  }
})
