import t from 'tap'
import { GatewayError } from '../../lib/errors.ts'
import { adapterConformance } from '../../lib/testing/index.ts'
import type { DeploymentOptions, RouteOutcome, UpstreamAdapter } from '../../types/index.ts'
import { connect, refusedByEvent, request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { deployment, refusal, testRouter } from '../fixtures/router.ts'
import { sessionCreated, startUpstream } from '../fixtures/upstream.ts'

const upstream = await startUpstream(t)
const onXai = (more: Partial<DeploymentOptions> = {}): DeploymentOptions => deploymentAt(upstream, { id: 'xai', target: 'xai/grok', order: 0, ...more })
const transcription = { query: 'intent=transcription' }

t.test('a session that one provider does not have goes to the next, without a dial', async t => {
  const dials = upstream.counts.opened
  const gateway = await startGateway(t, { deployments: [onXai(), deploymentAt(upstream, { id: 'openai', order: 1 })] })
  const client = await connect(gateway.port, transcription)
  t.strictSame(await client.json(0), sessionCreated)
  t.equal(upstream.counts.opened, dials + 1)
  t.equal(upstream.calls.at(-1)!.url.searchParams.get('intent'), 'transcription')
  t.match(gateway.fastify.realtime.sessions.list(), [{ deployment: 'openai', route: { passedOver: [{ deployment: 'xai', reason: 'unsupported' }], attempts: [{ deployment: 'openai', outcome: 'ready' }] } }])
})

t.test('an adapter that says so only when it is asked for a request costs no dial either', async t => {
  const dials = upstream.counts.opened
  for (const serves of [undefined, () => { throw new Error('beforehand') }]) {
    const late: UpstreamAdapter = { provider: 'late', serves, request () { throw new GatewayError('unsupported_feature') } }
    const gateway = await startGateway(t, { adapters: [late], deployments: [onXai({ id: 'late', target: 'late/grok' }), deploymentAt(upstream, { id: 'openai', order: 1 })] })
    await connect(gateway.port, transcription)
    t.match(gateway.fastify.realtime.sessions.list(), [{ deployment: 'openai', route: { attempts: [{ deployment: 'late', outcome: 'unsupported' }, { deployment: 'openai', outcome: 'ready' }] } }])
  }
  t.equal(upstream.counts.opened, dials + 2)
})

t.test('where nobody has it, the client hears what cannot be served', async t => {
  const dials = upstream.counts.opened
  const gateway = await startGateway(t, { deployments: [onXai(), onXai({ id: 'other' })], defaultModel: 'voice' })
  for (const client of [transcription, { ...transcription, model: null }]) {
    const refused = await request(gateway.port, client)
    t.equal(refused.status, 400)
    t.match(refused.error, { type: 'invalid_request_error', code: 'unsupported_feature', param: 'intent', message: /transcription/ })
  }
  t.match(await refusedByEvent(gateway.port, { ...transcription, headers: { Origin: 'https://app.example' } }), { error: { code: 'unsupported_feature', param: 'intent' }, code: 4000 })
  t.equal(upstream.counts.opened, dials)
})

t.test('it begins no cooldown, and the deployment gets its slot back', async t => {
  const gateway = await startGateway(t, { deployments: [onXai({ maxSessions: 1 })], routing: { allowedFails: 1 } })
  for (let i = 0; i < 12; i++) t.equal((await request(gateway.port, transcription)).error?.code, 'unsupported_feature')
  t.match(gateway.fastify.realtime.router.status(), [{ state: 'ready', sessions: 0 }])
  t.match(await (await connect(gateway.port)).json(0), { type: 'session.created' })
})

t.test('it is said of a full deployment too: no waiting would help', async t => {
  const gateway = await startGateway(t, { deployments: [onXai({ maxSessions: 1 })] })
  await connect(gateway.port)
  t.equal((await request(gateway.port)).error?.code, 'rate_limit_exceeded')
  t.match((await request(gateway.port, transcription)).error, { code: 'unsupported_feature', param: 'intent' })
})

t.test('it neither ends a cooldown nor lengthens it, and leaves the trial to the next', async t => {
  const [a, b] = [deployment('a'), deployment('b')]
  const { report, plan, pass } = testRouter([a, b], { allowedFails: 1, cooldownMs: 1_000 })
  const passedOver = (): unknown => plan().passedOver
  const unsupported: RouteOutcome = { type: 'refused', deployment: a, ms: 0, refusal: { kind: 'unsupported' } }
  report(...refusal(a))
  t.strictSame(passedOver(), [{ deployment: 'a', reason: 'cooldown' }])
  report({ type: 'dial', deployment: a }, unsupported)
  pass(999)
  t.strictSame(passedOver(), [{ deployment: 'a', reason: 'cooldown' }], 'as a last resort it may be asked in cooldown')
  pass(1)
  t.strictSame(passedOver(), [])
  report({ type: 'dial', deployment: a })
  t.strictSame(passedOver(), [{ deployment: 'a', reason: 'probing' }])
  report(unsupported)
  t.strictSame(passedOver(), [], 'the next one may try')
  report(...refusal(a))
  t.strictSame(passedOver(), [{ deployment: 'a', reason: 'cooldown' }], 'and its failure begins the next cooldown')
})

t.test("an adapter of the host's refuses so too, in its own words; any other error of its is a fault", async t => {
  const refuses = (code: 'unsupported_feature' | 'invalid_request'): UpstreamAdapter => ({
    provider: 'own',
    request () { throw new GatewayError(code, { param: 'intent', message: 'No such sessions here.', cause: new Error('for the log') }) }
  })
  for (const [code, status, heard] of [['unsupported_feature', 400, 'unsupported_feature'], ['invalid_request', 502, 'upstream_unavailable']] as const) {
    const { port } = await startGateway(t, { adapters: [refuses(code)], deployments: [{ model: 'voice', target: 'own/voice' }] })
    const refused = await request(port)
    t.equal(refused.status, status)
    t.equal(refused.error?.code, heard)
    t.notMatch(refused.body, /for the log/)
    t.equal(/No such sessions here/.test(refused.body), code === 'unsupported_feature')
  }
})

t.test('the conformance suite lets an adapter refuse what its provider lacks, and nothing that every provider has', async t => {
  const broken = async (adapter: UpstreamAdapter): Promise<number> => {
    const runs = await Promise.allSettled(adapterConformance({ adapter, deployment: deployment('a') }).map(({ run }) => run()))
    return runs.filter(({ status }) => status === 'rejected').length
  }
  const refusing = (code: 'unsupported_feature' | 'invalid_request', when: (query: URLSearchParams) => boolean): UpstreamAdapter => ({
    provider: 'own',
    request (_deployment, { query }) {
      if (when(query)) throw new GatewayError(code)
      return { url: 'ws://127.0.0.1:1/v1/realtime', headers: {} }
    }
  })
  t.equal(await broken(refusing('unsupported_feature', query => query.has('intent'))), 0)
  t.ok(await broken(refusing('invalid_request', query => query.has('intent'))) > 0, 'by its own code alone')
  const adapter = refusing('unsupported_feature', query => query.has('intent'))
  t.equal(await broken({ ...adapter, serves: ({ query }) => !query.has('intent') }), 0)
  t.equal(await broken({ ...adapter, serves: () => true }), 1, 'what it says beforehand has to hold')
  t.equal(await broken({ ...adapter, serves: () => false }), 1)
  t.equal(await broken(refusing('unsupported_feature', () => true)), 6, 'a plain session is what every provider has: no rule of requests holds')
})
