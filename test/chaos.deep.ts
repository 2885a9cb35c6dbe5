import t from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createAccounts } from './soak/accounts.ts'
import { createField } from './soak/field.ts'
import { startHost } from './soak/host.ts'
import { probeDrain, probeSlots, probeUnfinished } from './soak/probes.ts'
import { startChaosProxy } from './fixtures/chaos-proxy.ts'
import type { ChaosPlan } from './fixtures/chaos-proxy.ts'
import { within } from './fixtures/wire/within.ts'

const seed = 20_261_122
const clients = 25

/** A client and a target that are joined by a proxy with this plan. */
async function joined (t: Test, plan: ChaosPlan): Promise<{ client: Socket, target: Socket, proxy: Awaited<ReturnType<typeof startChaosProxy>> }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startChaosProxy({ target: (server.address() as AddressInfo).port, plan: () => plan })
  const accepted = once(server, 'connection')
  const client = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true })
  const [target] = await accepted as [Socket]
  for (const socket of [client, target]) socket.on('error', () => {})
  t.teardown(async () => {
    client.destroy()
    target.destroy()
    await proxy.close()
    server.close()
  })
  return { client, target, proxy }
}

/** All that comes up to the end. The socket stays as it is: it may still have something to say. */
async function collect (socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  await within(once(socket, 'end'), 3_000, 'the end')
  return Buffer.concat(chunks)
}

/** Code of the error that a socket closes with, `undefined` without one. */
async function closing (socket: Socket): Promise<string | undefined> {
  let code: string | undefined
  socket.on('error', (error: NodeJS.ErrnoException) => { code = error.code })
  socket.resume()
  if (!socket.closed) await within(new Promise<void>(resolve => { socket.once('close', () => resolve()) }), 3_000, 'the close')
  return code
}

const text = Buffer.from('0123456789'.repeat(50))

t.test('the chaos proxy without a plan passes bytes and ends both ways, half-open connections too', async t => {
  const { client, target, proxy } = await joined(t, {})
  client.end('up')
  t.equal((await collect(target)).toString(), 'up')
  target.end(text)
  t.same(await collect(client), text)
  await proxy.idle()
  t.same(proxy.counts, { opened: 1, open: 0 })
})

t.test('delay, slices, a stall and a throttle change when bytes come, and not which', async t => {
  const { client, target } = await joined(t, { up: { delay: 5, slice: { size: 1, until: 30 } }, down: { throttle: 5_000, stall: { after: 100, ms: 30 } } })
  let reads = 0
  target.on('data', () => { reads++ })
  client.end(text)
  t.same(await collect(target), text)
  t.ok(reads > 1, 'in more than one piece')
  const start = performance.now()
  target.end(text)
  t.same(await collect(client), text)
  t.ok(performance.now() - start >= 100, '500 bytes take a tenth of a second at 5 000 a second')
})

t.test('rst lets exactly so many bytes pass and resets both sides', async t => {
  const { client, target } = await joined(t, { down: { end: { after: 7, how: 'rst' } } })
  let got = 0
  client.on('data', chunk => { got += chunk.length })
  client.write('hello')
  await once(target, 'data')
  target.write(text.subarray(0, 7))
  await once(client, 'data')
  target.write(text)
  t.same(await Promise.all([closing(client), closing(target)]), ['ECONNRESET', 'ECONNRESET'])
  t.equal(got, 7)
})

t.test('fin lets exactly so many bytes pass and ends both sides', async t => {
  const { client, target } = await joined(t, { up: { end: { after: 3, how: 'fin' } } })
  client.write(text)
  const [up, down] = await Promise.all([collect(target), collect(client)])
  t.equal(up.toString(), '012')
  t.equal(down.length, 0)
})

t.test('truncate ends one direction and leaves the other', async t => {
  const { client, target } = await joined(t, { up: { end: { after: 3, how: 'truncate' } } })
  client.write(text)
  t.equal((await collect(target)).toString(), '012')
  target.end('still here')
  t.equal((await collect(client)).toString(), 'still here')
})

t.test('swallow lets neither bytes nor the end through', async t => {
  const { client, target } = await joined(t, { up: { end: { after: 3, how: 'swallow' } } })
  let got = ''
  target.on('data', chunk => { got += String(chunk) })
  target.on('end', () => t.fail('the end came through'))
  client.end(text)
  // What comes the other way proves that the proxy is behind all that it swallowed.
  target.write('x')
  await once(client, 'data')
  target.write('y')
  await once(client, 'data')
  t.equal(got, '012')
})

t.test(`sessions with faults drawn at random (seed ${seed}) all end as they must, and leave nothing behind`, { timeout: 60_000 }, async t => {
  const warnings: string[] = []
  const warn = (warning: Error): void => { warnings.push(String(warning)) }
  process.on('warning', warn)
  const accounts = createAccounts()
  const field = await createField(seed, accounts)
  const host = await startHost({ upstreamPort: field.upstreamPort, maxSessions: 4 * clients, tell: accounts.hear })
  t.teardown(async () => {
    process.off('warning', warn)
    await host.close()
    await field.close()
  })

  await field.run(host.port, clients, 4_000)
  const { attempts, flawless, opened, closed } = accounts.counts
  t.comment(`${attempts} clients, ${flawless} of them without a fault, ${opened} sessions`)
  t.same(accounts.violations, [])
  t.ok(flawless > 5 && opened > 20 && attempts - flawless > 15, 'enough of each kind came')
  t.equal(closed, opened, 'every session that was opened was closed')
  t.equal(host.realtime.sessions.size, 0)

  const probes = { port: host.port, accounts, nextId: field.nextId }
  t.same(await probeSlots(probes), [], 'the slots of a deployment are back')
  t.same(await probeUnfinished(probes), [], 'what unfinished messages held is back')
  t.same(await probeDrain(probes, () => host.realtime.drain()), [], 'a drain ends in time and is told to all')
  await host.close()
  await within(until(() => field.open().upstream === 0), 2_000, 'the end of the last upstream connection')
  t.same(accounts.violations, [])
  t.same(warnings, [])
})

async function until (test: () => boolean): Promise<void> {
  while (!test()) await new Promise(resolve => setTimeout(resolve, 20))
}
