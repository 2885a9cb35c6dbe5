import t from 'tap'
import type { Test } from 'tap'
import { protocolCases } from '../fixtures/wire/cases/index.ts'
import { limitCase, limitRows } from '../fixtures/wire/cases/limits.ts'
import { echoUntilClosed, startEchoServer } from '../fixtures/wire/echo-peers.ts'
import { fuzzAsClient } from '../fixtures/wire/fuzz-client.ts'
import { startFuzzServer } from '../fixtures/wire/fuzz-server.ts'
import { masterKey, startGateway } from '../fixtures/wire/gateway.ts'
import { list, tally } from '../fixtures/wire/judge.ts'
import { pooled } from '../fixtures/wire/pooled.ts'
import { within } from '../fixtures/wire/within.ts'
import type { CaseResult, WireCase } from '../fixtures/wire/wire-case.ts'

const headers = { Authorization: `Bearer ${masterKey}` }

const isConforming = (t: Test, results: readonly CaseResult[]): void => {
  const score = tally(results)
  t.comment(JSON.stringify(score))
  t.strictSame(list(results, 'failed'), [])
  t.ok(score.ok >= 240, `${score.ok} of 247 are strictly right\n${list(results, 'non-strict').join('\n')}`)
  t.equal(results.length, 247)
}

t.test('a client finds the gateway as conforming as the upstream behind it', async t => {
  const upstream = await startEchoServer()
  t.teardown(() => upstream.close())
  const gateway = await startGateway({ deployments: [{ model: 'echo', target: 'raw/echo', baseUrl: `ws://127.0.0.1:${upstream.port}/echo` }] })
  t.teardown(() => gateway.fastify.close())

  isConforming(t, await fuzzAsClient(protocolCases, { port: gateway.port, path: '/v1/realtime?model=echo', headers }))

  await within(gateway.idle(), 10_000, 'every session is over')
  t.equal(gateway.fastify.realtime.sessions.size, 0)
  await within(upstream.idle(), 10_000, 'every upstream socket is closed')
  t.equal(upstream.handshakes.length, 247, 'one upstream socket a session')
  t.notOk(upstream.handshakes.some(sent => 'sec-websocket-extensions' in sent), 'no compression is offered')
  t.notMatch(JSON.stringify(upstream.handshakes), masterKey)
})

/** The close codes that a client may see when its upstream plays the case. */
function codesForClient ({ id, title, closing }: WireCase): number[] {
  // Text that is not UTF-8 is found by whoever looks first; a `ws` client that finds it reports 1006.
  if (id.startsWith('6.') && closing.by === 'peer') return [1011, 1006]
  if (id.startsWith('7.13.') || closing.by === 'peer') return [1011]
  return [id.startsWith('7.7.') ? Number(title.split(' ').at(-1)) : 1000]
}

t.test('an upstream finds the gateway as conforming as the client behind it', async t => {
  const upstream = await startFuzzServer(protocolCases)
  t.teardown(() => upstream.close())
  const deployments = protocolCases.map(({ id }) => ({ model: `case-${id}`, target: 'raw/echo', baseUrl: upstream.url(id) }))
  const gateway = await startGateway({ deployments })
  t.teardown(() => gateway.fastify.close())

  const codes: Array<readonly [id: string, code: number]> = []
  const results = await pooled(protocolCases, 8, async ({ id }) => {
    const code = await echoUntilClosed(`ws://127.0.0.1:${gateway.port}/v1/realtime?model=case-${id}`, { headers })
    // An upstream that fails before the client has its answer may still be a refusal.
    if (code !== undefined) codes.push([id, code])
    return await upstream.result(id)
  })
  isConforming(t, results)

  const expected = new Map(protocolCases.map(wire => [wire.id, codesForClient(wire)]))
  t.ok(codes.length > 120, `${codes.length} clients were let in`)
  t.strictSame(codes.filter(([id, code]) => expected.get(id)?.includes(code) !== true), [], 'each client is told how its upstream ended')

  await within(gateway.idle(), 10_000, 'every session is over')
  t.equal(gateway.fastify.realtime.sessions.size, 0)
  await within(upstream.idle(), 10_000, 'every upstream socket is closed')
  t.equal(upstream.handshakes.length, 247, 'no case is dialled twice')
  t.notOk(upstream.handshakes.some(sent => sent.headers.has('sec-websocket-extensions')), 'no compression is offered')
  t.notOk(upstream.handshakes.some(sent => [...sent.headers.values()].join().includes(masterKey)))
})

t.test('messages far above the high-water mark pass in both directions', async t => {
  const cases = limitRows.filter(({ id }) => ['9.1.4', '9.2.4', '9.3.6'].includes(id)).map(limitCase)
  const echo = await startEchoServer()
  t.teardown(() => echo.close())
  const fuzzer = await startFuzzServer(cases)
  t.teardown(() => fuzzer.close())
  const gateway = await startGateway({
    // A pump that does not come back from its pause shows soon.
    stallTimeout: 3_000,
    deployments: [
      { model: 'echo', target: 'raw/echo', baseUrl: `ws://127.0.0.1:${echo.port}/echo` },
      ...cases.map(({ id }) => ({ model: `case-${id}`, target: 'raw/echo', baseUrl: fuzzer.url(id) }))
    ]
  })
  t.teardown(() => gateway.fastify.close())

  const up = await fuzzAsClient(cases, { port: gateway.port, path: '/v1/realtime?model=echo', headers, concurrency: 1 })
  const down = await pooled(cases, 1, async ({ id }) => {
    await echoUntilClosed(`ws://127.0.0.1:${gateway.port}/v1/realtime?model=case-${id}`, { headers })
    return await fuzzer.result(id)
  })
  t.strictSame(list([...up, ...down], 'failed'), [])
  t.equal(tally([...up, ...down]).ok, 6)
})
