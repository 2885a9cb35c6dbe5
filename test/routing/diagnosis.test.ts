import t from 'tap'
import { at, eventually, startGateway, startUpstream, visit } from '../fixtures/routing.ts'
import type { SimulatorFault } from '../../lib/testing/index.ts'

const rows: ReadonlyArray<readonly [name: string, fault: SimulatorFault, cause: string, whose: string, hint: RegExp, message: RegExp]> = [
  ['a wrong key, told by HTTP', { type: 'refuse', status: 401, body: 'inside information' }, 'credentials', 'operator', /apiKey or token/, /credential of this gateway\. Your own key is good/],
  ['a wrong key, told as the first event', { type: 'error_first', code: 'invalid_api_key' }, 'credentials', 'operator', /apiKey or token/, /credential of this gateway/],
  ['a spent account', { type: 'error_first', code: 'insufficient_quota' }, 'quota', 'operator', /quota or credit/, /no quota left/],
  ['a model that the provider does not know', { type: 'refuse', status: 404, body: 'inside information' }, 'not_found', 'operator', /target and baseUrl/, /does not know the model/]
]

for (const [name, fault, cause, whose, hint, message] of rows) {
  t.test(`${name}: log, status and answer say whose fault it is, without a word of the provider's`, async t => {
    const upstream = await startUpstream(t, { faults: [fault] })
    const gateway = await startGateway(t, { deployments: [at(upstream.url, 'bad', { allowedFails: 1 })] })
    const refused = await visit(gateway)
    t.match(refused, { status: 502, error: { code: 'upstream_rejected', message } })
    t.match(gateway.status('bad'), { state: 'cooldown', cause, fault: whose, hint })
    t.match(gateway.log.find(({ msg }) => msg === 'realtime upstream refused'), { deployment: 'bad', kind: cause, fault: whose, hint })
    t.match(gateway.log.find(({ msg }) => msg === 'realtime deployment in cooldown'), { deployment: 'bad', cause, fault: whose, hint })
    t.notMatch(refused.text + JSON.stringify(gateway.log), /inside information|Incorrect API key/)
  })
}

t.test('of several the credential is told first, and a deployment that is well has no hint', async t => {
  const [unknown, wrong, well] = [await startUpstream(t, { faults: [{ type: 'refuse', status: 404 }] }), await startUpstream(t, { faults: [{ type: 'refuse', status: 401 }] }), await startUpstream(t)]
  const gateway = await startGateway(t, { deployments: [at(unknown.url, 'unknown'), at(wrong.url, 'wrong'), at(well.url, 'well', { model: 'other' })] })
  t.match((await visit(gateway)).error, { message: /credential of this gateway/ })
  const { fault, hint, cause } = gateway.status('well')
  t.strictSame([fault, hint, cause], [undefined, undefined, undefined])
})

t.test('sessions that were lost are told as the provider\'s', async t => {
  const upstream = await startUpstream(t, { faults: [{ type: 'abort', after: { event: 'session.created' }, how: 'rst' }] })
  const gateway = await startGateway(t, { deployments: [at(upstream.url, 'one', { allowedFails: 1 })] })
  await visit(gateway)
  await eventually(() => gateway.status('one').state === 'cooldown', 'the session is lost')
  t.match(gateway.status('one'), { fault: 'provider', hint: String })
})
