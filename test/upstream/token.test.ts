import { getEventListeners } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { azure } from '../../lib/providers/azure/adapter.ts'
import { dialDeployment as attempt } from '../../lib/upstream/attempt.ts'
import type { AttemptTools, Attempted } from '../../lib/upstream/attempt.ts'
import type { ClientRequest } from '../../lib/upstream/deployment.ts'
import { openai } from '../../lib/providers/openai/adapter.ts'
import { xai } from '../../lib/providers/xai/adapter.ts'
import type { Deployment, UpstreamRequest } from '../../types/index.ts'
import { newLease } from '../fixtures/routing.ts'

const connectTimeout = 1_000
const canary = 't0ken5ecret4QX7'

interface Dialled { readonly request: UpstreamRequest, readonly timeout: number }

/** What dialling works with, without a network; `dialled` are the dials that were ready at once. */
function tools (change: Partial<AttemptTools> = {}): AttemptTools & { readonly dialled: Dialled[] } {
  const dialled: Dialled[] = []
  return {
    adapters: new Map([openai, xai, azure].map(adapter => [adapter.provider, adapter])),
    connectTimeout,
    limits: { maxMessageBytes: 1_000, maxFragments: 10 },
    now: () => 0,
    async dial (request, { timeout }) {
      dialled.push({ request, timeout })
      return { ready: { socket: new PassThrough(), head: Buffer.alloc(0) } }
    },
    ...change,
    dialled
  }
}

const at = (token: Deployment['token'], target = 'azure/voice'): Deployment => ({ id: 'd', model: 'm', target, baseUrl: 'https://res.openai.azure.com', token })
const plain = { kind: 'realtime', query: new URLSearchParams() } as const
const never = new AbortController().signal
const dialDeployment = (deployment: Deployment, handshake: ClientRequest, tools: AttemptTools, signal: AbortSignal): Promise<Attempted> => attempt(deployment, handshake, tools, newLease(), signal)
const hangs = (): Promise<string> => new Promise(() => {})

t.test('each dial asks for a token of its own, and shows it as bearer', async t => {
  for (const target of ['azure/voice', 'openai/voice', 'xai/voice']) {
    const own = tools()
    let asked = 0
    const deployment = at(async () => `${canary}-${++asked}`, target)
    for (const n of [1, 2, 3]) {
      const { ready } = await dialDeployment(deployment, plain, own, never)
      t.strictSame(own.dialled.at(-1)?.request.headers, { Authorization: `Bearer ${canary}-${n}` })
      t.equal(ready?.secret, `${canary}-${n}`, 'what the session must not repeat')
    }
    t.equal(asked, 3)
  }
})

t.test('a token may come at once, and its function may be a method', async t => {
  const own = tools()
  const deployment: Deployment = { ...at(undefined), token () { return `${canary}-${this.id}` } }
  await dialDeployment(deployment, plain, own, never)
  t.strictSame(own.dialled[0]?.request.headers, { Authorization: `Bearer ${canary}-d` })
})

t.test('a deployment with a key is dialled without asking anybody, and its key is the secret', async t => {
  const own = tools()
  const { ready } = await dialDeployment({ ...at(undefined), apiKey: 'key-1' }, plain, own, never)
  t.equal(ready?.secret, 'key-1')
  t.strictSame(own.dialled, [{ request: { url: 'wss://res.openai.azure.com/openai/v1/realtime?model=voice', headers: { 'api-key': 'key-1' } }, timeout: connectTimeout }])
  t.equal((await dialDeployment(at(undefined), plain, own, never)).ready?.secret, undefined)
})

t.test('token and dial have connectTimeout together', async t => {
  let clock = 0
  const own = tools({ now: () => clock })
  await dialDeployment(at(async () => {
    clock = 400
    return canary
  }), plain, own, never)
  t.equal(own.dialled[0]?.timeout, 600)
})

t.test('a function that never answers is a time-out, and nothing is dialled', async t => {
  const own = tools({ connectTimeout: 20 })
  const { refusal, cause } = await dialDeployment(at(hangs), plain, own, never)
  t.strictSame(refusal, { kind: 'timeout' })
  t.match(cause, { message: 'the function token gave nothing in time' })
  t.strictSame(own.dialled, [])
})

