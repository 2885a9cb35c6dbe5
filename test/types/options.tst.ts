import Fastify from 'fastify'
import realtimeGateway from 'fastify-realtime-gateway'
import * as gateway from 'fastify-realtime-gateway'
import type {
  Authenticate, HandshakeRequest, DeploymentOptions, KeyStore, LoadOptions, RealtimeGateway, RealtimeGatewayOptions, SessionInfo, SessionSummary, VirtualKeyOptions
} from 'fastify-realtime-gateway'
import { describe, expect, test } from 'tstyche'

const deployments: DeploymentOptions[] = [{ model: 'voice', target: 'xai/grok-voice-latest' }]

describe('registration', () => {
  const app = Fastify()

  test('takes the options and nothing else', () => {
    expect(app.register).type.toBeCallableWith(realtimeGateway, { deployments, keys: [{ key: 'sk-0123456789' }] })
    expect(app.register).type.toBeCallableWith(realtimeGateway, { deployments, masterKey: 'sk-0123456789abcdef', prefix: '/voice' })
    expect(app.register).type.not.toBeCallableWith(realtimeGateway, { deployments, unknownOption: true })
    expect(app.register).type.not.toBeCallableWith(realtimeGateway, { deployments, connectTimeout: '10s' })
  })

  test('the default export is the named one', () => {
    expect(gateway.default).type.toBe(gateway.realtimeGateway)
  })
})

describe('options', () => {
  test('none is required by its type alone', () => {
    expect<RealtimeGatewayOptions>().type.toBeAssignableFrom({})
  })

  test('refusal is one of three words', () => {
    expect<RealtimeGatewayOptions['refusal']>().type.toBe<'auto' | 'http' | 'event' | undefined>()
  })

  test('every default is a number that an option takes', () => {
    expect<keyof typeof gateway.defaults>().type.toBeAssignableTo<keyof RealtimeGatewayOptions>()
    expect<(typeof gateway.defaults)[keyof typeof gateway.defaults]>().type.toBeAssignableTo<number>()
  })

  test('a deployment needs a model and a target', () => {
    expect<DeploymentOptions>().type.toBeAssignableFrom<{ model: string, target: string }>()
    expect<DeploymentOptions>().type.not.toBeAssignableFrom<{ model: string }>()
  })

  test('a key expires at a date, a text or a number', () => {
    expect<VirtualKeyOptions['expiresAt']>().type.toBe<Date | string | number | undefined>()
  })

  test('options read from JSON may be readonly throughout', () => {
    const options = { deployments: [{ model: 'voice', target: 'xai/a' }], aliases: ['/realtime'], keys: [{ key: 'sk-0123456789', models: ['voice'] }] } as const
    expect<RealtimeGatewayOptions>().type.toBeAssignableFrom(options)
  })
})

describe('hooks', () => {
  test('authenticate may be synchronous or not, and may leave the decision to the keys', () => {
    expect<Authenticate>().type.toBeAssignableFrom(() => undefined)
    expect<Authenticate>().type.toBeAssignableFrom(() => null)
    expect<Authenticate>().type.toBeAssignableFrom(async () => ({ id: 'ada', models: ['voice'] }))
    expect<Authenticate>().type.not.toBeAssignableFrom(() => true)
  })

  test('authenticate sees the request and the credential', () => {
    expect<Parameters<Authenticate>[0]['headers']['cookie']>().type.toBe<string | undefined>()
    expect<Parameters<Authenticate>[1]>().type.toBe<string | undefined>()
  })

  test('session hooks get what there is to know', () => {
    expect<Parameters<NonNullable<RealtimeGatewayOptions['onSessionOpen']>>>().type.toBe<[session: SessionInfo]>()
    expect<Parameters<NonNullable<RealtimeGatewayOptions['onSessionClose']>>>().type.toBe<[session: SessionSummary]>()
    expect<RealtimeGatewayOptions['onSessionClose']>().type.toBeAssignableFrom(async ({ turns }: SessionSummary) => { turns.toFixed() })
  })
})

describe('fastify.realtime', () => {
  const app = Fastify()

  test('is on every instance', () => {
    expect(app.realtime).type.toBe<RealtimeGateway>()
    expect(app.realtime.sessions.list()).type.toBe<SessionInfo[]>()
    expect(app.realtime.sessions.close).type.toBeCallableWith('sess_1', { code: 1000, reason: 'bye' })
    expect(app.realtime.drain({ deadlineMs: 1000 })).type.toBe<Promise<void>>()
  })

  test('shows sessions without letting anybody change them', () => {
    expect<SessionInfo['state']>().type.toBe<'open' | 'draining' | 'closing'>()
    expect(app.realtime.sessions).type.not.toHaveProperty('add')
    const session = app.realtime.sessions.list()[0]!
    // @ts-expect-error Cannot assign to
    session.turns = 1
  })
})

describe('what a host implements', () => {
  test('a key store is one method', () => {
    expect<KeyStore>().type.toBeAssignableFrom({ findByHash: async (hash: string) => ({ hash, models: ['voice'] }) })
    expect<KeyStore>().type.toBeAssignableFrom({ findByHash: async () => undefined })
    expect<KeyStore>().type.not.toBeAssignableFrom({ findByHash: async () => null })
  })

  test('an adapter never sees the credential of a client', () => {
    expect<keyof HandshakeRequest>().type.toBe<'kind' | 'model' | 'query' | 'safetyIdentifier'>()
  })
})

describe('exactOptionalPropertyTypes', () => {
  const unset = undefined as string | undefined

  test('a variable that may not be set can be given to any option', () => {
    expect<DeploymentOptions>().type.toBeAssignableFrom({ model: 'voice', target: 'xai/a', apiKey: unset, baseUrl: unset, price: undefined, token: undefined, warm: { size: 1, maxIdleMs: undefined } })
    expect<VirtualKeyOptions>().type.toBeAssignableFrom({ key: unset, name: unset, expiresAt: undefined })
    expect<RealtimeGatewayOptions>().type.toBeAssignableFrom({ masterKey: unset, keys: undefined, authenticate: undefined, routing: { strategy: undefined, hedgeAfterMs: undefined }, dialects: { client: undefined } })
    expect<LoadOptions>().type.toBeAssignableFrom({ env: { A: unset }, providers: undefined })
  })
})
