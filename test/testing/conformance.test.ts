import { AssertionError } from 'node:assert'
import t from 'tap'
import type { Test } from 'tap'
import { createMemoryKeyStore } from '../../lib/keys/memory.ts'
import { createMemoryCooldowns } from '../../lib/router/cooldown.ts'
import { createRouter } from '../../lib/default-router.ts'
import { strategies } from '../../lib/router/strategies/index.ts'
import { adapterConformance, cooldownStoreConformance, keyStoreConformance, rawAdapter, routerConformance } from '../../lib/testing/index.ts'
import type { ConformanceTest } from '../../lib/testing/index.ts'
import { openai } from '../../lib/providers/openai/adapter.ts'
import { classifyAnswer } from '../../lib/providers/refusal.ts'
import { noUsage } from '../../lib/providers/usage.ts'
import { xai } from '../../lib/providers/xai/adapter.ts'
import type { CooldownStore, Deployment, KeyStore, RoutePlan, Router, RoutingOptions, StrategyName, UpstreamAdapter, VirtualKey } from '../../types/index.ts'
import { deployment } from '../fixtures/router.ts'

/** Every rule of the suite holds. */
async function conforms (t: Test, suite: readonly ConformanceTest[]): Promise<void> {
  for (const { name, run } of suite) await t.resolves(run(), name)
}

/** The rules that a suite finds broken, each by an AssertionError. */
async function broken (t: Test, suite: readonly ConformanceTest[]): Promise<string[]> {
  const names: string[] = []
  for (const { name, run } of suite) {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof AssertionError)) t.fail(`${name} is told by an AssertionError`)
      names.push(name)
    }
  }
  return names
}

const group = [
  deployment('a', { apiKey: 'provider-secret-a', weight: 2, price: { inputPerMinute: 1, outputPerMinute: 2 } }),
  deployment('b', { apiKey: 'provider-secret-b', rpm: 1_000_000, tpm: 1_000 }),
  deployment('c', { order: 1, maxSessions: 1_000, cooldownMs: 1 }),
  deployment('n', { model: 'n' }),
  deployment('w', { model: 'xai/*', target: 'xai/*' })
]

function builtIn (routing: RoutingOptions = {}): () => Router {
  return () => createRouter(group, { aliases: { alias: 'm' }, fallbacks: { m: ['n'] }, groups: { m: {} }, ...routing })
}

t.test('the built-in router conforms, with every strategy and sticky', async t => {
  for (const strategy of Object.keys(strategies) as StrategyName[]) await t.test(strategy, t => conforms(t, routerConformance({ create: builtIn({ strategy, hedgeAfterMs: 'p95' }), model: 'm' })))
  for (const sticky of ['key', 'user'] as const) await t.test(`sticky by ${sticky}`, t => conforms(t, routerConformance({ create: builtIn({ sticky }), model: 'alias' })))
  await t.test('with tags', t => conforms(t, routerConformance({ create: builtIn({ tagFiltering: true }), model: 'xai/grok' })))
  await t.test('serving every name', t => conforms(t, routerConformance({ create: () => createRouter([deployment('any', { model: '*', target: 'xai/*' })]), model: 'any', unknownModel: null })))
})

/** The built-in router with something else about it. */
function changed (change: (router: Router) => Partial<Router>): () => Router {
  return () => {
    const router = builtIn()()
    return { ...router, ...change(router) }
  }
}

function planOf (router: Router, ...args: Parameters<Router['candidates']>): RoutePlan {
  const answer = router.candidates(...args) as RoutePlan | readonly Deployment[]
  return 'candidates' in answer ? answer : { candidates: answer }
}

