import Fastify from 'fastify'
import type { FastifyInstance, InjectOptions } from 'fastify'
import swagger from '@fastify/swagger'
import t from 'tap'
import type { Test } from 'tap'
import realtimeGateway, { createMemoryKeyAdmin } from '../../../lib/index.ts'
import { hashKey } from '../../../lib/keys/hash.ts'
import type { KeyAdmin, RealtimeGatewayOptions } from '../../../types/index.ts'

const masterKey = 'sk-master-key-000001'
const secret = 'sk-my-own-key-0123456789'

interface Answer {
  readonly status: number
  // What a client reads of JSON.
  readonly body: Record<string, unknown> & { readonly key?: unknown, readonly info?: unknown, readonly error: { readonly message: string, readonly type: string, readonly param: string | null, readonly code: string } }
  readonly text: string
}

interface Api {
  readonly app: FastifyInstance
  readonly keys: KeyAdmin
  readonly log: () => string
  ask (method: 'GET' | 'POST' | 'DELETE', url: string, body?: object, headers?: Readonly<Record<string, string | undefined>>): Promise<Answer>
}

async function api (t: Test, options: Partial<RealtimeGatewayOptions> = {}, before?: (app: FastifyInstance) => Promise<unknown>): Promise<Api> {
  const lines: string[] = []
  const app = Fastify({ logger: { level: 'trace', stream: { write: line => { lines.push(line) } } } })
  t.teardown(() => app.close())
  await before?.(app)
  const keys = createMemoryKeyAdmin()
  await app.register(realtimeGateway, {
    deployments: [{ model: 'gpt', target: 'openai/gpt-realtime', apiKey: 'sk-provider-0001' }, { model: 'grok', target: 'xai/grok-voice-latest', apiKey: 'xai-provider-0001' }],
    keyStore: keys,
    masterKey,
    management: {},
    ...options
  })
  return {
    app,
    keys,
    log: () => lines.join(''),
    async ask (method, url, body, headers = { authorization: `Bearer ${masterKey}` }) {
      const asked: InjectOptions = { method, url, headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<string, string>, ...body !== undefined && { payload: body } }
      const { statusCode, body: text } = await app.inject(asked)
      return { status: statusCode, text, body: JSON.parse(text) as Answer['body'] }
    }
  }
}

t.test('a key is made, shown once, and kept as its hash', async t => {
  const { ask, keys } = await api(t)
  const made = await ask('POST', '/key/generate', { key_alias: 'app-1', models: ['gpt'], user_id: 'ann', max_parallel_requests: 2, rpm_limit: 0, max_session_seconds: 60, finish_turn: true, tags: ['eu'], metadata: { purpose: 'demo' }, permissions: { fallbacks: false } })
  t.equal(made.status, 200)
  const key = String(made.body.key)
  t.match(key, /^sk-[\w-]{32}$/)
  t.match(made.body, { token: hashKey(key), token_id: hashKey(key), key_name: `sk-...${key.slice(-4)}`, key_alias: 'app-1', models: ['gpt'], max_parallel_requests: 2, rpm_limit: 0, metadata: { purpose: 'demo', tags: ['eu'] }, expires: null, created_by: 'master' })
  t.match(await keys.findByHash(hashKey(key)), { name: 'app-1', user: 'ann', models: ['gpt'], maxParallelRequests: 2, rpmLimit: 0, maxSessionSeconds: 60, finishTurn: true, tags: ['eu'], fallbacks: false })
  const info = await ask('GET', `/key/info?key=${key}`)
  t.match(info.body, { key, info: { key_alias: 'app-1', rpm_limit: 0 } })
  t.notOk(JSON.stringify(info.body.info).includes(key))
  t.notMatch((await ask('GET', '/key/list?return_full_object=true')).text, key)
})

