import t from 'tap'
import { once } from 'node:events'
import { connect, request, requestText } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'
import { dial } from '../fixtures/wire/raw-http.ts'
import type { RealtimeGatewayOptions } from '../../types/index.ts'

const upstream = await startUpstream(t)
const [first, second] = ['sk-first-0001', 'sk-second-001'] as const
const options: RealtimeGatewayOptions = { deployments: [deploymentAt(upstream)], keys: [{ key: first, name: 'first' }, { key: second, name: 'second' }] }

t.test('one key that takes nearly all places leaves the rest to others, and gets some back when it lets go', async t => {
  const { port, session } = await startGateway(t, { ...options, maxSessions: 10 })
  const held = []
  for (let i = 0; i < 8; i++) held.push(await connect(port, { key: first }))
  await connect(port, { key: second })
  const refused = await request(port, { key: first })
  t.equal(refused.status, 429)
  t.match(refused.error, { type: 'rate_limit_error', code: 'fair_share_exceeded' })
  t.equal(refused.headers.get('retry-after'), '1')
  t.equal((await request(port, { key: second })).status, 101)
  for (const client of held.slice(0, 4)) client.close(1000)
  for (let i = 0; i < 4; i++) await session(i)
  t.equal((await request(port, { key: first })).status, 101)
})

t.test('one key whose upgrades all hang leaves room for others', async t => {
  const hanging = await startUpstream(t, () => {})
  const { port } = await startGateway(t, { ...options, deployments: [deploymentAt(upstream), deploymentAt(hanging, { model: 'hung' })], maxUpgrades: 10, connectTimeout: 60_000 })
  // Somebody else has a session, and waits for none.
  await connect(port, { key: second })
  const waiting = await Promise.all(Array.from({ length: 8 }, () => first).map(async key => {
    const socket = await dial(port)
    socket.write(requestText({ key, model: 'hung' }))
    return socket
  }))
  await hanging.call(7)
  t.equal(hanging.calls.length, 8)
  t.match((await request(port, { key: first })).error, { code: 'fair_share_exceeded' })
  t.equal((await request(port, { key: second })).status, 101)
  for (const call of hanging.calls) call.answer(500)
  await Promise.all(waiting.map(socket => once(socket.resume(), 'close')))
})

t.test('a key that opens sessions too fast is told so, and another is not', async t => {
  const { port } = await startGateway(t, { ...options, openRate: 1, openBurst: 3 })
  for (let i = 0; i < 3; i++) t.equal((await request(port, { key: first })).status, 101)
  const refused = await request(port, { key: first })
  t.equal(refused.status, 429)
  t.match(refused.error, { type: 'rate_limit_error', code: 'open_rate_exceeded' })
  t.equal((await request(port, { key: second })).status, 101)
})

t.test('a client names tags among its key\'s, and no others', async t => {
  const tagged = (id: string, tags: string[]): ReturnType<typeof deploymentAt> => deploymentAt(upstream, { id, tags })
  const { port, session, ended } = await startGateway(t, {
    deployments: [tagged('free', ['free']), tagged('paid', ['paid']), tagged('eu', ['eu']), tagged('default', ['default'])],
    routing: { tagFiltering: true },
    masterKey: 'sk-master-key-000001',
    keys: [{ key: first, tags: ['free'] }, { key: second }, { key: 'sk-both-00001', tags: ['free', 'eu'] }, { key: 'sk-any-000001', tags: ['*'] }]
  })
  for (const [key, names, served] of [
    [first, 'paid', 'free'], [first, 'free,paid', 'free'], [second, 'paid', 'default'], ['sk-both-00001', 'eu', 'eu'],
    ['sk-any-000001', 'paid', 'paid'], ['sk-any-000001', '', 'default'], ['sk-master-key-000001', 'paid', 'paid']
  ] as const) {
    const n = ended.length
    const client = await connect(port, { key, headers: { 'x-litellm-tags': names } })
    client.close(1000)
    t.equal((await session(n)).deployment, served, `${key} names ${names}`)
  }
})