t.test('a router that breaks a rule is found out', async t => {
  for (const [what, rule, create] of [
    ['names a deployment twice', /each at most once/, changed(router => ({ candidates: request => planOf(router, request).candidates.flatMap(each => [each, each]) }))],
    ['gives ids for deployments', /each a deployment/, changed(router => ({ candidates: request => planOf(router, request).candidates.map(({ id }) => id as unknown as Deployment) }))],
    ...([['no id', { id: '' }], ['no model', { model: undefined }], ['no provider', { target: 'gpt' }]] as const).map(([what, change]) =>
      [`names deployments with ${what}`, /each a deployment/, changed(router => ({ candidates: request => planOf(router, request).candidates.map(each => ({ ...each, ...change }) as Deployment) }))] as const),
    ['serves nobody', /has candidates for the model/, changed(() => ({ candidates: () => [] }))],
    ['passes a candidate over', /has candidates for the model/, changed(router => ({ candidates: request => ({ ...planOf(router, request), passedOver: [{ deployment: 'a', reason: 'full' }, { deployment: 'n', reason: 'full' }] }) }))],
    ['hedges in the past', /has candidates for the model/, changed(router => ({ candidates: request => ({ ...planOf(router, request), hedgeAfterMs: -1 }) }))],
    ['serves what it does not know', /nobody serves/, changed(router => ({ candidates: request => planOf(router, { ...request, model: 'm' }) }))],
    ['sends clients of an unknown model into a queue', /nobody serves/, changed(router => ({
      candidates (request) {
        const plan = planOf(router, request)
        return plan.candidates.length === 0 ? { ...plan, retryAfterMs: 1 } : plan
      }
    }))],
    ['looks names up in a plain object', /any text for a model name/, () => {
      const groups: Record<string, Deployment[]> = { m: group.slice(0, 2) }
      return { candidates: ({ model }) => [...groups[model] ?? []] }
    }],
    ['names all for *', /any text for a model name/, changed(router => ({ candidates: request => request.model === '*' ? [...group, ...group] : router.candidates(request) }))],
    ['takes a parameter out of the query', /leaves the request/, changed(router => ({
      candidates (request) {
        request.query.delete('a')
        return router.candidates(request)
      }
    }))],
    ['writes on the request', /leaves the request/, changed(router => ({ candidates: request => router.candidates(Object.assign(request, { model: request.model })) }))],
    ['takes a slot with its answer', /takes no slot by answering/, changed(router => {
      let slots = 100
      return { candidates: request => slots-- > 0 ? router.candidates(request) : [] }
    })],
    ['answers one question at a time', /questions that come at once/, changed(router => {
      let busy = false
      return {
        async candidates (request) {
          const plan: RoutePlan = busy ? { candidates: group.concat(group) } : planOf(router, request)
          busy = true
          await new Promise(resolve => setImmediate(resolve))
          busy = false
          return plan
        }
      }
    })],
    ['reorders the list that it gave', /leaves an answer as it was/, () => {
      const list = group.slice(0, 2)
      return { candidates: ({ model }) => model === 'm' ? list : [], report: ({ type }) => { if (type === 'dial') list.reverse() && list.pop() } }
    }],
    ['throws at deployments that it does not know', /never throws/, changed(router => ({
      report (outcome) {
        if (!group.some(({ id }) => id === outcome.deployment.id)) throw new Error('who?')
        router.report!(outcome)
      }
    }))],
    ['stumbles over a spent quota', /never throws/, changed(router => {
      let spent = false
      return {
        candidates: request => spent ? [...group, ...group] : router.candidates(request),
        report (outcome) { spent ||= outcome.type === 'refused' && outcome.refusal.kind === 'quota' }
      }
    })],
    ['counts strangers', /never throws/, changed(router => {
      let strangers = 0
      return {
        report ({ deployment }) { if (deployment.id === 'constructor') strangers = NaN },
        status: () => router.status!().map(state => ({ ...state, startsLastMinute: strangers }))
      }
    })],
    ['reports with a promise', /never throws/, changed(router => ({ report: async outcome => { router.report!(outcome) } }))],
    ['tires', /ten thousand outcomes/, changed(router => {
      let outcomes = 0
      return {
        candidates: request => outcomes > 5_000 ? [...group, ...group] : router.candidates(request),
        report: () => { outcomes++ }
      }
    })],
    ['tells of its tokens below nothing', /ten thousand outcomes/, changed(router => {
      let sessions = 0
      return {
        report: ({ type }) => { sessions += type === 'dial' ? 1 : type === 'first_audio' || type === 'turn' ? 0 : -1 },
        status: () => router.status!().map(state => ({ ...state, tokensLastMinute: sessions === 0 ? 0 : -1 }))
      }
    })],
    ['forgets the ends of sessions', /ten thousand outcomes/, changed(router => ({ report: outcome => { if (outcome.type !== 'ended') router.report!(outcome) } }))],
    ['counts a dropped dial on', /ten thousand outcomes/, changed(router => ({ report: outcome => { if (outcome.type !== 'dropped') router.report!(outcome) } }))],
    ['shows provider keys', /no secret/, changed(router => ({ status: () => router.status!().map(state => ({ ...state, ...group.find(({ id }) => id === state.id) })) }))],
    ['tells numbers that are none', /numbers that can be/, changed(router => ({ status: () => router.status!().map(state => ({ ...state, dialMs: NaN })) }))],
    ['is in a state of its own', /numbers that can be/, changed(router => ({ status: () => router.status!().map(state => ({ ...state, state: 'tired' as 'ready' })) }))],
    ['has half a session', /numbers that can be/, changed(router => ({ status: () => router.status!().map(state => ({ ...state, sessions: 0.5 })) }))],
    ['tells a deployment twice', /each deployment once/, changed(router => ({ status: () => [...router.status!(), ...router.status!()] }))]
  ] as ReadonlyArray<[string, RegExp, () => Router]>) {
    t.match((await broken(t, routerConformance({ create, model: 'm' }))).join('\n'), rule, `one that ${what}`)
  }
})