t.test('a duration becomes an expiry', async t => {
  const { ask, keys } = await api(t)
  for (const [duration, ms] of [['30s', 30_000], ['2m', 120_000], ['3h', 10_800_000], ['30d', 2_592_000_000], ['2w', 1_209_600_000]] as const) {
    const { body } = await ask('POST', '/key/generate', { duration })
    const expires = Date.parse(String(body['expires']))
    t.ok(Math.abs(expires - Date.now() - ms) < 10_000, duration)
    t.equal((await keys.findByHash(String(body['token'])))!.expiresAt, expires)
  }
  const { body: { token } } = await ask('POST', '/key/generate', { duration: '1mo' })
  const days = ((await keys.findByHash(String(token)))!.expiresAt! - Date.now()) / 86_400_000
  t.ok(days > 27 && days < 32)
  for (const duration of ['soon', '0d', '1.5h', '-2d', '30', '999999999w', '1y']) t.match(await ask('POST', '/key/generate', { duration }), { status: 400, body: { error: { param: 'duration' } } }, duration)
  t.equal((await ask('POST', '/key/update', { key: String(token), duration: null })).body['expires'], null)
})

t.test('an own secret works, must not be guessable, and is nobody else\'s', async t => {
  const { ask } = await api(t)
  t.match(await ask('POST', '/key/generate', { key: secret }), { status: 200, body: { key: secret, key_name: 'sk-...6789' } })
  for (const [key, message] of [['hello-0123456789abcdef', /start with 'sk-'/], ['sk-short', /16 characters/], ['sk-with a space 0123', /no spaces/], [secret, /exists already/], [masterKey, /exists already/]] as const) {
    const { status, body } = await ask('POST', '/key/generate', { key })
    t.equal(status, 400, key)
    t.match(body.error, { message, param: 'key', code: '400' })
    t.notOk(body.error.message.includes(key))
  }
})

t.test('an alias belongs to one key', async t => {
  const { ask } = await api(t)
  await ask('POST', '/key/generate', { key_alias: 'app-1' })
  t.match(await ask('POST', '/key/generate', { key_alias: 'app-1' }), { status: 400, body: { error: { message: /alias already exists/, type: 'bad_request_error', param: 'key_alias', code: '400' } } })
})

t.test('an update changes what it names; null takes away, 0 stays 0', async t => {
  const { ask, keys } = await api(t)
  await ask('POST', '/key/generate', { key: secret, key_alias: 'a', rpm_limit: 5, max_parallel_requests: 3, tags: ['eu'], metadata: { a: 1 }, project_id: 'p1' })
  const { body } = await ask('POST', '/key/update', { key: secret, rpm_limit: null, max_parallel_requests: 0, models: ['grok'], agent_id: 'x' })
  t.match(body, { key: secret, key_alias: 'a', rpm_limit: null, max_parallel_requests: 0, models: ['grok'], tags: ['eu'], metadata: { a: 1 }, project_id: 'p1', agent_id: 'x' })
  const kept = (await keys.findByHash(hashKey(secret)))!
  t.equal(kept.rpmLimit, undefined)
  t.equal(kept.maxParallelRequests, 0)
  t.strictSame(kept.models, ['grok'])
  t.match((await ask('POST', '/key/update', { key_alias: 'a', rpm_limit: 7, project_id: null })).body, { key: hashKey(secret), rpm_limit: 7, project_id: null, agent_id: 'x' })
  t.match(await ask('POST', '/key/update', { rpm_limit: 7 }), { status: 400, body: { error: { param: 'key' } } })
})

t.test('keys are blocked, let in again, and deleted by key, hash or alias', async t => {
  const { ask, keys } = await api(t)
  await ask('POST', '/key/generate', { key: secret, key_alias: 'a' })
  t.match(await ask('POST', '/key/block', { key: secret }), { status: 200, body: { blocked: true, token: hashKey(secret) } })
  t.match(await ask('POST', '/key/unblock', { key: hashKey(secret) }), { status: 200, body: { blocked: false } })
  t.strictSame((await ask('POST', '/key/delete', { keys: [secret, 'sk-nobody-0123456789'] })).body, { deleted_keys: [secret] })
  await ask('POST', '/key/generate', { key_alias: 'a' })
  t.strictSame((await ask('POST', '/key/delete', { key_aliases: ['a', 'b'] })).body, { deleted_keys: ['a'] })
  t.equal((await keys.listKeys()).total, 0)
})

