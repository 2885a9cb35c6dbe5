import t from 'tap'
import type { DeploymentOptions, RouteOutcome, StrategyName } from '../../types/index.ts'
import { deployment, success, testRouter } from '../fixtures/router.ts'

type Members = Record<string, Partial<DeploymentOptions>>

/** How often each deployment comes first. */
function shares (strategy: StrategyName, members: Members, picks: number, before: (members: Map<string, ReturnType<typeof deployment>>) => RouteOutcome[] = () => []): Record<string, number> {
  const deployments = new Map(Object.entries(members).map(([id, more]) => [id, deployment(id, more)]))
  const { choose, report } = testRouter([...deployments.values()], { strategy })
  report(...before(deployments))
  const counts: Record<string, number> = {}
  for (let i = 0; i < picks; i++) {
    const first = choose()[0]!
    counts[first] = (counts[first] ?? 0) + 1
  }
  return counts
}

t.test('simple-shuffle keeps to the weights within one per cent over 100,000 picks', async t => {
  const picks = 100_000
  const tables: Array<{ members: Members, expected: Record<string, number> }> = [
    { members: { a: { weight: 1 }, b: { weight: 2 }, c: { weight: 7 } }, expected: { a: 0.1, b: 0.2, c: 0.7 } },
    { members: { a: { rpm: 1e9 }, b: { rpm: 3e9 } }, expected: { a: 0.25, b: 0.75 } },
    { members: { a: {}, b: {}, c: {}, d: {} }, expected: { a: 0.25, b: 0.25, c: 0.25, d: 0.25 } },
    { members: { a: { weight: 3, rpm: 1e9 }, b: { rpm: 9e9 } }, expected: { a: 0.75, b: 0.25 } },
    { members: { a: { weight: 0 }, b: { weight: 0.5 } }, expected: { b: 1 } }
  ]
  for (const { members, expected } of tables) {
    const counts = shares('simple-shuffle', members, picks)
    for (const [id, share] of Object.entries(expected)) {
      t.ok(Math.abs(counts[id]! / picks - share) < 0.01, `${id} of ${JSON.stringify(members)}: ${counts[id]! / picks}`)
    }
    t.strictSame(Object.keys(counts).sort(), Object.keys(expected))
  }
})

t.test('round-robin goes in turn', async t => {
  t.strictSame(shares('round-robin', { a: {}, b: {}, c: {} }, 9), { a: 3, b: 3, c: 3 })
})

t.test('least-busy is never more than one session apart on equal deployments', async t => {
  const deployments = ['a', 'b', 'c', 'd'].map(id => deployment(id))
  const { plan, report } = testRouter(deployments, { strategy: 'least-busy' })
  const live = new Map(deployments.map(({ id }) => [id, 0]))
  for (let i = 0; i < 1_000; i++) {
    const chosen = plan().candidates[0]!
    report(...success(chosen))
    live.set(chosen.id, live.get(chosen.id)! + 1)
    const counts = [...live.values()]
    if (Math.max(...counts) - Math.min(...counts) > 1) t.fail(`after ${i}: ${counts.join(' ')}`)
  }
  t.strictSame([...live.values()], [250, 250, 250, 250])
})

t.test('least-busy goes by what a deployment can hold', async t => {
  const [small, large] = [deployment('small', { maxSessions: 10 }), deployment('large', { maxSessions: 30 })]
  const { plan, report } = testRouter([small, large], { strategy: 'least-busy' })
  const counts = { small: 0, large: 0 }
  for (let i = 0; i < 20; i++) {
    const chosen = plan().candidates[0]!
    report(...success(chosen))
    counts[chosen.id as keyof typeof counts]++
  }
  t.strictSame(counts, { small: 5, large: 15 })
})

t.test('latency takes the fastest, and shares among those nearly as fast', async t => {
  const heard = (members: Map<string, ReturnType<typeof deployment>>, times: Record<string, number>): RouteOutcome[] =>
    Object.entries(times).flatMap(([id, ms]) => success(members.get(id)!, ms))
  t.strictSame(shares('latency', { a: {}, b: {} }, 100, members => heard(members, { a: 100, b: 200 })), { a: 100 })
  const near = shares('latency', { a: {}, b: {}, c: {} }, 1_000, members => heard(members, { a: 100, b: 109, c: 111 }))
  t.strictSame(Object.keys(near).sort(), ['a', 'b'])
  t.ok(Math.min(...Object.values(near)) > 400, JSON.stringify(near))
})

t.test('latency counts the first audio beside the dial', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, report } = testRouter([a, b], { strategy: 'latency' })
  report(...success(a, 100), ...success(b, 50), { type: 'first_audio', deployment: a, ms: 400 }, { type: 'first_audio', deployment: b, ms: 900 })
  t.equal(choose()[0], 'a')
})

t.test('latency lets one that nobody knows yet become known', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, report } = testRouter([a, b], { strategy: 'latency' })
  report(...success(a, 1))
  t.ok(Array.from({ length: 100 }, () => choose()[0]).includes('b'))
})

t.test('cost takes the cheapest minute at the stated mix, and never an unknown price before a known one', async t => {
  const members = { dear: { price: { inputPerMinute: 0.02, outputPerMinute: 0.3 } }, cheap: { price: { inputPerMinute: 0.05, outputPerMinute: 0.05 } }, unknown: {} }
  t.strictSame(shares('cost', members, 50), { cheap: 50 })
  const deployments = Object.entries(members).map(([id, more]) => deployment(id, more))
  t.strictSame(testRouter(deployments, { strategy: 'cost' }).choose(), ['cheap', 'dear', 'unknown'])
  t.equal(testRouter(deployments, { strategy: 'cost', outputShare: 0.01 }).choose()[0], 'dear', 'the mix decides')
})

t.test('usage takes whoever has most of its minute left, by starts and by tokens', async t => {
  const [a, b] = [deployment('a', { rpm: 100, tpm: 1_000 }), deployment('b', { rpm: 10, tpm: 1_000 })]
  const { choose, report, pass } = testRouter([a, b], { strategy: 'usage' })
  report(...success(a), ...success(b))
  t.equal(choose()[0], 'a', '1 of 100 starts is less than 1 of 10')
  report({ type: 'turn', deployment: a, tokens: 500 })
  t.equal(choose()[0], 'b', 'half of the tokens is more than a tenth of the starts')
  pass(62_000)
  report(...success(b))
  t.equal(choose()[0], 'a', 'a minute later nothing of it counts')
})
