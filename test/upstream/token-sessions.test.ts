import t from 'tap'
import type { DeploymentOptions } from '../../types/index.ts'
import { connect, request } from '../fixtures/client.ts'
import { startGateway } from '../fixtures/gateway.ts'
import { eventually } from '../fixtures/routing.ts'
import { ready, sessionCreated, startUpstream } from '../fixtures/upstream.ts'
import type { FakeUpstream } from '../fixtures/upstream.ts'

// Like nothing that a filter could know.
const canary = 't0ken5ecret4QX7'

function tokenAt (upstream: FakeUpstream, token: DeploymentOptions['token'], more: Partial<DeploymentOptions> = {}): DeploymentOptions {
  return { model: 'voice', target: 'azure/voice', baseUrl: `http://127.0.0.1:${upstream.port}`, token, ...more }
}

function shown ({ calls }: FakeUpstream): Array<string | undefined> {
  return calls.map(({ head }) => head.headers.get('authorization'))
}

t.test('each session shows its provider a fresh token, and nobody else sees one', async t => {
  const upstream = await startUpstream(t)
  let asked = 0
  const gateway = await startGateway(t, { deployments: [tokenAt(upstream, async () => `${canary}${++asked}`)] })
  for (const n of [1, 2]) {
    const client = await connect(gateway.port)
    const provider = await upstream.peer(n - 1)
    t.strictSame(await client.json(0), sessionCreated)
    t.equal(upstream.calls[n - 1]!.head.headers.get('api-key'), undefined)
    provider.close(4000, `unknown credential ${canary}${n}`)
    t.match(await client.closed, { code: 4000, reason: 'unknown credential [redacted]' })
    await gateway.session(n - 1)
  }
  t.strictSame(shown(upstream), [`Bearer ${canary}1`, `Bearer ${canary}2`])
  t.equal(upstream.calls[0]!.head.line, 'GET /openai/v1/realtime?model=voice HTTP/1.1')
  t.notMatch(gateway.log() + JSON.stringify(gateway.ended), canary)
})

t.test('a token that cannot be had costs its deployment, and the next one serves', async t => {
  const upstream = await startUpstream(t)
  for (const [token, kind, status, code, told] of [
    [() => new Promise<string>(() => {}), 'timeout', 504, 'upstream_timeout', 'the function token gave nothing in time'],
    [() => Promise.reject(new Error(`token=${canary}`)), 'fault', 502, 'upstream_unavailable', 'the function token failed: [redacted]'],
    [() => '', 'credentials', 502, 'upstream_rejected', 'the function token must give a text of visible ASCII characters'],
    [() => `${canary}\n`, 'credentials', 502, 'upstream_rejected', 'the function token must give a text of visible ASCII characters']
  ] as const) {
    const first = tokenAt(upstream, token, { id: 'first', order: 0 })
    const both = await startGateway(t, { connectTimeout: 100, deployments: [first, tokenAt(upstream, () => 'good-token', { id: 'second', order: 1 })] })
    const dials = upstream.counts.opened
    const client = await connect(both.port)
    client.close(1000)
    t.match(await both.session(0), { deployment: 'second' })
    t.equal(upstream.counts.opened, dials + 1, 'nothing was dialled without a token')

    const alone = await startGateway(t, { connectTimeout: 100, deployments: [first] })
    const refused = await request(alone.port)
    t.equal(refused.status, status)
    t.equal(refused.error?.code, code)
    const log = both.log() + alone.log()
    t.match(log, new RegExp(`"deployment":"first","kind":"${kind}"`))
    t.ok(log.includes(told), told)
    t.notMatch(log + refused.body, canary)
  }
})

t.test('a client that leaves while the token is awaited leaves nothing behind', async t => {
  const upstream = await startUpstream(t)
  let asked = 0
  const hangs = (): Promise<string> => {
    asked++
    return new Promise(() => {})
  }
  const gateway = await startGateway(t, { deployments: [tokenAt(upstream, hangs)] })
  const refused = request(gateway.port).catch(() => undefined)
  await eventually(() => asked === 1, 'the token is asked for')
  await gateway.fastify.realtime.drain({ deadlineMs: 0 })
  t.match(await refused, { status: 503 })
  t.equal(gateway.fastify.realtime.router.status()[0]?.sessions, 0)
  t.equal(upstream.counts.opened, 0)
})

t.test('warm sockets and probes bring a token of their own, and a warm session keeps its secret', async t => {
  const upstream = await startUpstream(t)
  let asked = 0
  const gateway = await startGateway(t, {
    deployments: [tokenAt(upstream, async () => `${canary}${++asked}`, { warm: { size: 1 } })],
    routing: { probeIntervalMs: 100 }
  })
  await eventually(() => upstream.calls.length >= 3, 'one that is warm, and two probes')
  t.strictSame(shown(upstream).slice(0, 3), [1, 2, 3].map(n => `Bearer ${canary}${n}`))
  const client = await connect(gateway.port)
  t.strictSame(gateway.fastify.realtime.sessions.list()[0]?.route.attempts.map(({ outcome }) => outcome), ['warm'])
  const provider = (await upstream.call(0)).peer!
  provider.close(4000, `unknown credential ${canary}1`)
  t.match(await client.closed, { reason: 'unknown credential [redacted]' })
  await gateway.session(0)
  t.notMatch(gateway.log(), canary)
})

t.test('a refusal of the token is the deployment\'s, and a fresh token is tried when its cooldown is over', async t => {
  const upstream = await startUpstream(t)
  upstream.script = call => {
    if (call.head.headers.get('authorization') === 'Bearer fresh') ready(call)
    else call.answer(401, {}, canary)
  }
  let token = 'stale'
  const gateway = await startGateway(t, { deployments: [tokenAt(upstream, () => token)], routing: { credentialsCooldownMs: 0, cooldownMs: 1 } })
  t.equal((await request(gateway.port)).error?.code, 'upstream_rejected')
  token = 'fresh'
  await eventually(() => gateway.fastify.realtime.router.status()[0]?.state !== 'cooldown', 'its cooldown is over')
  const client = await connect(gateway.port)
  t.strictSame(await client.json(0), sessionCreated)
})