t.test('the cooldowns of one process conform', t => conforms(t, cooldownStoreConformance({ create: createMemoryCooldowns })))

function changedStore (change: (store: CooldownStore) => Partial<CooldownStore>): () => CooldownStore {
  return () => {
    const store = createMemoryCooldowns()
    return { ...store, ...change(store) }
  }
}

t.test('a cooldown store that breaks a rule is found out', async t => {
  for (const [what, rule, create] of [
    ['is a plain object', /nobody began/, () => {
      const until: Record<string, number> = {}
      return { until: id => until[id] ?? 0, start: (id, time) => { until[id] = Math.max(time, until[id] ?? 0) }, clear: id => { delete until[id] } }
    }],
    ['never begins one', /until the time that was said/, changedStore(() => ({ start: () => {} }))],
    ['begins one a tick later', /until the time that was said/, changedStore(store => ({ start: (id, until) => { queueMicrotask(() => store.start(id, until)) } }))],
    ['begins one behind a promise', /until the time that was said/, changedStore(store => ({ start: async (id, until) => { store.start(id, until) } }))],
    ['lets the last word count', /later time counts/, changedStore(store => ({
      start (id, until) {
        store.clear(id)
        store.start(id, until)
      }
    }))],
    ['lets the first word count', /later time counts/, changedStore(store => ({ start: (id, until) => { if (store.until(id) === 0) store.start(id, until) } }))],
    ['never clears', /was cleared/, changedStore(() => ({ clear: () => {} }))],
    ['remembers what is over', /was cleared/, () => {
      const until = new Map<string, number>()
      return { until: id => until.get(id) ?? 0, start: (id, time) => { until.set(id, Math.max(time, until.get(id) ?? 0)) }, clear: id => { until.set(id, 1) } }
    }],
    ['remembers the longest cooldown', /was cleared/, () => {
      const until = new Map<string, number>()
      const cooling = new Set<string>()
      return {
        until: id => cooling.has(id) ? until.get(id)! : 0,
        start (id, time) {
          until.set(id, Math.max(time, until.get(id) ?? 0))
          cooling.add(id)
        },
        clear: id => { cooling.delete(id) }
      }
    }],
    ['begins one where it clears', /clearing where/, changedStore(store => ({
      clear (id) {
        store.clear(id)
        store.start(id, 1)
      }
    }))],
    ['clears all', /clearing where/, () => {
      let store = createMemoryCooldowns()
      return { until: id => store.until(id), start: (id, until) => store.start(id, until), clear: () => { store = createMemoryCooldowns() } }
    }],
    ['shares one entry among ids that look alike', /of its own/, changedStore(store => ({ until: id => store.until(id.slice(0, 2)), start: (id, until) => store.start(id.slice(0, 2), until), clear: id => store.clear(id.slice(0, 2)) }))]
  ] as ReadonlyArray<[string, RegExp, () => CooldownStore]>) {
    t.match((await broken(t, cooldownStoreConformance({ create }))).join('\n'), rule, `one that ${what}`)
  }
})

t.test('the keys of the options conform as a store', t => conforms(t, keyStoreConformance({ create: createMemoryKeyStore })))

