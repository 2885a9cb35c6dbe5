import assert from 'node:assert/strict'
import type { Deployment, RoutePlan, RouteRequest, Router } from '../../../types/index.ts'
import { everyOutcome, sessionOf } from './outcomes.ts'
import { frozen, hostileNames, seeded, testWith } from './suite.ts'
import type { ConformanceTest, Lifetime } from './suite.ts'

export interface RouterConformanceOptions extends Lifetime<Router> {
  /** Makes a router to which nothing has been reported yet, with no deployment in cooldown or full. */
  readonly create: () => Router | Promise<Router>
  /** A public model name that it serves for the principal `{ id: 'conformance' }`. */
  readonly model: string
  /** One that it does not serve. Default `conformance-nobody-serves-this`; `null` for a router that serves every name. */
  readonly unknownModel?: string | null | undefined
}

const seed = 20261122

/** The rules of the contract `Router`, with its promises to `fastify.realtime`'s dials. */
export function routerConformance ({ create, model, unknownModel = 'conformance-nobody-serves-this', close }: RouterConformanceOptions): readonly ConformanceTest[] {
  const rule = (name: string, body: (router: Router) => void | Promise<void>): ConformanceTest => testWith(name, create, { close }, body)

  return [
    rule('has candidates for the model, each a deployment and each at most once, whoever asks', async router => {
      for (const request of requestsFor(model)) {
        const plan = await ask(router, request)
        checkPlan(plan)
        if (request.principal.models === undefined && request.tags.length === 0) assert.ok(plan.candidates.length > 0, `nobody serves ${model}`)
      }
    }),
    rule('has no candidates for a model that nobody serves', async router => {
      if (unknownModel === null) return
      const plan = await ask(router, requestFor(unknownModel))
      assert.deepEqual(plan.candidates, [])
      assert.equal(plan.retryAfterMs, undefined, 'waiting does not help')
    }),
    rule('takes any text for a model name', async router => {
      for (const name of ['*', 'a/b', '\u0000', '🎙', 'x'.repeat(10_000), ...hostileNames.filter(name => name !== '')]) checkPlan(await ask(router, requestFor(name)))
    }),
    rule('leaves the request as it was', async router => {
      const request = frozen({ ...requestFor(model), query: new URLSearchParams('a=1&a=2&b='), tags: ['x'] })
      await ask(router, request)
      assert.equal(request.query.toString(), 'a=1&a=2&b=')
    }),
    rule('takes no slot by answering: a candidate may never be dialled', async router => {
      for (let i = 0; i < 1_000; i++) await ask(router, requestFor(model))
      assert.ok((await ask(router, requestFor(model))).candidates.length > 0, 'nobody is left after a thousand questions')
    }),
    rule('answers questions that come at once', async router => {
      const plans = await Promise.all(Array.from({ length: 200 }, () => ask(router, requestFor(model))))
      plans.forEach(checkPlan)
    }),
    rule('leaves an answer as it was given: the dials walk it for a while', async router => {
      const plan = await ask(router, requestFor(model))
      const before = [...plan.candidates]
      for (const deployment of before) report(router, deployment)
      await ask(router, requestFor(model))
      assert.deepEqual([...plan.candidates], before)
    }),
    rule('report takes every outcome in any order, of any deployment, and never throws', async router => {
      const { candidates } = await ask(router, requestFor(model))
      const random = seeded(seed)
      const outcomes = [...candidates, ...hostileNames.map(stranger)].flatMap(everyOutcome)
        .map(outcome => ({ outcome, at: random() })).sort((a, b) => a.at - b.at)
      for (const { outcome } of outcomes) {
        const answer: unknown = router.report?.(frozen({ ...outcome, deployment: { ...outcome.deployment } }))
        assert.ok(!(answer instanceof Promise), 'nobody waits for a promise, and its rejection would end the process')
      }
      checkPlan(await ask(router, requestFor(model)))
      checkStatus(router)
    }),
    rule('keeps its answers whole while ten thousand outcomes of sessions come in between, and serves when all are over', async router => {
      const random = seeded(seed)
      const live: Array<ReturnType<typeof sessionOf>> = []
      let outcomes = 0
      while (outcomes < 10_000 || live.length > 0) {
        if (outcomes < 10_000 && live.length < 50) {
          const plan = await ask(router, requestFor(model))
          checkPlan(plan)
          const [first] = plan.candidates
          if (first !== undefined) live.push(sessionOf(first, random))
          // No deployment was fit. The sessions that are live go on.
          else if (live.length === 0) break
        }
        const at = Math.floor(random() * live.length)
        const session = live[at]!
        const outcome = session.shift()!
        router.report?.(outcome)
        outcomes++
        if (session.length === 0) live.splice(at, 1)
        if (outcomes % 500 === 0) checkStatus(router)
      }
      for (const { id, sessions } of router.status?.() ?? []) assert.equal(sessions, 0, `${id} has sessions that are over`)
    }),
    rule('status tells each deployment once, in numbers that can be, and no secret', async router => {
      const { candidates } = await ask(router, requestFor(model))
      for (const deployment of candidates) report(router, deployment)
      checkStatus(router)
      const told = JSON.stringify(router.status?.() ?? [])
      for (const { apiKey } of candidates) if (apiKey !== undefined) assert.ok(!told.includes(apiKey), 'status holds an apiKey')
    })
  ]
}