t.test('what is not there is 404 and "not found"', async t => {
  const { ask } = await api(t)
  for (const [method, url, body] of [
    ['GET', '/key/info?key=sk-unknown-0123456789'], ['POST', '/key/update', { key: 'sk-unknown-0123456789', rpm_limit: 1 }], ['POST', '/key/block', { key: 'sk-unknown-0123456789' }],
    ['POST', '/key/unblock', { key: 'sk-unknown-0123456789' }], ['POST', '/key/delete', { keys: ['sk-unknown-0123456789'] }], ['POST', '/key/delete', { key_aliases: ['nobody'] }],
    ['POST', '/key/sk-unknown-0123456789/regenerate', {}], ['POST', '/key/generate', { team_id: 'nobody' }], ['GET', '/team/info?team_id=nobody'], ['POST', '/team/update', { team_id: 'nobody' }],
    ['POST', '/team/block', { team_id: 'nobody' }], ['POST', '/team/delete', { team_ids: ['nobody'] }], ['DELETE', '/v1/realtime/sessions/nobody']
  ] as const) {
    const { status, body: { error } } = await ask(method, url, body)
    t.equal(status, 404, url)
    t.match(error, { message: /not found/, type: 'not_found_error', code: '404' }, url)
  }
})

t.test('another secret replaces the old one, and the key stays the same', async t => {
  const { ask, keys } = await api(t)
  const { body: made } = await ask('POST', '/key/generate', { key: secret, key_alias: 'a', rpm_limit: 5 })
  const { body } = await ask('POST', `/key/${secret}/regenerate`, { rpm_limit: 6 })
  t.match(body, { key_id: made['key_id'], key_alias: 'a', rpm_limit: 6, key: /^sk-/ })
  t.not(body.key, secret)
  t.equal(await keys.findByHash(hashKey(secret)), undefined)
  const own = 'sk-the-next-key-0123456'
  t.match((await ask('POST', '/key/regenerate', { key: body.key, new_key: own })).body, { key: own, token: hashKey(own), rpm_limit: 6 })
  t.match((await ask('POST', `/key/${hashKey(own)}/regenerate`)).status, 200, 'a body is not needed')
})

t.test('a refusal leaves the secret as it is', async t => {
  const { ask, keys } = await api(t)
  await ask('POST', '/key/generate', { key: secret, key_alias: 'a' })
  await ask('POST', '/key/generate', { key: 'sk-another-0123456789', key_alias: 'b' })
  for (const body of [{ duration: 'soon' }, { permissions: { x: true } }, { team_id: 'nobody' }, { key_alias: 'b' }, { new_key: 'sk-another-0123456789' }, { max_budget: 1 }]) {
    t.ok((await ask('POST', `/key/${secret}/regenerate`, body)).status >= 400, JSON.stringify(body))
    t.equal((await keys.findByHash(hashKey(secret)))?.name, 'a')
  }
})

t.test('what guards a key in its metadata is refused too, and an empty text is none', async t => {
  const { ask } = await api(t)
  t.match(await ask('POST', '/key/generate', { metadata: { guardrails: ['pii'] } }), { status: 400, body: { error: { message: /^metadata\.guardrails/, param: 'metadata' } } })
  for (let i = 0; i < 2; i++) t.match(await ask('POST', '/key/generate', { key_alias: '', team_id: '', user_id: '', metadata: { guardrails: [] } }), { status: 200, body: { key_alias: null, team_id: null } })
})

t.test('keys are listed in pages, newest first', async t => {
  const { ask } = await api(t)
  await ask('POST', '/team/new', { team_id: 'red' })
  for (let i = 0; i < 5; i++) await ask('POST', '/key/generate', { key_alias: `k${i}`, user_id: i < 3 ? 'ann' : 'ben', ...i % 2 === 0 && { team_id: 'red' } })
  const list = async (query: string): Promise<unknown> => {
    const { body } = await ask('GET', `/key/list?return_full_object=true&${query}`)
    return [(body['keys'] as Array<{ key_alias: string }>).map(({ key_alias: alias }) => alias).join(), body['total_count'], body['current_page'], body['total_pages']]
  }
  t.strictSame(await list('size=2'), ['k4,k3', 5, 1, 3])
  t.strictSame(await list('size=2&page=3'), ['k0', 5, 3, 3])
  t.strictSame(await list('team_id=red&user_id=ann'), ['k2,k0', 2, 1, 1])
  t.strictSame(await list('key_alias=k3'), ['k3', 1, 1, 1])
  const { body } = await ask('GET', '/key/list')
  t.match((body['keys'] as string[])[0], /^[0-9a-f]{64}$/)
  for (const query of ['status=deleted', 'project_id=other', 'nonsense=1']) t.match(await ask('GET', `/key/list?${query}`), { status: 400, body: { error: { param: query.split('=')[0] } } })
  t.equal((await ask('GET', '/key/list?sort_by=created_at&include_team_keys=true')).status, 200)
  for (const query of ['page=0', 'size=1000', 'size=many']) t.match(await ask('GET', `/key/list?${query}`), { status: 400, body: { error: { param: query.split('=')[0] } } })
})