t.test('a key store that breaks a rule is found out', async t => {
  const find = (answer: (keys: readonly VirtualKey[], hash: string) => VirtualKey | undefined | null) =>
    (keys: readonly VirtualKey[]): KeyStore => ({ findByHash: async hash => answer(keys, hash) as VirtualKey | undefined })
  for (const [what, rule, create] of [
    ['finds nothing', /finds a key by its hash/, find(() => undefined)],
    ['leaves members out', /finds a key by its hash/, find((keys, hash) => keys.filter(key => key.hash === hash).map(({ metadata, ...rest }) => rest)[0])],
    ['adds members', /adds nothing/, find((keys, hash) => keys.filter(key => key.hash === hash).map(key => ({ models: [], ...key }))[0])],
    ['hides blocked keys', /blocked and expired/, find((keys, hash) => keys.find(key => key.hash === hash && !key.blocked))],
    ['hides expired keys', /blocked and expired/, find((keys, hash) => keys.find(key => key.hash === hash && (key.expiresAt ?? Infinity) > Date.now()))],
    ['answers null', /undefined for a hash/, find((keys, hash) => keys.find(key => key.hash === hash) ?? null)],
    ['always has one', /holds nothing/, find((keys, hash) => keys.find(key => key.hash === hash) ?? { hash })],
    ['compares beginnings', /whole hash/, find((keys, hash) => keys.find(key => key.hash.startsWith(hash)))],
    ['takes patterns', /whole hash/, find((keys, hash) => keys.find(key => new RegExp(`^${hash.replaceAll(/[^\w%*]/g, '').replaceAll(/[%*]/g, '.*').replaceAll('_', '.')}$`).test(key.hash)))],
    ['answers without a promise', /with a promise/, keys => ({ findByHash: hash => keys.find(key => key.hash === hash) as unknown as Promise<undefined> })],
    ['mixes answers up', /its own answer/, keys => {
      let last = ''
      return {
        async findByHash (hash) {
          last = hash
          await null
          return keys.find(key => key.hash === last)
        }
      }
    }],
    ['gives a key once', /asked again/, keys => {
      const left = new Map(keys.map(key => [key.hash, key]))
      return {
        async findByHash (hash) {
          const key = left.get(hash)
          left.delete(hash)
          return key
        }
      }
    }]
  ] as ReadonlyArray<[string, RegExp, (keys: readonly VirtualKey[]) => KeyStore]>) {
    t.match((await broken(t, keyStoreConformance({ create }))).join('\n'), rule, `one that ${what}`)
  }
})

const served: Deployment = { id: 'one', model: 'voice', target: 'openai/gpt-realtime-2.1', apiKey: 'provider-secret' }

t.test('the adapters conform', async t => {
  await t.test('openai', t => conforms(t, adapterConformance({ adapter: { ...openai, classify: classifyAnswer }, deployment: served })))
  await t.test('openai at an address with a query', t => conforms(t, adapterConformance({ adapter: openai, deployment: { ...served, baseUrl: 'http://h:1/x/v1?model=fixed' } })))
  await t.test('xai', t => conforms(t, adapterConformance({ adapter: xai, deployment: { ...served, target: 'xai/grok-voice-latest' } })))
  t.equal(adapterConformance({ adapter: openai, deployment: served }).length, adapterConformance({ adapter: xai, deployment: served }).length - 7, 'what is left to the gateway is not tested')
  await t.test('raw', t => conforms(t, adapterConformance({ adapter: rawAdapter, deployment: { ...served, target: 'raw/x', baseUrl: 'ws://127.0.0.1:9/socket' } })))
})