t.test('an answer after the time-out is dropped, a rejection too', async t => {
  const own = tools({ connectTimeout: 10 })
  for (const late of ['resolve', 'reject'] as const) {
    let end = (): void => {}
    const { refusal } = await dialDeployment(at(() => new Promise((resolve, reject) => {
      end = () => late === 'resolve' ? resolve(canary) : reject(new Error(canary))
    })), plain, own, never)
    end()
    await nextTurn()
    t.equal(refusal?.kind, 'timeout')
  }
  t.strictSame(own.dialled, [], 'and no rejection was left unhandled')
})

t.test('a token function that fails with an odd error is a fault, and no rejection that nobody hears', async t => {
  for (const fields of [{ message: { error: 'invalid_client' } }, { message: undefined }, { message: 400 }, { name: 7 }, { code: {} }]) {
    const { refusal, cause } = await dialDeployment(at(() => Promise.reject(Object.assign(new Error(canary), fields))), plain, tools(), never)
    t.strictSame(refusal, { kind: 'fault' })
    t.match(cause, { message: /^the function token failed/ })
  }
})

t.test('nobody waits for a token once the client has left', async t => {
  const own = tools({ connectTimeout: 60_000 })
  for (const early of [true, false]) {
    const left = new AbortController()
    if (early) left.abort(new Error('gone'))
    let asked = 0
    const dialling = dialDeployment(at(() => {
      asked++
      return hangs()
    }), plain, own, left.signal)
    await nextTurn()
    left.abort(new Error('gone'))
    t.match(await dialling, { refusal: { kind: 'fault' }, cause: { message: 'gone' } })
    t.equal(asked, early ? 0 : 1)
    t.strictSame(getEventListeners(left.signal, 'abort'), [])
  }
  const kept = new AbortController()
  await dialDeployment(at(() => canary), plain, own, kept.signal)
  t.strictSame(getEventListeners(kept.signal, 'abort'), [], 'nor does a dial that went well leave a listener behind')
})

t.test('a function that fails is a fault whose cause shows nothing like a credential', async t => {
  const jwt = `eyJhbGciOiJSUzI1NiJ9.${'eyJhdWQiOiJodHRwcyJ9'.repeat(20)}.c2lnbmF0dXJl`
  for (const [message, told] of [
    ['AADSTS700016: Application was not found in the directory', 'AADSTS700016: Application was not found in the directory'],
    [`cannot use ${jwt} any more`, 'cannot use [redacted] any more'],
    [`sent Authorization: Bearer ${canary}`, 'sent Authorization: [redacted]'],
    [`{"access_token":"${canary}","expires_in":1}`, '{"access_[redacted]'],
    [`client_secret=${canary} is wrong`, 'client_[redacted] is wrong'],
    [`the secret is ${'aB3~'.repeat(10)}.`, 'the secret is [redacted]']
  ] as const) {
    for (const token of [() => Promise.reject(Object.assign(new Error(message), { code: 'E_LOGIN', request: { headers: { Authorization: jwt } } })), () => { throw new Error(message) }]) {
      const { refusal, cause } = await dialDeployment(at(token), plain, tools(), never)
      t.strictSame(refusal, { kind: 'fault' })
      t.equal((cause as Error).message, `the function token failed: ${told}`)
      t.notMatch(JSON.stringify([cause, { ...(cause as object) }, (cause as Error).stack]), new RegExp(`${canary}|${jwt}`))
    }
  }
  const coded = await dialDeployment(at(() => Promise.reject(Object.assign(new RangeError('x'), { code: 'E_LOGIN' }))), plain, tools(), never)
  t.match(coded.cause, { name: 'RangeError', code: 'E_LOGIN' })
  const odd = await dialDeployment(at(() => Promise.reject(canary)), plain, tools(), never)
  t.match(odd, { refusal: { kind: 'fault' }, cause: { message: 'the function token failed' } })
})

t.test('what is no token is a wrong credential, and never becomes a header', async t => {
  const own = tools()
  for (const value of ['', ' ', `${canary} b`, `${canary}\r\nX: y`, `${canary}\n`, `${canary}ü`, undefined, null, 5, {}, [canary], { token: canary }]) {
    const { refusal, cause } = await dialDeployment(at(() => value as string), plain, own, never)
    t.strictSame(refusal, { kind: 'credentials' }, JSON.stringify(value))
    t.match(cause, { message: 'the function token must give a text of visible ASCII characters' })
  }
  t.strictSame(own.dialled, [])
})