t.test('teams are made, changed, shown with their keys, blocked and deleted with them', async t => {
  const { ask, keys } = await api(t)
  const { body: made } = await ask('POST', '/team/new', { team_alias: 'team-a', models: ['gpt'], rpm_limit: 50, metadata: { cost_centre: '1' } })
  const id = String(made['team_id'])
  t.match(made, { team_alias: 'team-a', models: ['gpt'], rpm_limit: 50, blocked: false, metadata: { cost_centre: '1' } })
  const { body: key } = await ask('POST', '/key/generate', { team_id: id, models: ['all-team-models'] })
  t.match(key, { team_id: id, models: ['all-team-models'] })
  const models = async (): Promise<unknown[]> => ((await ask('GET', '/v1/models', undefined, { authorization: `Bearer ${String(key.key)}` })).body['data'] as Array<{ id: string }>).map(each => each.id)
  t.strictSame(await models(), ['gpt'], 'what its team may use')
  t.match((await ask('POST', '/team/update', { team_id: id, rpm_limit: null, max_parallel_requests: 9 })).body, { team_id: id, data: { rpm_limit: null, max_parallel_requests: 9, models: ['gpt'] } })
  t.match((await ask('GET', `/team/info?team_id=${id}`)).body, { team_id: id, team_info: { team_alias: 'team-a' }, keys: [{ token: key['token'] }], team_memberships: [] })
  t.match((await ask('POST', '/team/block', { team_id: id })).body, { blocked: true })
  t.equal((await keys.findByHash(String(key['token'])))!.teamPolicy!.blocked, true)
  t.match((await ask('POST', '/team/unblock', { team_id: id })).body, { blocked: false })
  t.match((await ask('GET', '/team/list')).body, [{ team_id: id }])
  t.strictSame((await ask('POST', '/team/delete', { team_ids: [id, 'nobody'] })).body, { deleted_teams: [id] })
  t.equal(await keys.findByHash(String(key['token'])), undefined)
})

t.test('a field whose loss would weaken what was meant is refused by its name; one that says nothing passes', async t => {
  const { ask } = await api(t)
  for (const [field, value, empty] of [
    ['max_budget', 10, null], ['max_budget', 0, null], ['tpm_limit', 1, null], ['guardrails', ['x'], []], ['allowed_routes', ['/v1'], []], ['enforced_params', ['user'], null], ['key_type', 'read_only', 'default'],
    ['object_permission', { vector_stores: ['x'] }, {}], ['router_settings', { num_retries: 1 }, {}], ['auto_rotate', true, false], ['spend', 5, 0], ['model_max_budget', { gpt: 1 }, {}], ['permissions', { get_spend_routes: true }, {}]
  ] as const) {
    t.match(await ask('POST', '/key/generate', { [field]: value }), { status: 400, body: { error: { message: new RegExp(`^${field}`), param: field, code: '400' } } }, field)
    t.equal((await ask('POST', '/key/generate', { [field]: empty })).status, 200, `${field}: ${JSON.stringify(empty)}`)
  }
})

t.test('a field that nobody knows is refused with the name that is near', async t => {
  const { ask } = await api(t)
  t.match(await ask('POST', '/key/generate', { rpm_limt: 1 }), { status: 400, body: { error: { message: /^rpm_limt .*did you mean rpm_limit\?/, param: 'rpm_limt' } } })
  t.match(await ask('POST', '/team/new', { zzz: 1 }), { status: 400, body: { error: { param: 'zzz' } } })
})

