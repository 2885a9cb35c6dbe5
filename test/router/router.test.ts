import fc from 'fast-check'
import t from 'tap'
import { draws, seed } from '../fixtures/draws.ts'
import { deployment, refusal, success, testRouter } from '../fixtures/router.ts'
import type { RouteOutcome, RoutingOptions, StrategyName } from '../../types/index.ts'

t.test('a lower order is tried before a higher one, whatever the weights', async t => {
  const { choose } = testRouter([deployment('b', { order: 2, weight: 100 }), deployment('a', { order: 1, weight: 1 }), deployment('z', { weight: 0.1 })])
  for (let i = 0; i < 50; i++) t.strictSame(choose(), ['z', 'a', 'b'])
})

t.test('wildcards serve what they match, the more exact name first', async t => {
  const { plan } = testRouter([
    deployment('any', { model: '*', target: 'openai/*' }),
    deployment('grok', { model: 'xai/*', target: 'xai/*' }),
    deployment('one', { model: 'xai/special', target: 'xai/other' })
  ])
  t.equal(plan({ model: 'xai/grok-voice' }).candidates[0]!.target, 'xai/grok-voice')
  t.equal(plan({ model: 'xai/special' }).candidates[0]!.target, 'xai/other')
  t.equal(plan({ model: 'gpt' }).candidates[0]!.target, 'openai/gpt')
})

t.test('a model that nobody serves has no candidates and no wait', async t => {
  t.strictSame(testRouter([deployment('a')]).plan({ model: 'other' }), { candidates: [] })
})

t.test('three failures in a row begin a cooldown, and one dial tries when it is over', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, plan, report, pass } = testRouter([a, b], { allowedFails: 3, cooldownMs: 5_000 })
  report(...refusal(a), ...refusal(a))
  t.ok(choose().includes('a'), 'two are forgiven')
  report(...refusal(a))
  t.strictSame(plan().passedOver, [{ deployment: 'a', reason: 'cooldown' }])
  pass(5_000)
  t.ok(choose().includes('a'), 'its time is over')
  report({ type: 'dial', deployment: a })
  t.strictSame(plan().passedOver, [{ deployment: 'a', reason: 'probing' }], 'only one tries')
  report({ type: 'ready', deployment: a, ms: 1 })
  t.ok(choose().includes('a'))
  report(...refusal(a))
  t.ok(choose().includes('a'), 'and its failures are forgotten')
})

t.test('a dial that tries and fails begins the next cooldown at once', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { plan, report, pass } = testRouter([a, b], { allowedFails: 3 })
  report(...refusal(a), ...refusal(a), ...refusal(a))
  pass(5_000)
  report(...refusal(a))
  t.strictSame(plan().passedOver, [{ deployment: 'a', reason: 'cooldown' }])
})

t.test('a rate limit counts at once and for as long as the upstream says', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, report, pass } = testRouter([a, b])
  report(...refusal(a, 'rate_limit', 20_000))
  pass(19_999)
  t.strictSame(choose(), ['b'])
  pass(1)
  t.ok(choose().includes('a'))
})

t.test('a refused credential cools long, and says so', async t => {
  const cooled: unknown[] = []
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, report, pass } = testRouter([a, b], {}, { onCooldown: ({ id }, cause, ms) => cooled.push([id, cause, ms]) })
  report(...refusal(a, 'credentials'))
  pass(299_999)
  t.strictSame(choose(), ['b'])
  t.strictSame(cooled, [['a', 'credentials', 300_000]])
})

t.test("the client's own mistake is not the deployment's failure", async t => {
  const a = deployment('a')
  const { plan, report } = testRouter([a, deployment('b')])
  for (let i = 0; i < 10; i++) report(...refusal(a, 'client'))
  t.strictSame(plan().passedOver, [])
})