t.test('an adapter that breaks a rule is found out', async t => {
  const adapter = (change: Partial<UpstreamAdapter>): UpstreamAdapter => ({ ...openai, ...change })
  const url = (change: (url: URL, handshake: Parameters<UpstreamAdapter['request']>[1]) => string | void): UpstreamAdapter => adapter({
    request (deployment, handshake) {
      const request = openai.request(deployment, handshake)
      const changed = new URL(request.url)
      return { ...request, url: change(changed, handshake) ?? changed.href }
    }
  })
  const headers = (extra: (handshake: Parameters<UpstreamAdapter['request']>[1]) => Record<string, string>): UpstreamAdapter => adapter({
    request (deployment, handshake) {
      const request = openai.request(deployment, handshake)
      return { ...request, headers: { ...request.headers, ...extra(handshake) } }
    }
  })
  let counter = 0
  for (const [what, rule, bad] of [
    ['has a slash in its name', /names its provider/, adapter({ provider: 'a/b' })],
    ['gives an http URL', /ws or wss URL/, url(({ href }) => href.replace('wss:', 'https:'))],
    ['puts a password into the URL', /ws or wss URL/, url(url => { url.password = 'p' })],
    ['builds the URL by hand', /ws or wss URL/, url((_url, { model }) => `wss://h/v1/realtime?model=${model}`)],
    ['leaves a model name unescaped', /ws or wss URL/, url((_url, { model = '' }) => `wss://h/v1/realtime?model=${model.replaceAll(/[ #]/g, '')}`)],
    ['has a blank in a header name', /headers that may be sent/, headers(() => ({ 'X A': 'b' }))],
    ['sets a header of the handshake', /headers that may be sent/, headers(() => ({ 'Sec-WebSocket-Protocol': 'x' }))],
    ['copies a parameter into a header', /headers that may be sent/, headers(({ query }) => ({ 'X-Query': query.get('x') ?? '' }))],
    ['offers a key as a subprotocol with a blank', /subprotocols that are tokens/, adapter({ request: (...args) => ({ ...openai.request(...args), protocols: ['key secret'] }) })],
    ['offers a subprotocol twice', /subprotocols that are tokens/, adapter({ request: (...args) => ({ ...openai.request(...args), protocols: ['a', 'a'] }) })],
    ['numbers its requests', /is pure: the same deployment/, headers(() => ({ 'X-Count': String(counter++) }))],
    ['takes parameters out of the query', /is pure: the same deployment/, url((_url, { query }) => { query.delete('a') })],
    ['sorts the query of the client', /is pure: the same deployment/, url((url, { query }) => {
      query.sort()
      return `${url.origin}/v1/realtime`
    })],
    ['copies all that the client brought', /nothing of the client/, headers(handshake => Object.fromEntries(Object.entries(handshake).filter(([, value]) => typeof value === 'string')) as Record<string, string>)],
    ['appends parameters unescaped', /no parameter of the client/, url((url, { query }) => `${url.origin}${url.pathname}?${[...query].map(pair => pair.join('=')).join('&')}`)],
    ['lets a parameter be a path', /no parameter of the client/, url((url, { query }) => { url.pathname += [...query.keys()].join('/') })],
    ['is ready when it likes', /says when/, adapter({ readyAt: () => 'now' as 'open' })],
    ['takes a redirect for an answer', /reads every status/, adapter({ classify: answer => answer.type === 'status' && answer.status < 400 ? undefined : classifyAnswer(answer) })],
    ['has a kind of its own', /reads every status/, adapter({ classify: () => ({ kind: 'tired' as 'fault' }) })],
    ['waits for ever', /reads every status/, adapter({ classify: answer => ({ kind: 'rate_limit', retryAfterMs: answer.type === 'status' ? Number(answer.headers['retry-after'] ?? 0) * 1000 : 0 }) })],
    ['blames the client', /does not blame/, adapter({ classify: () => ({ kind: 'client' }) })],
    ['takes a good close for ready', /every close/, adapter({ classify: answer => answer.type === 'close' && answer.code === 1000 ? undefined : { kind: 'fault' } })],
    ['refuses everything', /knows the first event/, adapter({ classify: () => ({ kind: 'fault' }) })],
    ['trusts the error event', /every error event/, adapter({ classify: answer => answer.type === 'event' && (answer.event['error'] as { code: string }).code === 'x' ? undefined : { kind: 'fault' } })],
    ['trusts an error without a type', /every error event/, adapter({ classify: answer => answer.type === 'event' && (answer.event['error'] as { type?: string } | undefined)?.type === null ? undefined : { kind: 'fault' } })],
    ['takes any number for a count', /reads usage from any event/, adapter({ usage: event => ({ ...noUsage, inputText: Number((event['usage'] as { input_tokens?: number } | undefined)?.input_tokens ?? 0) }) })],
    ['has more from the cache than came in', /reads usage from any event/, adapter({ usage: () => ({ ...noUsage, cachedText: 1 }) })],
    ['trusts that a response is there', /reads usage from any event/, adapter({ usage: event => (event['response'] as { usage: undefined }).usage })],
    ['counts on from event to event', /is pure: the same event/, adapter({ usage: () => ({ ...noUsage, textItems: counter++ }) })],
    ['trusts an error that says nothing', /every error event/, adapter({ classify: answer => answer.type === 'event' && !('error' in answer.event) ? undefined : { kind: 'fault' } })],
    ['trusts every event', /takes any event/, adapter({ classify: answer => answer.type === 'event' && (answer.event['session'] as { id: string }[])[0]!.id === 'x' ? undefined : { kind: 'fault' } })],
    ['forgives the first', /is pure: the same answer/, adapter({ classify: () => counter++ % 2 === 0 ? undefined : { kind: 'fault' } })]
  ] as ReadonlyArray<[string, RegExp, UpstreamAdapter]>) {
    t.match((await broken(t, adapterConformance({ adapter: bad, deployment: served }))).join('\n'), rule, `one that ${what}`)
  }
})

t.test('what a test made is closed, when it fails too', async t => {
  let open = 0
  const suite = cooldownStoreConformance({
    create: async () => {
      open++
      return { ...createMemoryCooldowns(), clear: () => {} }
    },
    close: async () => { open-- }
  })
  t.ok((await broken(t, suite)).length > 0)
  t.equal(open, 0)
})
