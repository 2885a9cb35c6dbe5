import t from 'tap'
import { createRouter } from '../../lib/router/router.ts'
import type { Deployment } from '../../types/index.ts'

const seed = 20_261_122
// mulberry32: the same numbers in every run.
function seeded (state = seed): () => number {
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 4294967296
  }
}

const deployment = (id: string, more: Partial<Deployment> = {}): Deployment => ({ id, model: 'm', target: `xai/${id}`, ...more })

/** Ids of the candidates for a model. */
function candidates (deployments: readonly Deployment[], model = 'm', random = seeded()): string[] {
  const found = createRouter(deployments, random).candidates({ model, principal: { id: 'p' }, query: new URLSearchParams() }) as Deployment[]
  return found.map(({ id }) => id)
}

/** How often each deployment comes first in 100,000 picks, as a share. */
function shares (deployments: readonly Deployment[]): Record<string, number> {
  const picks = 100_000
  const router = createRouter(deployments, seeded())
  const counts: Record<string, number> = {}
  for (let i = 0; i < picks; i++) {
    const [first] = router.candidates({ model: 'm', principal: { id: 'p' }, query: new URLSearchParams() }) as Deployment[]
    counts[first!.id] = (counts[first!.id] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(counts).map(([id, count]) => [id, count / picks]))
}

t.comment(`seed ${seed}`)

const sharings: ReadonlyArray<readonly [string, readonly Deployment[], Record<string, number>]> = [
  ['even without weights', [deployment('a'), deployment('b'), deployment('c'), deployment('d')], { a: 0.25, b: 0.25, c: 0.25, d: 0.25 }],
  ['by weight', [deployment('a', { weight: 5 }), deployment('b', { weight: 3 }), deployment('c', { weight: 2 })], { a: 0.5, b: 0.3, c: 0.2 }],
  ['by rpm where nobody has a weight', [deployment('a', { rpm: 900 }), deployment('b', { rpm: 100 })], { a: 0.9, b: 0.1 }],
  ['by weight where both are given', [deployment('a', { weight: 1, rpm: 900 }), deployment('b', { weight: 3, rpm: 1 })], { a: 0.25, b: 0.75 }],
  ['with 1 for who has no weight among those that have', [deployment('a', { weight: 3 }), deployment('b')], { a: 0.75, b: 0.25 }],
  ['never first with weight 0 beside others', [deployment('a', { weight: 0 }), deployment('b', { weight: 0.001 })], { b: 1 }],
  ['far apart', [deployment('a', { weight: 99_000 }), deployment('b', { weight: 1_000 })], { a: 0.99, b: 0.01 }]
]

for (const [title, deployments, expected] of sharings) {
  t.test(`sessions are shared ${title}, within 1 % of 100,000`, async t => {
    const got = shares(deployments)
    t.strictSame(Object.keys(got).sort(), Object.keys(expected).sort())
    for (const [id, share] of Object.entries(expected)) t.ok(Math.abs(got[id]! - share) < 0.01, `${id}: ${got[id]} for ${share}`)
  })
}

t.test('every deployment of the group is a candidate, each once, the one with weight 0 last', async t => {
  const random = seeded()
  const group = [deployment('z', { weight: 0 }), deployment('a', { weight: 1 }), deployment('b', { weight: 9 })]
  for (let i = 0; i < 200; i++) {
    const ids = candidates(group, 'm', random)
    t.strictSame([...ids].sort(), ['a', 'b', 'z'])
    t.equal(ids.at(-1), 'z')
  }
})

t.test('what comes second is shared by weight, too', async t => {
  const random = seeded()
  const group = [deployment('a', { weight: 1 }), deployment('b', { weight: 3 }), deployment('c', { weight: 6 })]
  let bAfterA = 0
  let firstA = 0
  for (let i = 0; i < 100_000; i++) {
    const [first, second] = candidates(group, 'm', random)
    if (first !== 'a') continue
    firstA++
    if (second === 'b') bAfterA++
  }
  t.ok(Math.abs(bAfterA / firstA - 1 / 3) < 0.02, `${bAfterA} of ${firstA}`)
})

t.test('lower orders come first, whatever the weights', async t => {
  const random = seeded()
  const group = [deployment('late', { order: 2, weight: 1_000 }), deployment('zero', { weight: 1 }), deployment('one-a', { order: 1 }), deployment('one-b', { order: 1 })]
  for (let i = 0; i < 100; i++) {
    const ids = candidates(group, 'm', random)
    t.equal(ids[0], 'zero')
    t.strictSame(ids.slice(1, 3).sort(), ['one-a', 'one-b'])
    t.equal(ids[3], 'late')
  }
})

t.test('an exact name beats a wildcard, and the wildcard with more literals beats the other', async t => {
  const all = [deployment('any', { model: '*', target: 'xai/*' }), deployment('grok', { model: 'grok-*', target: 'xai/grok-*' }), deployment('exact', { model: 'grok-voice', target: 'xai/x' })]
  t.strictSame(candidates(all, 'grok-voice'), ['exact'])
  t.strictSame(candidates(all, 'grok-other'), ['grok'])
  t.strictSame(candidates(all, 'other'), ['any'])
})

t.test('a wildcard target gets what was matched, and the deployment stays as it is', async t => {
  const wild = deployment('w', { model: 'xai/*', target: 'xai/*', apiKey: 'k' })
  const router = createRouter([wild], seeded())
  const [first] = router.candidates({ model: 'xai/grok-9', principal: { id: 'p' }, query: new URLSearchParams() }) as Deployment[]
  t.strictSame(first, { ...wild, target: 'xai/grok-9' })
  t.equal(wild.target, 'xai/*')
})

t.test('a model that nobody serves has no candidates', async t => {
  for (const model of ['M', 'm ', 'xai/a', '', '__proto__', 'constructor', '../m', 'm?x=y']) t.strictSame(candidates([deployment('a')], model), [], model)
  t.strictSame(candidates([], 'm'), [])
})