t.test('sessions that are lost count though every dial succeeds, and a good end forgives', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const lost: RouteOutcome[] = [...success(a), { type: 'ended', deployment: a, ms: 1, closeCode: 1006, unresponsive: false }]
  const unresponsive: RouteOutcome[] = [...success(a), { type: 'ended', deployment: a, ms: 1, closeCode: 1000, unresponsive: true }]
  const good: RouteOutcome[] = [...success(a), { type: 'ended', deployment: a, ms: 1, closeCode: 1000, unresponsive: false }]
  const { plan, report } = testRouter([a, b])
  report(...lost, ...unresponsive, ...good, ...lost, ...unresponsive)
  t.strictSame(plan().passedOver, [])
  report(...lost)
  t.strictSame(plan().passedOver, [{ deployment: 'a', reason: 'cooldown' }])
})

t.test('failing every other time begins a cooldown too', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { plan, report } = testRouter([a, b])
  for (let i = 0; i < 5; i++) report(...refusal(a), ...success(a))
  t.strictSame(plan().passedOver, [], 'half is not more than half')
  report(...refusal(a))
  t.strictSame(plan().passedOver, [{ deployment: 'a', reason: 'cooldown' }])
})

t.test('cooldownMs 0 on a deployment: no cooldown ever begins', async t => {
  const a = deployment('a', { cooldownMs: 0 })
  const { plan, report } = testRouter([a, deployment('b')])
  for (let i = 0; i < 20; i++) report(...refusal(a))
  t.strictSame(plan().passedOver, [])
})

t.test('when all are in cooldown, the one whose cooldown ends first is tried', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { choose, report } = testRouter([a, b])
  report(...refusal(a, 'rate_limit', 9_000), ...refusal(b, 'rate_limit', 8_000))
  t.strictSame(choose(), ['b'])
})

t.test('while one client tries a deployment in cooldown, the others are told when to come back', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { plan, choose, report } = testRouter([a, b])
  report(...refusal(a, 'rate_limit', 9_000), ...refusal(b, 'rate_limit', 8_000))
  t.strictSame(choose(), ['b'])
  report({ type: 'dial', deployment: b })
  t.strictSame(choose(), ['a'], 'the next one has its own trial')
  report({ type: 'dial', deployment: a })
  t.match(plan(), { candidates: [], lacking: 'cooldown', retryAfterMs: 8_000 })
  report({ type: 'refused', deployment: b, ms: 1, refusal: { kind: 'fault' } })
  t.strictSame(choose(), ['b'], 'one that has failed may be tried again')
})

t.test('a full group has no candidates and says when to come back', async t => {
  const [a, b] = [deployment('a', { maxSessions: 1 }), deployment('b', { rpm: 1 })]
  const { plan, report, pass } = testRouter([a, b])
  report(...success(a), ...success(b))
  t.match(plan(), { candidates: [], passedOver: [{ deployment: 'a', reason: 'full' }, { deployment: 'b', reason: 'rate' }], retryAfterMs: Number })
  report({ type: 'ended', deployment: a, ms: 1, closeCode: 1000, unresponsive: false })
  t.strictSame(plan().candidates.map(({ id }) => id), ['a'])
  pass(61_000)
  t.equal(plan().candidates.length, 2)
})

t.test('a group whose starts are used up says when the first of them is a minute old', async t => {
  const [a, b] = [deployment('a', { rpm: 2 }), deployment('b', { rpm: 1 })]
  const { plan, report, pass } = testRouter([a, b])
  report(...success(a))
  pass(20_000)
  report(...success(a), ...success(b))
  pass(10_500)
  const { candidates, retryAfterMs } = plan()
  t.strictSame(candidates, [])
  // A minute is counted to the second.
  t.ok(retryAfterMs! >= 29_500 && retryAfterMs! <= 30_500, `${retryAfterMs} ms`)
  pass(retryAfterMs! - 1)
  t.strictSame(plan().candidates, [])
  pass(1)
  t.strictSame(plan().candidates.map(({ id }) => id), ['a'])
})

t.test('deployments whose provider has no such sessions are no candidates beside those that have them', async t => {
  const { plan } = testRouter([...['a', 'b', 'c', 'd', 'e'].map(id => deployment(id)), deployment('last', { order: 1 })], { maxCandidates: 2 })
  const { candidates, passedOver } = plan({ serves: ({ id }) => id === 'last' })
  t.strictSame(candidates.map(({ id }) => id), ['last'])
  t.strictSame(passedOver, ['a', 'b', 'c', 'd', 'e'].map(id => ({ deployment: id, reason: 'unsupported' })))
})