t.test('a value of a wrong type is refused by its field', async t => {
  const { ask, keys } = await api(t)
  for (const [field, value] of [['rpm_limit', '5'], ['rpm_limit', -1], ['rpm_limit', 1.5], ['rpm_limit', 2 ** 40], ['models', 'gpt'], ['models', [1]], ['blocked', 'yes'], ['metadata', []], ['key_alias', 7], ['key_alias', 'a\nb'], ['user_id', 'x'.repeat(300)], ['tags', ['\u0000']]] as const) {
    t.match(await ask('POST', '/key/generate', { [field]: value }), { status: 400, body: { error: { param: field } } }, JSON.stringify([field, value]).slice(0, 50))
  }
  t.equal((await keys.listKeys()).total, 0)
})

t.test('nobody without the master key gets in, and no key sees another', async t => {
  const { ask, app } = await api(t)
  const { body: mine } = await ask('POST', '/key/generate', { models: ['gpt'] })
  const { body: other } = await ask('POST', '/key/generate', {})
  const as = { authorization: `Bearer ${String(mine['key'])}` }
  // Each wrong key is answered later than the one before: after 30, 60, 120 ms and so on.
  const from = performance.now()
  for (const headers of [{ authorization: 'Bearer sk-wrong-0123456789' }, { 'x-api-key': 'sk-wrong-0123456789' }]) {
    for (const url of ['/key/list', '/v1/models', '/key/info']) t.equal((await ask('GET', url, undefined, headers)).status, 401, url)
  }
  t.ok(performance.now() - from > 1_500)
  for (const headers of [{}, as]) {
    for (const [method, url] of [['POST', '/key/generate'], ['POST', '/key/update'], ['POST', '/key/delete'], ['GET', '/key/list'], ['POST', '/team/new'], ['GET', '/team/list'], ['GET', '/model/info'], ['GET', '/v1/realtime/sessions']] as const) {
      const { status, body } = await ask(method, url, method === 'POST' ? {} : undefined, headers)
      t.equal(status, 401, url)
      t.equal(body.error.code, '401')
    }
  }
  t.match((await ask('GET', '/key/info', undefined, as)).body, { key: mine['token'], info: { token: mine['token'] } })
  t.match((await ask('GET', `/key/info?key=${String(mine['key'])}`, undefined, as)).status, 200)
  t.match(await ask('GET', `/key/info?key=${String(other['token'])}`, undefined, as), { status: 403, body: { error: { code: '403' } } })
  t.match((await ask('GET', '/v1/models', undefined, as)).body, { object: 'list', data: [{ id: 'gpt', object: 'model' }] })
  t.equal(((await ask('GET', '/v1/models')).body['data'] as object[]).length, 2)
  await ask('POST', '/key/block', { key: mine['token'] })
  t.equal((await app.inject({ url: '/v1/models', headers: as })).statusCode, 200, 'a block is heard of within a second')
})

t.test('both headers of LiteLLM\'s clients are taken, alone and together', async t => {
  const { ask } = await api(t)
  for (const headers of [{ 'x-api-key': masterKey }, { 'x-api-key': masterKey, authorization: `Bearer ${masterKey}` }]) t.equal((await ask('GET', '/team/list', undefined, headers)).status, 200)
  t.equal((await ask('GET', '/team/list', undefined, { 'x-api-key': masterKey, authorization: 'Bearer sk-another-0123456' })).status, 400)
})

t.test('who has made a change is in the audit, and nothing that should not be', async t => {
  const { ask, keys } = await api(t)
  await ask('POST', '/key/generate', { key: secret, key_alias: 'hidden-name' }, { authorization: `Bearer ${masterKey}`, 'litellm-changed-by': 'ann@example.com' })
  const rows = await keys.changes(0)
  t.match(rows, [{ by: 'ann@example.com', action: 'create', kind: 'key', id: hashKey(secret) }])
  t.notMatch(JSON.stringify(rows), /hidden-name|sk-my/)
  t.equal((await ask('POST', '/key/generate', {}, { authorization: `Bearer ${masterKey}`, 'litellm-changed-by': 'x'.repeat(200) })).status, 400)
})

