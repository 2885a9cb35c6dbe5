import t from 'tap'
import { deep } from '../fixtures/draws.ts'
import { limitCase, limitRows } from '../fixtures/wire/cases/limits.ts'
import { echoUntilClosed, startEchoServer } from '../fixtures/wire/echo-peers.ts'
import { fuzzOne } from '../fixtures/wire/fuzz-client.ts'
import type { FuzzTarget } from '../fixtures/wire/fuzz-client.ts'
import { startFuzzServer } from '../fixtures/wire/fuzz-server.ts'
import { masterKey, startGateway } from '../fixtures/wire/gateway.ts'
import { list, tally } from '../fixtures/wire/judge.ts'
import { pooled } from '../fixtures/wire/pooled.ts'
import { within } from '../fixtures/wire/within.ts'
import type { CaseResult } from '../fixtures/wire/wire-case.ts'

// About ten seconds for each subject, mostly the fuzzer's own work on 200 MB of payload.
const skip = deep ? false : 'npm run test:deep plays the 54 cases of large messages'
t.setTimeout(240_000)

const all = { ok: 54, informational: 0, 'non-strict': 0, failed: 0 }
const patience = 30_000
const headers = { Authorization: `Bearer ${masterKey}` }
// Two at a time: more only wait for one another.
const fuzz = (target: FuzzTarget): Promise<CaseResult[]> =>
  pooled(limitRows, 2, row => fuzzOne(limitCase(row), { patience, ...target }))
const raised = { maxFragments: 131_072, maxBufferedChunks: 1_048_576 }

t.test('a plain ws server with raised caps echoes every large message', { skip }, async t => {
  const server = await startEchoServer(raised)
  t.teardown(() => server.close())
  const results = await fuzz({ port: server.port })
  t.strictSame(tally(results), all, list(results, 'failed').join('\n'))
})

t.test('a client sends every large message through the gateway with raised caps', { skip }, async t => {
  const upstream = await startEchoServer(raised)
  t.teardown(() => upstream.close())
  const deployments = [{ model: 'echo', target: 'raw/echo', baseUrl: `ws://127.0.0.1:${upstream.port}/echo` }]
  const gateway = await startGateway({ deployments, maxFragments: 131_072 })
  t.teardown(() => gateway.fastify.close())
  const results = await fuzz({ port: gateway.port, path: '/v1/realtime?model=echo', headers })
  t.strictSame(tally(results), all, list(results, 'failed').join('\n'))
  await within(gateway.idle(), 10_000, 'every session is over')
  await within(upstream.idle(), 10_000, 'every upstream socket is closed')
})

t.test('the default caps stop messages of too many fragments with 1008, and no others', { skip }, async t => {
  const upstream = await startEchoServer(raised)
  t.teardown(() => upstream.close())
  const deployments = [{ model: 'echo', target: 'raw/echo', baseUrl: `ws://127.0.0.1:${upstream.port}/echo` }]
  const gateway = await startGateway({ deployments })
  t.teardown(() => gateway.fastify.close())
  const results = await fuzz({ port: gateway.port, path: '/v1/realtime?model=echo', headers })
  const stopped = results.filter(({ verdict }) => verdict !== 'ok')
  t.ok(stopped.every(({ id }) => ['9.3.1', '9.3.2', '9.4.1', '9.4.2'].includes(id)), list(results, 'failed').join('\n'))
  t.ok(stopped.length >= 2, 'messages of 65,536 fragments are stopped')
  t.ok(stopped.every(({ why }) => why.includes('closed with 1008')), list(stopped, 'failed').join('\n'))
})

t.test('an upstream sends every large message through the gateway with raised caps', { skip }, async t => {
  const results = await pooled(limitRows, 2, async row => {
    const upstream = await startFuzzServer([limitCase(row)], { patience })
    const gateway = await startGateway({ maxFragments: 131_072, deployments: [{ model: 'echo', target: 'raw/echo', baseUrl: upstream.url(row.id) }] })
    try {
      await echoUntilClosed(`ws://127.0.0.1:${gateway.port}/v1/realtime?model=echo`, { headers, ...raised })
      return await upstream.result(row.id)
    } finally {
      await gateway.fastify.close()
      await upstream.close()
    }
  })
  t.strictSame(tally(results), all, list(results, 'failed').join('\n'))
})
