import t from 'tap'
import type { FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { createAuthenticator } from '../../lib/auth/authenticate.ts'
import type { AuthenticatorOptions } from '../../lib/auth/authenticate.ts'
import { findCredential, isSecretProtocol, refuseKeyInQuery, selectProtocol } from '../../lib/auth/credentials.ts'
import { GatewayError } from '../../lib/errors.ts'
import { hashKey } from '../../lib/keys/hash.ts'
import { createMemoryKeyStore } from '../../lib/keys/memory.ts'
import type { Principal, VirtualKey, VirtualKeyOptions } from '../../types/index.ts'

const openaiKey = (key: string): string => `openai-insecure-api-key.${key}`
const xaiKey = (key: string): string => `xai-client-secret.${key}`

t.test('a credential is found in each place that may carry one', async t => {
  const rows: ReadonlyArray<readonly [IncomingHttpHeaders & Record<string, string>, string[], string | undefined]> = [
    [{}, [], undefined],
    [{ authorization: 'Bearer k' }, [], 'k'],
    [{ authorization: 'bearer   k ' }, [], 'k'],
    [{ authorization: 'BEARER k' }, [], 'k'],
    [{ authorization: 'Basic abc' }, [], undefined],
    [{ authorization: 'Bearerk' }, [], undefined],
    [{ authorization: 'k' }, [], undefined],
    [{ 'api-key': 'k' }, [], 'k'],
    [{ 'x-api-key': ' k ' }, [], 'k'],
    [{}, ['realtime', openaiKey('k'), 'openai-beta.realtime-v1'], 'k'],
    [{}, [xaiKey('k')], 'k'],
    [{}, ['openai-organization.o', 'openai-project.p', 'realtime'], undefined],
    [{ authorization: 'Bearer k', 'api-key': 'k', 'x-api-key': 'k' }, [openaiKey('k'), xaiKey('k')], 'k'],
    [{ authorization: 'Basic abc', 'api-key': 'k' }, [], 'k'],
    [{ authorization: "Bearer ' OR '1'='1" }, [], "' OR '1'='1"],
    [{ authorization: `Bearer ${'k'.repeat(4096)}` }, [], 'k'.repeat(4096)]
  ]
  for (const [headers, protocols, credential] of rows) t.equal(findCredential(headers, protocols), credential, JSON.stringify([headers, protocols]).slice(0, 100))
})

t.test('two credentials that differ, an empty and an endless one are refused', async t => {
  const rows: ReadonlyArray<readonly [IncomingHttpHeaders & Record<string, string>, string[], string]> = [
    [{ authorization: 'Bearer a', 'api-key': 'b' }, [], 'conflicting_api_keys'],
    [{ 'api-key': 'a', 'x-api-key': 'b' }, [], 'conflicting_api_keys'],
    [{ authorization: 'Bearer a' }, [openaiKey('b')], 'conflicting_api_keys'],
    [{ authorization: 'Bearer a' }, [openaiKey('a'), xaiKey('b')], 'conflicting_api_keys'],
    [{}, [openaiKey('a'), openaiKey('b')], 'conflicting_api_keys'],
    [{ authorization: 'Bearer a', 'api-key': '' }, [], 'conflicting_api_keys'],
    [{ 'api-key': '' }, [], 'invalid_api_key'],
    [{}, [openaiKey('')], 'invalid_api_key'],
    [{ authorization: `Bearer ${'k'.repeat(4097)}` }, [], 'invalid_api_key']
  ]
  for (const [headers, protocols, code] of rows) {
    t.throws(() => findCredential(headers, protocols), { constructor: GatewayError, code }, JSON.stringify([headers, protocols]).slice(0, 100))
  }
})

t.test('a key in the query is refused under each of its names, whatever its case', async t => {
  for (const name of ['api_key', 'api-key', 'apikey', 'x-api-key', 'key', 'token', 'access_token', 'client_secret', 'ephemeral_key', 'authorization', 'API_Key', 'Token']) {
    t.throws(() => refuseKeyInQuery(new URLSearchParams([['model', 'm'], [name, 'x']]), undefined), { code: 'api_key_in_query', param: name })
  }
  t.doesNotThrow(() => refuseKeyInQuery(new URLSearchParams('model=m&call_id=rtc_u1_0123456789abcdef&intent=transcription&conversation_id=conv_0123456789abcdef&reasoning.effort=high&tokens=5'), 'plain'))
})

t.test('what is a key by its looks, or the very key of the client, is refused under any name', async t => {
  for (const [query, param] of [['model=sk-canary-0123456789', 'model'], ['user=xai-Canary0123456789', 'user'], ['x=plain', 'x'], ['x=Bearer+sk-canary-0123456789', 'x'], ['sk-canary-0123456789', null], ['plain', null]] as const) {
    t.throws(() => refuseKeyInQuery(new URLSearchParams(query), 'plain'), { code: 'api_key_in_query', param }, query)
  }
})

t.test('the subprotocol to answer with never holds a key that may be kept back', async t => {
  const rows: ReadonlyArray<readonly [string[], string | undefined]> = [
    [[], undefined],
    [['realtime'], 'realtime'],
    [[openaiKey('k'), 'openai-beta.realtime-v1', 'realtime'], 'realtime'],
    [[openaiKey('k'), 'openai-agents-sdk.0.20', 'x'], 'openai-agents-sdk.0.20'],
    [[openaiKey('k')], undefined],
    [[xaiKey('k')], xaiKey('k')],
    [[xaiKey('k'), 'chat'], 'chat'],
    [[xaiKey('k'), openaiKey('k')], undefined],
    [[xaiKey('k'), xaiKey('l')], undefined]
  ]
  for (const [offered, selected] of rows) t.equal(selectProtocol(offered), selected, offered.join())
  t.ok(isSecretProtocol(openaiKey('k')) && isSecretProtocol(xaiKey('k')))
  t.notOk(isSecretProtocol('realtime'))
})

const request = (headers: IncomingHttpHeaders = {}): FastifyRequest => ({ headers }) as FastifyRequest
const authenticator = (options: Partial<AuthenticatorOptions>, time = 1_000) => {
  const authenticate = createAuthenticator({ stores: [], time: () => time, ...options })
  return async (request: FastifyRequest, credential: string | undefined) => (await authenticate(request, credential)).principal
}
const stored = (keys: VirtualKeyOptions[]) => ({ stores: [createMemoryKeyStore(keys)] })

t.test('a virtual key becomes a principal', async t => {
  const metadata = { team: 'blue' }
  const ask = authenticator(stored([{ key: 'sk-named-1', name: 'ann', models: ['xai/*'], fallbacks: false, tags: ['eu'], dialect: 'beta', metadata }, { hash: hashKey('sk-hashed-1').toUpperCase() }]))
  t.strictSame(await ask(request(), 'sk-named-1'), { id: 'ann', keyHash: hashKey('sk-named-1'), models: ['xai/*'], fallbacks: false, tags: ['eu'], dialect: 'beta', metadata })
  t.match(await ask(request(), 'sk-hashed-1'), { id: hashKey('sk-hashed-1').slice(0, 8), keyHash: hashKey('sk-hashed-1') })
})

t.test('what is no key of ours is refused', async t => {
  const ask = authenticator({ ...stored([{ key: 'sk-named-1' }]), masterKeyHash: hashKey('sk-master-key-0001') })
  for (const credential of ['sk-named-2', 'sk-named-1 ', 'SK-NAMED-1', hashKey('sk-named-1'), hashKey('sk-master-key-0001'), "' OR '1'='1", '\0', '\uff53k-named-1']) {
    await t.rejects(ask(request(), credential), { code: 'invalid_api_key', statusCode: 401 }, credential)
  }
  await t.rejects(ask(request(), undefined), { code: 'missing_api_key', statusCode: 401 })
  await t.rejects(ask(request({ authorization: 'Basic abc' }), undefined), { code: 'invalid_api_key', statusCode: 401 })
})

t.test('a key ends when it expires and stops while it is blocked', async t => {
  for (const expiresAt of [new Date(1_000), 1_000, '1970-01-01T00:00:01.000Z']) {
    const keys = stored([{ key: 'sk-1-expires', expiresAt }])
    t.match(await authenticator(keys, 999)(request(), 'sk-1-expires'), { keyHash: hashKey('sk-1-expires') })
    await t.rejects(authenticator(keys, 1_000)(request(), 'sk-1-expires'), { code: 'key_expired', statusCode: 401 })
  }
  await t.rejects(authenticator(stored([{ key: 'sk-1-blocked', blocked: true }]))(request(), 'sk-1-blocked'), { code: 'key_blocked', statusCode: 401 })
})

t.test('the master key may use every model and name every tag', async t => {
  const principal = await authenticator({ masterKeyHash: hashKey('sk-master-key-0001') })(request(), 'sk-master-key-0001')
  t.strictSame(principal, { id: 'master', keyHash: hashKey('sk-master-key-0001'), tags: ['*'] })
})

t.test("the host's hook decides first: principal, refusal, or leave it to the keys", async t => {
  const asked: Array<string | undefined> = []
  const answers: Record<string, Principal | null | undefined> = { mine: { id: 'user-7', models: ['a'] }, banned: null }
  const ask = authenticator({
    ...stored([{ key: 'banned', name: 'b' }, { key: 'virtual', name: 'v' }]),
    authenticate: (_request, credential) => {
      asked.push(credential)
      return credential === undefined ? { id: 'cookie' } : answers[credential]
    }
  })
  t.strictSame(await ask(request(), 'mine'), { id: 'user-7', models: ['a'] })
  t.strictSame(await ask(request(), undefined), { id: 'cookie' })
  t.match(await ask(request(), 'virtual'), { id: 'v' })
  await t.rejects(ask(request(), 'banned'), { code: 'invalid_api_key' })
  await t.rejects(ask(request(), 'other'), { code: 'invalid_api_key' })
  t.strictSame(asked, ['mine', undefined, 'virtual', 'banned', 'other'])
})

t.test('nobody gets in by an error or an answer that is none', async t => {
  const cause = new Error('database away')
  const fails = [
    () => { throw cause },
    () => Promise.reject(cause)
  ]
  for (const fail of fails) {
    await t.rejects(authenticator({ authenticate: fail })(request(), 'k'), { code: 'store_unavailable', statusCode: 503, retryAfterSeconds: 1, cause })
    await t.rejects(authenticator({ stores: [{ findByHash: fail }] })(request(), 'k'), { code: 'store_unavailable', statusCode: 503, cause })
  }
  for (const answer of [true, false, 0, 1, '', 'user', {}, { id: 1 }, []]) {
    const authenticate = (): Principal => answer as unknown as Principal
    await t.rejects(authenticator({ authenticate, ...stored([{ key: 'known-key' }]) })(request(), 'known-key'), { code: 'store_unavailable' }, String(answer))
  }
})

t.test('a refusal that the host throws itself reaches the client', async t => {
  const authenticate = (): never => { throw new GatewayError('key_blocked', { message: 'Your account is closed.' }) }
  await t.rejects(authenticator({ authenticate })(request(), 'k'), { code: 'key_blocked', message: 'Your account is closed.' })
})

t.test('stores are asked in order, by the whole hash, and believed only when it is the same', async t => {
  const heard: string[] = []
  const store = (name: string, answer: VirtualKey | null | undefined) => ({
    findByHash: async (hash: string) => {
      heard.push(`${name} ${hash}`)
      return answer as VirtualKey | undefined
    }
  })
  const hash = hashKey('k')
  const other = { hash: hash.slice(0, 20) + '0'.repeat(44), name: 'another' }
  const ask = authenticator({ stores: [store('a', undefined), store('b', null), store('c', other), store('d', { hash, name: 'right' })] })
  t.match(await ask(request(), 'k'), { id: 'right' })
  t.strictSame(heard, ['a', 'b', 'c', 'd'].map(name => `${name} ${hash}`))
})

t.test('whoever asks hears which store knows the key, and of none for others', async t => {
  const { stores: [store] } = stored([{ key: 'sk-stored-1' }])
  const ask = createAuthenticator({ stores: [createMemoryKeyStore([]), store!], masterKeyHash: hashKey('master'), authenticate: (_, key) => key === 'own' ? { id: 'own' } : undefined, time: () => 1_000 })
  t.equal((await ask(request(), 'sk-stored-1')).store, store)
  t.equal((await ask(request(), 'master')).store, undefined)
  t.equal((await ask(request(), 'own')).store, undefined)
})
