import { once } from 'node:events'
import t from 'tap'
import type { Test } from 'tap'
import { Strangers } from '../../lib/admission/strangers.ts'
import { request, requestText } from '../fixtures/client.ts'
import type { ClientRequest } from '../fixtures/client.ts'
import { createBell } from '../fixtures/bell.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import type { Setting, TestGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import { dial } from '../fixtures/wire/raw-http.ts'
import type { Principal, RealtimeGatewayOptions } from '../../types/index.ts'

const upstream = await startUpstream(t)

interface Waiting extends TestGateway {
  /** A client whose key is not checked yet. */
  wait (client?: ClientRequest): Promise<() => Promise<void>>
  /** Lets everybody in. */
  answer (): void
}

/** A gateway whose host takes its time to say who a client is. */
async function hanging (t: Test, options: Partial<RealtimeGatewayOptions>, setting?: Setting): Promise<Waiting> {
  const asked: Array<(principal: Principal) => void> = []
  const bell = createBell()
  const gateway = await startGateway(t, {
    deployments: [deploymentAt(upstream)],
    authenticate: (_request, credential) => credential === 'sk-hangs-00000001' ? new Promise(resolve => { asked.push(resolve); bell.ring() }) : undefined,
    ...options
  }, setting)
  return {
    ...gateway,
    async wait (client = {}) {
      const before = asked.length
      const socket = await dial(gateway.port)
      socket.on('error', () => {})
      socket.write(requestText({ key: 'sk-hangs-00000001', ...client }))
      await bell.until(() => asked.length > before, 'the host is asked')
      return async () => {
        socket.resetAndDestroy()
        await once(socket, 'close')
      }
    },
    answer () {
      for (const resolve of asked) resolve({ id: 'somebody' })
    }
  }
}

t.test('clients whose key is being checked are bounded in all, and who is let in or leaves makes room', async t => {
  const { port, wait, answer } = await hanging(t, { maxUnauthenticated: 3, maxUnauthenticatedPerAddress: 3 })
  const leave = [await wait(), await wait(), await wait()]
  const refused = await request(port)
  t.match(refused, { status: 503, error: { code: 'at_capacity' } })
  t.ok(refused.headers.has('retry-after'))
  await leave[0]!()
  let status = 503
  while (status === 503) status = (await request(port)).status
  t.equal(status, 101)
  answer()
  while ((await request(port)).status !== 101);
})

t.test('one address takes no more than its part', async t => {
  const { port, wait } = await hanging(t, { maxUnauthenticated: 100, maxUnauthenticatedPerAddress: 2 }, { fastify: { trustProxy: true } })
  const from = (address: string): ClientRequest => ({ headers: { 'X-Forwarded-For': address } })
  await wait(from('203.0.113.7'))
  await wait(from('203.0.113.7'))
  t.match(await request(port, from('203.0.113.7')), { status: 503, error: { code: 'at_capacity', message: /from this address/ } })
  t.equal((await request(port, from('203.0.113.8'))).status, 101)
  await wait(from('2001:db8::1'))
  await wait(from('2001:db8::2'))
  t.equal((await request(port, from('2001:db8::3'))).status, 503, 'a network of IPv6 is one')
})

t.test('a proxy that is not trusted is not taken for one client, and is warned of once', async t => {
  const { port, wait, log } = await hanging(t, { maxUnauthenticatedPerAddress: 1 })
  for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP']) await wait({ headers: { [name]: '203.0.113.7' } })
  t.equal((await request(port, { headers: { 'X-Forwarded-For': '203.0.113.9' } })).status, 101)
  t.equal(log().split('set trustProxy of Fastify').length - 1, 1)
  await wait()
  t.equal((await request(port)).status, 503, 'who says nothing is counted')
})

t.test('nobody is kept who has left', async t => {
  const strangers = new Strangers(10, 2)
  const leave = strangers.enter('192.0.2.1')
  const other = strangers.enter('192.0.2.1')
  t.equal(strangers.enter('192.0.2.1'), 'network')
  if (typeof leave === 'function' && typeof other === 'function') {
    leave()
    t.type(strangers.enter('192.0.2.1'), 'function')
    other()
  }
  const all = Array.from({ length: 9 }, () => strangers.enter(undefined))
  t.ok(all.every(each => typeof each === 'function'), 'without an address only the total counts')
  t.equal(strangers.enter('192.0.2.9'), 'total')
})
