import t from 'tap'
import { groups, protocolCases } from '../fixtures/wire/cases/index.ts'
import { limitRows } from '../fixtures/wire/cases/limits.ts'
import { echoUntilClosed, startEchoServer } from '../fixtures/wire/echo-peers.ts'
import { fuzzAsClient } from '../fixtures/wire/fuzz-client.ts'
import { startFuzzServer } from '../fixtures/wire/fuzz-server.ts'
import { list, tally } from '../fixtures/wire/judge.ts'
import { pooled } from '../fixtures/wire/pooled.ts'
import { faultyEchoUntilClosed, startFaultyServer } from '../fixtures/wire/reference-peers.ts'
import type { Fault } from '../fixtures/wire/reference-echo.ts'
import type { CaseResult, Verdict, WireCase } from '../fixtures/wire/wire-case.ts'

// What `ws` is known to score: it judges UTF-8 at the end of a message, so the four fail-fast cases are not strict.
const knownScore = { ok: 240, informational: 3, 'non-strict': 4, failed: 0 }
const failFast = ['6.4.1', '6.4.2', '6.4.3', '6.4.4']
const ids = (results: readonly CaseResult[], verdict: Verdict): string[] =>
  results.filter(result => result.verdict === verdict).map(result => result.id)

const asClient = async (fault: Fault, cases: readonly WireCase[], patience: number): Promise<CaseResult[]> => {
  const server = await startFaultyServer(fault)
  try {
    return await fuzzAsClient(cases, { port: server.port, concurrency: 32, patience })
  } finally {
    await server.close()
  }
}

const asServer = async (fault: Fault, cases: readonly WireCase[], patience: number): Promise<CaseResult[]> => {
  const server = await startFuzzServer(cases, { patience })
  try {
    return await pooled(cases, 32, async ({ id }) => {
      await faultyEchoUntilClosed(server.url(id), fault)
      return await server.result(id)
    })
  } finally {
    await server.close()
  }
}

t.test('the table holds the cases of each group once', async t => {
  t.strictSame(Object.fromEntries(Object.entries(groups).map(([group, cases]) => [group, cases.length])),
    { 1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 10: 1 })
  t.equal(new Set([...protocolCases, ...limitRows].map(({ id }) => id)).size, 247 + 54)
})

t.test('a plain ws server scores what it is known to score', async t => {
  const server = await startEchoServer()
  t.teardown(() => server.close())
  const results = await fuzzAsClient(protocolCases, { port: server.port })
  t.strictSame(tally(results), knownScore, list(results, 'failed').join('\n'))
  t.strictSame(ids(results, 'non-strict'), failFast)
  await server.idle()
})

t.test('a plain ws client scores what it is known to score', async t => {
  const server = await startFuzzServer(protocolCases)
  t.teardown(() => server.close())
  const results = await pooled(protocolCases, 8, async ({ id }) => {
    await echoUntilClosed(server.url(id))
    return await server.result(id)
  })
  t.strictSame(tally(results), knownScore, list(results, 'failed').join('\n'))
  t.strictSame(ids(results, 'non-strict'), failFast)
  await server.idle()
})

t.test('a strict peer is found strict in every case, as server and as client', async t => {
  for (const play of [asClient, asServer]) {
    const results = await play('none', protocolCases, 5_000)
    t.strictSame(tally(results), { ok: 244, informational: 3, 'non-strict': 0, failed: 0 },
      [...list(results, 'failed'), ...list(results, 'non-strict')].join('\n'))
  }
})

const group = (...numbers: number[]): WireCase[] => numbers.flatMap(number => [...groups[number]!])
const by = (cases: readonly WireCase[], isHit: (wire: WireCase) => boolean): string[] => cases.filter(isHit).map(({ id }) => id)
const failsBy = (...codes: number[]) => ({ closing }: WireCase) => closing.by === 'peer' && codes.some(code => closing.codes.includes(code))
const echoed = (kind: string) => ({ accept }: WireCase): boolean =>
  accept.some(({ events }) => events !== 'any' && events.some(event => event.kind === kind))

// Each fault: the groups to play, and exactly the cases that must be found failed (or not strict).
const faults: ReadonlyArray<readonly [fault: Fault, cases: readonly WireCase[], hits: readonly string[], verdict?: Verdict]> = [
  ['forwards-pings', group(2, 5), by(group(2, 5), echoed('pong'))],
  ['merges-pongs', group(2), ['2.10']],
  ['loses-fragments', group(1, 5, 10), ['5.3', '5.4', '5.5', '5.6', '5.7', '5.8', '5.15', '5.19', '5.20', '10.1.1']],
  ['accepts-rsv', group(1, 3), by(group(3), () => true)],
  ['accepts-opcodes', group(1, 4), by(group(4), () => true)],
  ['accepts-close-codes', group(1, 7), by(group(7), failsBy(1002, 1007))],
  ['accepts-utf8', group(6), by(group(6), failsBy(1007))],
  ['accepts-orphans', group(5), ['5.9', '5.10', '5.11', '5.12', '5.13', '5.14', '5.15', '5.16', '5.17']],
  ['fails-with-1011', protocolCases, by(protocolCases, failsBy(1002, 1007))],
  ['drops-connections', protocolCases, by(protocolCases, failsBy(1002, 1007)), 'non-strict'],
  ['hangs', group(3), by(group(3), () => true)],
  ['loses-answers', group(3, 4).filter(({ write }) => write === 'joined'), ['3.2', '4.1.3', '4.2.3'], 'non-strict'],
  ['swaps-kinds', group(1, 2), by(group(1), echoed('text'))],
  ['echoes-twice', group(1, 2), by(group(1), () => true)],
  ['masks-wrongly', group(1, 2), by(group(1, 2), () => true)]
]

for (const [fault, cases, hits, verdict = 'failed'] of faults) {
  t.test(`a peer that ${fault.replaceAll('-', ' ')} is found ${verdict} where it is wrong and nowhere else`, async t => {
    const [server, client] = await Promise.all([asClient(fault, cases, 2_000), asServer(fault, cases, 2_000)])
    t.strictSame(ids(server, verdict), hits, 'as server')
    t.strictSame(ids(client, verdict), hits, 'as client')
  })
}

t.test('a server that refuses the handshake fails every case', async t => {
  const server = await startFuzzServer([])
  t.teardown(() => server.close())
  const results = await fuzzAsClient(groups[1]!, { port: server.port })
  t.equal(tally(results).failed, 16)
  t.match(results[0]?.why, '404')
})