t.test('where nobody has such sessions, one is a candidate to say so; where others are full, the client is to come back', async t => {
  const [a, b] = [deployment('a'), deployment('b', { maxSessions: 1 })]
  const { plan, report } = testRouter([a, b])
  t.strictSame(plan({ serves: () => false }).candidates.map(({ id }) => id), ['a'])
  report(...success(b))
  t.match(plan({ serves: ({ id }) => id === 'b' }), { candidates: [], retryAfterMs: Number })
  report({ type: 'ended', deployment: b, ms: 1, closeCode: 1000, unresponsive: false }, ...refusal(b, 'rate_limit', 9_000))
  t.strictSame(plan({ serves: ({ id }) => id === 'b' }).candidates.map(({ id }) => id), ['b'], 'one in cooldown is better than one that cannot')
})

t.test('fallback groups come after the group, and only for keys that may use them', async t => {
  const deployments = [deployment('a'), deployment('b', { model: 'n' }), deployment('c', { model: 'last' })]
  const { choose } = testRouter(deployments, { fallbacks: { m: ['n'] }, defaultFallbacks: ['last'] })
  t.strictSame(choose(), ['a', 'b'])
  t.strictSame(choose({ model: 'n' }), ['b', 'c'], 'the default ones where none are named')
  t.strictSame(choose({ principal: { id: 'x', fallbacks: false } }), ['a'])
  t.strictSame(choose({ principal: { id: 'x', models: ['m'] } }), ['a'], 'a key that may not use a model does not fall back to it')
})

t.test('an alias is another name of its model', async t => {
  t.strictSame(testRouter([deployment('a')], { aliases: { other: 'm' } }).choose({ model: 'other' }), ['a'])
})

t.test('tags choose deployments where tag filtering is on', async t => {
  const { choose } = testRouter([deployment('eu', { tags: ['eu'] }), deployment('plain'), deployment('standard', { tags: ['default'] })], { tagFiltering: true })
  t.strictSame(choose({ tags: ['eu', 'x'] }), ['eu'])
  t.strictSame(choose().sort(), ['plain', 'standard'])
  t.strictSame(choose({ tags: ['us'] }), [])
})

t.test('sticky sends one key to one deployment, and moves few when one joins', async t => {
  const ids = ['a', 'b', 'c', 'd', 'e']
  const before = testRouter(ids.slice(0, 4).map(id => deployment(id)), { sticky: 'key' })
  const after = testRouter(ids.map(id => deployment(id)), { sticky: 'key' })
  const homes = new Map<string, number>()
  let moved = 0
  const keys = Array.from({ length: 2_000 }, (_, i) => ({ principal: { id: `key-${i}` } }))
  for (const key of keys) {
    const home = before.choose(key)[0]!
    t.equal(before.choose(key)[0], home)
    homes.set(home, (homes.get(home) ?? 0) + 1)
    const next = after.choose(key)[0]!
    if (next !== home) {
      moved++
      if (next !== 'e') t.fail('only the new deployment takes sessions over')
    }
  }
  t.ok(Math.abs(moved / keys.length - 0.2) < 0.04, `a fifth moves: ${moved / keys.length}`)
  for (const count of homes.values()) t.ok(Math.abs(count / keys.length - 0.25) < 0.05, `shares are even: ${count / keys.length}`)
})

t.test('sticky by user follows the user across the keys of a team', async t => {
  const { choose } = testRouter(['a', 'b', 'c', 'd'].map(id => deployment(id)), { sticky: 'user' })
  const home = choose({ user: 'u1', principal: { id: 'k1', team: 'a' } })[0]
  t.equal(choose({ user: 'u1', principal: { id: 'k2', team: 'a' } })[0], home)
})

t.test('sticky by user: a client that names another one\'s user does not learn where that is served', async t => {
  const { choose } = testRouter(Array.from({ length: 16 }, (_, i) => deployment(`d${i}`)), { sticky: 'user' })
  const users = Array.from({ length: 200 }, (_, i) => `u${i}`)
  const same = users.filter(user => choose({ user, principal: { id: 'k1' } })[0] === choose({ user, principal: { id: 'k2' } })[0]).length
  t.ok(same < 30, `${same} of 200 are the same, a sixteenth by chance`)
})

