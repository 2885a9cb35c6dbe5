import t from 'tap'
import { connect, refusedByEvent, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { startUpstream } from '../fixtures/upstream.ts'

const upstream = await startUpstream(t)
const wrong = 'sk-wrong-00001'

// One address fails six times, so that each further failure waits for a second.
const { port } = await startGateway(t, { deployments: [deploymentAt(upstream)], maxUpgrades: 3 })
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
