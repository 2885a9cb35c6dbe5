import t from 'tap'
import type { RouteOutcome, Router } from '../../types/index.ts'
import { GatewayError } from '../../lib/errors.ts'
import { connect } from '../../lib/upstream/connect.ts'
import type { ConnectTools } from '../../lib/upstream/connect.ts'
import { ownFault } from '../../lib/upstream/own-fault.ts'
import { createProbe } from '../../lib/upstream/probe.ts'
import { request } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { newLease } from '../fixtures/routing.ts'
import { ready, startUpstream } from '../fixtures/upstream.ts'

const failing = (code: string): Error => Object.assign(new Error(`connect ${code} 127.0.0.1:443`), { code })

t.test('what this process or machine lacks is told from what the upstream does', async t => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']) t.equal(ownFault(failing(code))?.code, 'at_capacity', code)
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND']) t.equal(ownFault(failing(code)), undefined, code)
  t.equal(ownFault(undefined), undefined)
  t.equal(ownFault('EMFILE'), undefined)
})

t.test('of a host with several addresses each has to fail for lack of our own', async t => {
  t.equal(ownFault(new AggregateError([failing('EMFILE'), failing('EMFILE')]))?.code, 'at_capacity')
  t.equal(ownFault(new AggregateError([failing('EADDRNOTAVAIL'), failing('ECONNREFUSED')])), undefined, 'no IPv6 here, nobody listens there')
  t.equal(ownFault(new AggregateError([])), undefined)
})

/** What connecting works with where no socket can be opened; `reported` is what a router hears. */
function without (code: string): { tools: ConnectTools, reported: RouteOutcome[] } {
  const reported: RouteOutcome[] = []
  const adapter = { provider: 'openai', request: () => ({ url: 'ws://127.0.0.1/', headers: {} }) }
  return {
    reported,
    tools: {
      adapters: new Map([['openai', adapter]]),
      connectTimeout: 1_000,
      limits: { maxMessageBytes: 1_000, maxFragments: 10 },
      now: () => 0,
      dial: async () => ({ refusal: { kind: 'fault' }, cause: failing(code) }),
      pool: { start () {}, take: () => undefined, evict: () => false, close () {} },
      slots: { take: () => () => {}, full: () => false } as unknown as ConnectTools['slots'],
      lease: newLease
    }
  }
}

const deployments = ['a', 'b'].map(id => ({ id, model: 'voice', target: 'openai/x' }))
const never = new AbortController().signal

t.test('a dial that fails for lack of descriptors is no refusal of the deployment, and nobody else is dialled', async t => {
  const { tools, reported } = without('EMFILE')
  const attempts: never[] = []
  const refused = await connect({ candidates: deployments }, { handshake: { kind: 'realtime', query: new URLSearchParams() }, lease: newLease(), report: outcome => { reported.push(outcome) }, attempts, signal: never }, tools)
    .catch((error: unknown) => error as GatewayError)
  t.match(refused, { code: 'at_capacity', statusCode: 503, retryAfterSeconds: 5 })
  t.match(reported, [{ type: 'dial', deployment: { id: 'a' } }, { type: 'dropped', deployment: { id: 'a' } }])
  t.equal(reported.length, 2)
  t.match(attempts, [{ deployment: 'a', outcome: 'dropped' }])
})

t.test('nor is a probe that fails so', async t => {
  const { tools, reported } = without('EMFILE')
  const probed = await createProbe(tools, outcome => { reported.push(outcome) })(deployments[0]!, newLease(), never)
  t.equal(probed.ready, undefined)
  t.match(reported, [{ type: 'dial' }, { type: 'dropped' }])
  t.equal(reported.length, 2)
})

t.test('a client is told to come back, and the deployment is there when it does', async t => {
  const upstream = await startUpstream(t, ready)
  let lacking = true
  const heard: string[] = []
  const router: Router = { candidates: () => deployments.map(deployment => ({ ...deployment, ...deploymentAt(upstream) })), report: ({ type }) => { heard.push(type) } }
  // The adapter stands in for what the system says: nothing else fails a dial with a code of one's choice.
  const gateway = await startGateway(t, {
    router,
    adapters: [{ provider: 'openai', request: () => { if (lacking) throw failing('EMFILE'); return { url: `${upstream.url.replace('http', 'ws')}/realtime`, headers: {} } } }]
  })
  const refused = await request(gateway.port)
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '5')
  t.match(refused.error, { type: 'server_error', code: 'at_capacity' })
  t.notMatch(refused.body, /EMFILE|127\.0\.0\.1/)
  t.match(gateway.log(), /EMFILE/, 'the operator can read why')
  lacking = false
  const { status, peer } = await request(gateway.port)
  t.equal(status, 101)
  t.strictSame(heard, ['dial', 'dropped', 'dial', 'ready'])
  peer!.close(1000)
  await gateway.idle()
})