t.test('no key stands in the log, whatever the request is', async t => {
  const { ask, log } = await api(t)
  await ask('POST', '/key/generate', { key: secret })
  await ask('GET', `/key/info?key=${secret}`)
  await ask('POST', `/key/${secret}/regenerate`, {})
  await ask('POST', `/key/${secret}/regenerate`, {})
  await ask('GET', `/key/info?key=${secret}`, undefined, { authorization: `Bearer ${secret}` })
  await ask('POST', '/key/generate', { key: secret, nonsense: secret })
  t.ok(log().includes('/key/:key/regenerate'))
  t.notOk(log().includes(secret) || log().includes(masterKey))
})

t.test('hostile bodies are refused, and change nothing', async t => {
  const { app, keys } = await api(t)
  const send = async (payload: string, type = 'application/json'): Promise<number> =>
    (await app.inject({ method: 'POST', url: '/key/generate', headers: { authorization: `Bearer ${masterKey}`, 'content-type': type }, payload })).statusCode
  t.equal(await send('{"__proto__":{"blocked":true}}'), 400)
  t.equal(await send('{"metadata":{"constructor":{"prototype":{"x":1}}}}'), 400)
  t.equal(await send(`{"metadata":{"a":"${'x'.repeat(300_000)}"}}`), 413)
  t.equal(await send('{"key_alias":'), 400)
  t.equal(await send('[]'), 400)
  t.equal(await send('"sk-"'), 400)
  t.equal(await send('a=1', 'application/x-www-form-urlencoded'), 415)
  t.equal((await keys.listKeys()).total, 0)
  t.equal(({} as Record<string, unknown>)['blocked'], undefined)
})

t.test('a store that is away is 503, and what it says stays inside', async t => {
  const keys = createMemoryKeyAdmin()
  const { ask } = await api(t, { keyStore: { ...keys, createKey: async () => { throw new Error('connection refused at 10.0.0.7') } } })
  const { status, text } = await ask('POST', '/key/generate', {})
  t.equal(status, 503)
  t.notMatch(text, /10\.0\.0\.7/)
})

t.test('sessions are listed, and one that is not there cannot be ended', async t => {
  const { ask } = await api(t)
  t.strictSame((await ask('GET', '/v1/realtime/sessions')).body, { object: 'list', data: [] })
})

t.test('deployments are shown without their credentials', async t => {
  const { ask } = await api(t)
  for (const url of ['/model/info', '/v1/model/info']) {
    const { body, text } = await ask('GET', url)
    t.match(body, { data: [{ model_name: 'gpt', litellm_params: { model: 'openai/gpt-realtime' }, model_info: { mode: 'realtime' } }, { model_name: 'grok' }] })
    t.notMatch(text, /provider-0001/)
  }
})

t.test('the routes have a prefix of their own, and without the option there are none', async t => {
  const { ask, app } = await api(t, { prefix: '/gw', management: { prefix: '/admin' } })
  t.equal((await ask('GET', '/gw/admin/team/list')).status, 200)
  t.equal((await app.inject('/team/list')).statusCode, 404)
  const without = await api(t, { management: undefined })
  t.equal((await without.app.inject({ url: '/team/list', headers: { authorization: `Bearer ${masterKey}` } })).statusCode, 404)
})

t.test('the option is refused where nobody could use it', async t => {
  for (const [options, rule] of [[{ masterKey: undefined }, /needs masterKey/], [{ keyStore: { findByHash: async () => undefined } }, /needs a keyStore that keys can be made in/]] as const) {
    await t.rejects(api(t, options), { code: 'RTG_ERR_OPTION', message: rule })
  }
})

t.test('a host with @fastify/swagger gets each route with its fields', async t => {
  const { app } = await api(t, {}, async app => { await app.register(swagger, { openapi: {} }) })
  await app.ready()
  const paths = app.swagger().paths as Record<string, Record<string, { operationId?: string, tags?: string[], responses?: object }>>
  for (const path of ['/key/generate', '/key/info', '/key/list', '/key/{key}/regenerate', '/team/new', '/team/info', '/v1/models', '/model/info', '/v1/realtime/sessions']) t.ok(paths[path], path)
  const operations = Object.values(paths).flatMap(path => Object.values(path))
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  t.ok(operations.every(({ tags, responses }) => tags?.length === 1 && responses !== undefined))
})
