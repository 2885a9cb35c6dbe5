import t from 'tap'
import { originAllowed } from '../../lib/http/origin.ts'
import { connect, request } from '../fixtures/client.ts'
import type { ClientRequest } from '../fixtures/client.ts'
import { deploymentAt, startGateway } from '../fixtures/gateway.ts'
import { ready, startUpstream } from '../fixtures/upstream.ts'
import type { Principal } from '../../types/index.ts'

t.test('without a key of its own, a page must come from the host that it asks', async t => {
  const rows: ReadonlyArray<readonly [string | undefined, string, boolean]> = [
    [undefined, 'api.example', true],
    ['https://api.example', 'api.example', true],
    ['https://api.example', 'API.example:443', true],
    ['http://localhost:5173', 'localhost:3000', true],
    ['http://[::1]:5173', '[::1]:3000', true],
    ['https://evil.example', 'api.example', false],
    ['https://api.example.evil.example', 'api.example', false],
    ['https://notapi.example', 'api.example', false],
    ['null', 'api.example', false],
    ['null', 'null', false],
    ['', '', false],
    ['app://.', 'api.example', false],
    ['https://api.example', '', false]
  ]
  for (const [origin, host, allowed] of rows) {
    t.equal(originAllowed(origin, { allowed: undefined, host, hasCredential: false }), allowed, `${origin} at ${host}`)
    t.equal(originAllowed(origin, { allowed: undefined, host, hasCredential: true }), true, 'a key is enough')
    t.equal(originAllowed(origin, { allowed: ['*'], host, hasCredential: false }), true, 'all are let in where the host says so')
  }
})

t.test('a list of origins holds for clients with a key too', async t => {
  const allowed = ['https://app.example']
  for (const hasCredential of [true, false]) {
    t.ok(originAllowed('https://app.example', { allowed, host: 'api.example', hasCredential }))
    t.notOk(originAllowed('https://api.example', { allowed, host: 'api.example', hasCredential }))
    t.ok(originAllowed(undefined, { allowed, host: 'api.example', hasCredential }))
  }
})

t.test("no other site's page opens a session with its visitor's cookie", async t => {
  const upstream = await startUpstream(t, ready)
  const authenticate = async ({ headers }: { headers: { cookie?: string | undefined } }): Promise<Principal | undefined> => headers.cookie === 'session=1' ? { id: 'visitor' } : undefined
  const { port } = await startGateway(t, { deployments: [deploymentAt(upstream)], authenticate, refusal: 'http' })
  const from = (origin: string): ClientRequest => ({ headers: { Origin: origin, Cookie: 'session=1' }, key: null })
  const refused = await request(port, from('https://evil.example'))
  t.match(refused, { status: 403, error: { code: 'origin_not_allowed' } })
  t.equal(upstream.counts.opened, 0)
  const client = await connect(port, from(`http://127.0.0.1:${port + 1}`))
  t.match(await client.json(0), { type: 'session.created' })
})