t.test('the hedge is what was set, or the 95th percentile of the first candidate', async t => {
  const a = deployment('a')
  t.equal(testRouter([a], { hedgeAfterMs: 70 }).plan().hedgeAfterMs, 70)
  const { plan, report } = testRouter([a], { hedgeAfterMs: 'p95' })
  t.equal(plan().hedgeAfterMs, undefined, 'not before anything is known')
  for (let ms = 1; ms <= 20; ms++) report(...success(a, ms))
  t.equal(plan().hedgeAfterMs, 20)
})

t.test('status shows live state', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { router, report } = testRouter([a, b])
  report(...success(a, 40), { type: 'first_audio', deployment: a, ms: 300 }, { type: 'turn', deployment: a, tokens: 7 }, ...refusal(b, 'rate_limit', 3_000))
  t.match(router.status!(), [
    { id: 'a', state: 'ready', sessions: 1, startsLastMinute: 1, tokensLastMinute: 7, dialMs: 40, firstAudioMs: 300 },
    { id: 'b', state: 'cooldown', cooldownLeftMs: 3_000, cause: 'rate_limit', sessions: 0 }
  ])
})

t.test('whatever happens: no unfit deployment comes first while a fit one is there, order holds, nobody comes twice', async t => {
  const strategies: StrategyName[] = ['simple-shuffle', 'round-robin', 'least-busy', 'latency', 'cost', 'usage']
  const member = fc.record({
    order: fc.integer({ min: 0, max: 2 }),
    weight: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    maxSessions: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    rpm: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    tags: fc.constantFrom([], ['eu'], ['us', 'eu']),
    model: fc.constantFrom('m', 'm', 'n')
  })
  const step = fc.record({ action: fc.constantFrom('choose', 'fail', 'succeed', 'limit', 'end', 'pass'), who: fc.nat(7), ms: fc.nat(8_000), tags: fc.constantFrom<string[]>([], ['eu']) })
  t.comment(`SEED=${seed}`)
  t.doesNotThrow(() => fc.assert(fc.property(fc.array(member, { minLength: 1, maxLength: 8 }), fc.array(step, { maxLength: 40 }), fc.constantFrom(...strategies), fc.boolean(), (members, steps, strategy, tagFiltering) => {
    const deployments = members.map((more, i) => deployment(`d${i}`, more))
    const routing: RoutingOptions = { strategy, tagFiltering, fallbacks: { m: ['n'] }, allowedFails: 2, maxCandidates: 3 }
    const { router, plan, report, pass } = testRouter(deployments, routing)
    const live: RouteOutcome[] = []
    for (const { action, who, ms, tags } of steps) {
      const target = deployments[who % deployments.length]!
      if (action === 'fail') report(...refusal(target))
      else if (action === 'limit') report(...refusal(target, 'rate_limit', ms))
      else if (action === 'pass') pass(ms)
      else if (action === 'succeed') {
        report(...success(target))
        live.push({ type: 'ended', deployment: target, ms, closeCode: 1000, unresponsive: false })
      } else if (action === 'end') report(...live.splice(0, 1))
      else {
        const status = new Map(router.status!().map(state => [state.id, state]))
        const fit = (id: string): boolean => {
          const { state, sessions, startsLastMinute } = status.get(id)!
          const { maxSessions = Infinity, rpm = Infinity, tags: own = [] } = deployments.find(each => each.id === id)!
          const tagged = !tagFiltering || (tags.length === 0 ? own.length === 0 : own.includes('eu'))
          return state === 'ready' && sessions < maxSessions && startsLastMinute < rpm && tagged
        }
        const { candidates } = plan({ tags })
        const ids = candidates.map(({ id }) => id)
        if (new Set(ids).size !== ids.length || ids.length > 3) return false
        if (deployments.some(({ id }) => fit(id)) && !ids.every(fit)) return false
        for (const model of ['m', 'n']) {
          const orders = candidates.filter(each => each.model === model).map(({ order }) => order!)
          if (orders.some((order, i) => i > 0 && order < orders[i - 1]!)) return false
        }
      }
    }
    return true
  }), { seed, numRuns: draws(1_500) }))
})
