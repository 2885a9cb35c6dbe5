import assert from 'node:assert/strict'
import { GatewayError } from '../../errors.ts'
import type { HandshakeRequest, Deployment, RealtimeEvent, UpstreamAdapter, UpstreamAnswer, UpstreamRefusal, UpstreamRequest } from '../../../types/index.ts'
import { frozen, testWith } from './suite.ts'
import type { ConformanceTest } from './suite.ts'

export interface AdapterConformanceOptions {
  readonly adapter: UpstreamAdapter
  /** A deployment that the adapter can serve, with an `apiKey` if it ever has one. */
  readonly deployment: Deployment
  /** The first event of a session that is ready. Default `{ type: 'session.created' }`. */
  readonly readyEvent?: RealtimeEvent | undefined
}

const canary = 'conformance-client-credential'
const kinds: ReadonlyArray<UpstreamRefusal['kind']> = ['credentials', 'rate_limit', 'quota', 'not_found', 'unsupported', 'client', 'fault', 'timeout']

/**
 * The rules of the contract `UpstreamAdapter`. An adapter holds no state, so one is enough for all tests. Where it leaves `classify` to
 * the gateway, there are no tests of how it reads an answer.
 */
export function adapterConformance ({ adapter, deployment, readyEvent = { type: 'session.created' } }: AdapterConformanceOptions): readonly ConformanceTest[] {
  const { token, ...plain } = deployment
  const given: Deployment = frozen({ ...structuredClone(plain), token })
  const asked = (handshake: HandshakeRequest): UpstreamRequest | undefined => requestOf(adapter, given, handshake)
  const rule: Rule = (name, body) => testWith(name, () => adapter, {}, body)

  return [
    rule('names its provider, without a slash', () => {
      assert.match(adapter.provider, /^[^/\s]+$/)
    }),
    rule('gives a ws or wss URL that is one line of ASCII, without a user, a password or a fragment', () => {
      for (const { url } of handshakes().flatMap(handshake => asked(handshake) ?? [])) {
        const { protocol, username, password, hash } = new URL(url)
        assert.ok(protocol === 'ws:' || protocol === 'wss:', `${protocol} is no WebSocket`)
        assert.deepEqual([username, password, hash], ['', '', ''])
        assert.match(url, /^[\x21-\x7e]+$/)
      }
    }),
    rule('gives headers that may be sent, none of them one that the handshake sets', () => {
      for (const { headers } of handshakes().flatMap(handshake => asked(handshake) ?? [])) {
        for (const [name, value] of Object.entries(headers)) {
          assert.match(name, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/)
          assert.match(value, /^[\t\x20-\x7e\x80-\xff]*$/, `the value of ${name}`)
          assert.doesNotMatch(name, /^(?:connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i)
        }
      }
    }),
    rule('offers subprotocols that are tokens, each once', () => {
      for (const { protocols = [] } of handshakes().flatMap(handshake => asked(handshake) ?? [])) {
        for (const protocol of protocols) assert.match(protocol, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/)
        assert.equal(new Set(protocols).size, protocols.length)
      }
    }),
    rule('is pure: the same deployment and handshake give the same request, and are left as they were', () => {
      for (const handshake of handshakes()) {
        const before = handshake.query.toString()
        const first = structuredClone(asked(handshake))
        assert.deepEqual(structuredClone(asked(handshake)), first)
        for (const other of handshakes()) asked(other)
        assert.deepEqual(structuredClone(asked(handshake)), first)
        assert.equal(handshake.query.toString(), before)
      }
    }),
    rule('sends nothing of the client that the handshake does not declare', () => {
      const more = { authorization: canary, credential: canary, headers: { authorization: canary }, apiKey: canary, protocols: [canary] }
      for (const handshake of handshakes()) assert.ok(!(JSON.stringify(asked({ ...more, ...handshake })) ?? '').includes(canary), 'the request holds it')
    }),
    rule('lets no parameter of the client change where the request goes', () => {
      const { origin, pathname } = new URL(adapter.request(given, { kind: 'realtime', model: 'm', query: new URLSearchParams() }).url)
      const url = new URL(adapter.request(given, { kind: 'realtime', model: 'm', query: new URLSearchParams([['x', '&model=evil#f\r\nHost: evil'], ['a/../b', '@evil/']]) }).url)
      assert.deepEqual([url.origin, url.pathname], [origin, pathname])
      assert.ok(!url.searchParams.getAll('model').includes('evil'), 'the model is another')
    }),
    ...(adapter.serves === undefined
      ? []
      : [rule('says beforehand which sessions it has', () => {
          for (const handshake of handshakes()) assert.equal(adapter.serves!(handshake), asked(handshake) !== undefined, `${handshake.kind}?${handshake.query}`)
        })]),
    rule('says when the upstream has answered: with its first event, or when it is open', () => {
      for (const handshake of handshakes()) assert.ok([undefined, 'event', 'open'].includes(adapter.readyAt?.(handshake)), 'neither event nor open')
    }),
    ...(adapter.classify === undefined ? [] : classifyRules(answer => adapter.classify!(answer), readyEvent, rule)),
    ...(adapter.usage === undefined ? [] : usageRules(event => adapter.usage!(event), rule))
  ]
}

/**
 * @returns `undefined` for a session that the provider does not have: the adapter then throws a `GatewayError` `unsupported_feature`. A
 * `realtime` session it must have.
 */
function requestOf (adapter: UpstreamAdapter, deployment: Deployment, handshake: HandshakeRequest): UpstreamRequest | undefined {
  try {
    return adapter.request(deployment, handshake)
  } catch (error) {
    if (handshake.kind !== 'realtime' && error instanceof GatewayError && error.code === 'unsupported_feature') return undefined
    throw error
  }
}

type Rule = (name: string, body: () => void) => ConformanceTest

function classifyRules (classify: NonNullable<UpstreamAdapter['classify']>, readyEvent: RealtimeEvent, rule: Rule): ConformanceTest[] {
  return [
    rule('reads every status as a refusal', () => {
      for (let status = 100; status < 600; status++) {
        for (const headers of headerSets) checkRefusal(classify(frozen({ type: 'status', status, headers })), `${status}`)
      }
    }),
    rule('does not blame the client for what is the provider\'s, the operator\'s or a limit\'s', () => {
      for (const status of [401, 403, 429, ...Array.from({ length: 100 }, (_, i) => 500 + i)]) {
        assert.notEqual(classify({ type: 'status', status, headers: {} })?.kind, 'client', `${status}: no other deployment would be tried`)
      }
    }),
    rule('reads every close before the first event as a refusal', () => {
      for (let code = 1000; code < 5000; code++) checkRefusal(classify({ type: 'close', code }), `${code}`)
    }),
    rule('knows the first event of a session that is ready', () => {
      assert.equal(classify(frozen({ type: 'event', event: readyEvent })), undefined)
    }),
    rule('reads every error event as a refusal, however it is made', () => {
      for (const error of errorBodies) checkRefusal(classify(frozen({ type: 'event', event: { type: 'error', error } })), JSON.stringify(error) ?? 'nothing')
      checkRefusal(classify({ type: 'event', event: { type: 'error' } }), 'an error without a body')
    }),
    rule('takes any event', () => {
      for (const type of ['', 'constructor', '__proto__', 'ping', 'x'.repeat(10_000)]) {
        const refusal = classify(frozen({ type: 'event', event: { type, error: null, session: [] } }))
        if (refusal !== undefined) checkRefusal(refusal, type)
      }
    }),
    rule('is pure: the same answer reads the same', () => {
      for (const answer of sampleAnswers(readyEvent)) {
        const first = structuredClone(classify(answer))
        assert.deepEqual(classify(answer), first)
        for (const other of sampleAnswers(readyEvent)) classify(other)
        assert.deepEqual(classify(answer), first)
      }
    })
  ]
}

function usageRules (usage: NonNullable<UpstreamAdapter['usage']>, rule: Rule): ConformanceTest[] {
  return [
    rule('reads usage from any event, as whole numbers of at least 0 with parts that are within their wholes', () => {
      for (const event of usageEvents()) {
        const used = usage(frozen(event))
        if (used === undefined) continue
        assert.ok(['response', 'transcription', 'item'].includes(used.of), 'it is of a response, a transcription or an item')
        const { of: _, audioBasis: __, doubtful: ___, audioMs = 0, ...counts } = used
        for (const [name, count] of Object.entries({ ...counts, audioMs })) assert.ok(Number.isSafeInteger(count) && count >= 0, `${name} is ${count}`)
        const { inputText, inputAudio, inputImage, cachedText, cachedAudio, cachedImage, outputText, reasoning } = used
        assert.ok(cachedText <= inputText && cachedAudio <= inputAudio && cachedImage <= inputImage && reasoning <= outputText, 'a part is more than its whole')
      }
    }),
    rule('is pure: the same event has the same usage', () => {
      for (const event of usageEvents()) assert.deepEqual(usage(event), usage(structuredClone(event)))
    })
  ]
}

/** Events with usage of all shapes, right and wrong. */
function usageEvents (): RealtimeEvent[] {
  const numbers: readonly unknown[] = [0, 7, -1, 1.5, 1e308, Number.POSITIVE_INFINITY, Number.NaN, '3', null, [], {}]
  const said = numbers.flatMap((number): unknown[] => [
    number,
    { input_tokens: number, output_tokens: number, input_token_details: number, output_token_details: number },
    { input_tokens: 3, input_token_details: { text_tokens: number, audio_tokens: number, cached_tokens: number, cached_tokens_details: { audio_tokens: number } } },
    { output_tokens: 3, output_token_details: { text_tokens: 2, audio_tokens: number, reasoning_tokens: number }, billable_audio_seconds: number, seconds: number }
  ])
  return [
    ...said.flatMap((usage): RealtimeEvent[] => [
      { type: 'response.done', response: { usage } },
      { type: 'response.done', response: { usage: {} }, usage },
      { type: 'conversation.item.input_audio_transcription.completed', usage }
    ]),
    ...[undefined, null, 'text', [], {}].flatMap((value): RealtimeEvent[] => [
      { type: 'response.done', response: value },
      { type: 'conversation.item.create', item: value },
      { type: 'conversation.item.create', item: { type: 'message', content: [value] } }
    ]),
    { type: '' }, { type: 'constructor' }
  ]
}

/** Handshakes of all kinds of clients. */
function handshakes (): HandshakeRequest[] {
  const query = (text = ''): URLSearchParams => new URLSearchParams(text)
  return [
    frozen({ kind: 'realtime', model: 'voice-1', query: query() }),
    frozen({ kind: 'transcription', model: 'hears-1', query: query('intent=transcription') }),
    frozen({ kind: 'translation', model: 'translates-1', query: query() }),
    frozen({ kind: 'attached', model: 'voice-1', query: query('call_id=rtc_1') }),
    frozen({ kind: 'realtime', model: 'vendor/voice 2?&#%2F', query: query('reasoning.effort=low&a=1&a=2&b=') }),
    frozen({ kind: 'realtime', model: 'ünï🎙', query: query('x=%0d%0aX-Evil:%201&y=%23%26%3D&%F0%9F%8E%99=1'), safetyIdentifier: 'user-1' })
  ]
}

const headerSets: ReadonlyArray<Readonly<Record<string, string | string[]>>> = [
  {},
  { 'retry-after': '7' },
  { 'retry-after': '-1' },
  { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' },
  { 'retry-after': '9'.repeat(400), 'retry-after-ms': 'soon' },
  { 'retry-after-ms': '1500', 'set-cookie': ['a', 'b'] }
]

const errorBodies: readonly unknown[] = [
  undefined, null, '', 'text', 7, true, [], [null], {},
  { type: null, code: 3, message: {} },
  { type: 'invalid_request_error', code: 'constructor' },
  { type: '__proto__', code: '__proto__' },
  { type: 'server_error', code: null, message: 'x'.repeat(10_000) }
]

function sampleAnswers (readyEvent: RealtimeEvent): UpstreamAnswer[] {
  return [
    ...[401, 429, 500].map((status): UpstreamAnswer => ({ type: 'status', status, headers: { 'retry-after': '3' } })),
    { type: 'event', event: readyEvent },
    { type: 'event', event: { type: 'error', error: { type: 'server_error' } } },
    { type: 'close', code: 1006 },
    { type: 'close', code: 3000 }
  ]
}

function checkRefusal (refusal: UpstreamRefusal | undefined, answer: string): void {
  assert.ok(refusal !== undefined, `${answer} counts as ready`)
  assert.ok(kinds.includes(refusal.kind), `${answer} has a kind`)
  const { retryAfterMs } = refusal
  assert.ok(retryAfterMs === undefined || (Number.isFinite(retryAfterMs) && retryAfterMs >= 0), `${answer} has a time to wait that is not negative`)
}