function requestFor (model: string): RouteRequest {
  return { model, principal: { id: 'conformance' }, query: new URLSearchParams(), tags: [] }
}

function requestsFor (model: string): RouteRequest[] {
  const plain = requestFor(model)
  return [
    plain,
    { ...plain, query: new URLSearchParams('intent=transcription&call_id=rtc_1&x=%F0%9F%8E%99'), user: 'user-1' },
    { ...plain, principal: { id: 'conformance', keyHash: 'ab'.repeat(32), metadata: { constructor: 1 } } },
    { ...plain, principal: { id: 'conformance', fallbacks: false } },
    { ...plain, principal: { id: 'conformance', models: [model] } },
    { ...plain, tags: ['conformance', 'constructor'] }
  ]
}

async function ask (router: Router, request: RouteRequest): Promise<RoutePlan> {
  const answer = await router.candidates(request)
  return 'candidates' in answer ? answer : { candidates: answer }
}

/** One session that went well, and a dial that did not. */
function report (router: Router, deployment: Deployment): void {
  router.report?.({ type: 'dial', deployment })
  router.report?.({ type: 'ready', deployment, ms: 1 })
  router.report?.({ type: 'ended', deployment, ms: 1, closeCode: 1000, unresponsive: false })
  router.report?.({ type: 'dial', deployment })
  router.report?.({ type: 'refused', deployment, ms: 1, refusal: { kind: 'fault' } })
}

/** A deployment that the router has never heard of. */
function stranger (id: string): Deployment {
  return { id, model: id, target: `conformance/${id}` }
}

function checkPlan ({ candidates, passedOver = [], retryAfterMs, hedgeAfterMs }: RoutePlan): void {
  assert.ok(Array.isArray(candidates), 'the candidates are a list')
  for (const { id, model, target } of candidates) {
    assert.ok(typeof id === 'string' && id !== '', 'a candidate has an id')
    assert.equal(typeof model, 'string', `${id} has a public model name`)
    assert.match(target, /^[^/\s]+\/\S+$/, `${id} has a target provider/model`)
  }
  const ids = candidates.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length, `nobody comes twice: ${ids.join(', ')}`)
  for (const { deployment } of passedOver) assert.ok(!ids.includes(deployment), `${deployment} is a candidate and passed over`)
  for (const ms of [retryAfterMs, hedgeAfterMs]) assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0), 'a time is milliseconds')
}

function checkStatus (router: Router): void {
  const states = router.status?.() ?? []
  assert.equal(new Set(states.map(({ id }) => id)).size, states.length, 'status tells a deployment twice')
  for (const { id, state, cooldownLeftMs = 0, sessions, startsLastMinute, tokensLastMinute, dialMs = 0, firstAudioMs = 0 } of states) {
    assert.ok(['ready', 'cooldown', 'probing'].includes(state), `${id} is ready, in cooldown or probing`)
    assert.ok(Number.isInteger(sessions), `${id} has a number of sessions`)
    for (const number of [cooldownLeftMs, startsLastMinute, tokensLastMinute, dialMs, firstAudioMs]) {
      assert.ok(Number.isFinite(number) && number >= 0, `${id} has numbers that are not negative`)
    }
  }
}
